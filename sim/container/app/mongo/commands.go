package mongo

import (
	"fmt"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/quorum"
)

// refusal is a command that fails, as drivers see it.
func refusal(code int, name, format string, args ...any) *object {
	return doc("ok", 0.0, "errmsg", fmt.Sprintf(format, args...), "code", float64(code), "codeName", name)
}

func (s state) notMaster() *object { return refusal(10107, "NotMaster", "not master") }

// isoDate is a time as the shell prints it.
func isoDate(t time.Time) date { return date(t.UTC().Format("2006-01-02T15:04:05.000Z")) }

// command answers a client. Its error is one of the journal.
func (m mongod) command(r *app.Run, s state, what *object) (state, *object, error) {
	name, database, collection := text(what.get("cmd")), text(what.get("db")), text(what.get("coll"))
	ns := database + "." + collection
	if denied := s.denied(r, what, name, database, collection); denied != nil {
		return s, denied, nil
	}
	switch name {
	case "isMaster":
		return s, s.isMaster(r), nil
	case "auth":
		if _, known := s.login(what); !known {
			return s, refusal(18, "AuthenticationFailed", "Authentication failed."), nil
		}
		return s, doc("ok", 1.0), nil
	case "initiate":
		return s.initiate(r, what)
	case "status":
		return s.status(r)
	case "conf":
		config := s.node.Config()
		if config.Data == "" {
			return s, refusal(94, "NotYetInitialized", "no replset config has been received"), nil
		}
		kept, _ := decode(config.Data)
		return s, doc("config", kept, "ok", 1.0), nil
	case "reconfig":
		return s.reconfigure(r, what)
	case "listDatabases":
		return s, doc("databases", list(s.data.databases()), "ok", 1.0), nil
	case "find", "count", "listCollections":
		if s.node.Role != quorum.Leading && !truth(what.get("slaveOk")) {
			return s, refusal(13435, "NotMasterNoSlaveOk", "not master and slaveOk=false"), nil
		}
		if s.arbiter(s.node.ID) {
			return s, refusal(13436, "NotMasterOrSecondary", "node is not in primary or recovering state"), nil
		}
		if name == "listCollections" {
			return s, doc("names", list(s.data.names(database)), "ok", 1.0), nil
		}
		found, err := s.find(ns, what)
		if err != nil {
			return s, refusal(2, "BadValue", "stsim: %v", err), nil
		}
		return s, doc("docs", found, "n", float64(len(found)), "ok", 1.0), nil
	}
	return s.write(r, what, name, ns)
}

func list(names []string) []value {
	values := make([]value, len(names))
	for i, name := range names {
		values[i] = name
	}
	return values
}

// login is the user that a request names with the right password.
func (s state) login(what *object) (string, bool) {
	name := text(what.get("authdb")) + "." + text(what.get("user"))
	password, known := s.data.users[name]
	return name, known && password == text(what.get("pwd"))
}

// denied says why a client may not do something. Until there is a user, clients on this host may make one, and set up the replica set.
func (s state) denied(r *app.Run, what *object, name, database, collection string) *object {
	if !s.auth || name == "isMaster" || name == "auth" {
		return nil
	}
	if _, known := s.login(what); known {
		return nil
	}
	if len(s.data.users) == 0 && r.Client().IsLoopback() {
		switch name {
		case "initiate", "status", "conf", "createUser", "reconfig":
			return nil
		}
	}
	names := map[string]string{"initiate": "replSetInitiate", "status": "replSetGetStatus", "conf": "replSetGetConfig", "reconfig": "replSetReconfig"}
	if command := names[name]; command != "" {
		return refusal(13, "Unauthorized", "not authorized on admin to execute command { %s: 1.0 }", command)
	}
	if collection == "" {
		return refusal(13, "Unauthorized", "not authorized on %s to execute command { %s: 1.0 }", database, name)
	}
	return refusal(13, "Unauthorized", "not authorized on %s to execute command { %s: %q }", database, name, collection)
}

func (s state) isMaster(r *app.Run) *object {
	answer := doc()
	if config := s.node.Config(); s.set != "" && len(config.Peers) > 0 {
		var hosts []string
		for _, peer := range config.Peers {
			hosts = append(hosts, peer.ID)
		}
		answer.set("hosts", list(hosts)).set("setName", s.set).set("setVersion", float64(config.Version))
	}
	primary := s.node.Role == quorum.Leading
	answer.set("ismaster", primary).set("secondary", s.set != "" && s.stateName() == "SECONDARY")
	if s.node.Fresh(r.System().Now()) && s.node.Leader != "" && s.set != "" {
		answer.set("primary", s.node.Leader)
	}
	if s.set != "" && len(s.node.Config().Peers) == 0 {
		answer.set("info", "Does not have a valid replica set config").set("isreplicaset", true)
	} else if s.set != "" {
		answer.set("me", s.node.ID)
	}
	return answer.set("stateName", s.stateName()).set("set", s.set).set("localTime", isoDate(r.System().Now())).set("ok", 1.0)
}

// initiate makes a replica set: every member that is named must be there, and in none.
func (s state) initiate(r *app.Run, what *object) (state, *object, error) {
	if s.set == "" {
		return s, refusal(76, "NoReplicationEnabled", "This node was not started with the replSet option"), nil
	}
	if len(s.node.Config().Peers) > 0 {
		return s, refusal(23, "AlreadyInitialized", "already initialized"), nil
	}
	given, ok := what.get("config").(*object)
	if !ok || len(given.keys) == 0 {
		full := strings.TrimSuffix(r.System().Hostname()+"."+r.System().Domain(), ".")
		given = doc("_id", s.set, "version", 1.0, "members", []value{doc("_id", 0.0, "host", fmt.Sprintf("%s:%d", full, s.port))})
	}
	config, err := configOf(s.set, given)
	if err != nil {
		return s, refusal(93, "InvalidReplicaSetConfig", "%v", err), nil
	}
	self := selfOf(r.System(), config, s.port)
	if self == "" {
		return s, refusal(74, "NodeNotFound", "No host described in new configuration %d for replica set %s maps to this node", config.Version, s.set), nil
	}
	var unreachable []string
	node, err := s.node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member {
		m.ID = self
		for _, peer := range config.Peers {
			if peer.ID == self {
				continue
			}
			reply, err := ask(peer, quorum.Message{Kind: quorum.Poll, Group: m.Group, From: self, To: peer.ID})
			switch {
			case err != nil:
				unreachable = append(unreachable, fmt.Sprintf("%s failed with %v", peer.ID, err))
			case reply.Reason == quorum.OtherGroup:
				unreachable = append(unreachable, fmt.Sprintf("%s failed with Our replica set name or key file did not match that of %s", peer.ID, peer.ID))
			case reply.Last.Index > 0:
				unreachable = append(unreachable, fmt.Sprintf("%s failed with it has data already", peer.ID))
			}
		}
		if len(unreachable) > 0 {
			return m
		}
		begun, err := m.Bootstrap(now, config)
		if err != nil {
			return m
		}
		return begun.Tick(now, ask)
	})
	s.node = node
	if err != nil {
		return s, nil, err
	}
	if len(unreachable) > 0 {
		return s, refusal(74, "NodeNotFound", "replSetInitiate quorum check failed because not all proposed set members responded affirmatively: %s", strings.Join(unreachable, ", ")), nil
	}
	return s, doc("ok", 1.0), nil
}

// status asks all members how they are.
func (s state) status(r *app.Run) (state, *object, error) {
	config, now := s.node.Config(), r.System().Now()
	switch {
	case s.set == "":
		return s, refusal(76, "NoReplicationEnabled", "not running with --replSet"), nil
	case len(config.Peers) == 0:
		return s, doc("info", "run rs.initiate(...) if not yet done for the set", "ok", 0.0, "errmsg", "no replset config has been received", "code", 94.0, "codeName", "NotYetInitialized"), nil
	}
	var members []value
	node, err := s.node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member {
		for i, peer := range config.Peers {
			last, role, problem := m.Log.Last(), m.Role, ""
			if peer.ID != m.ID {
				reply, err := ask(peer, quorum.Message{Kind: quorum.Poll, Group: m.Group, From: m.ID, To: peer.ID, Term: m.Term})
				if last, role = reply.Last, reply.Role; err != nil || !reply.OK {
					problem = "couldn't connect to server " + peer.ID
				}
			}
			number, health := s.number(peer.ID, role, last.Index), 1.0
			if problem != "" {
				number, health = 8, 0
			}
			member := doc("_id", float64(i), "name", peer.ID, "health", health, "state", float64(number), "stateStr", stateNames[number])
			if problem == "" {
				member.set("uptime", float64(int(now.Sub(s.started).Seconds()))).
					set("optime", doc("ts", raw(fmt.Sprintf("Timestamp(%d, %d)", now.Unix(), last.Index)), "t", raw(fmt.Sprintf("NumberLong(%d)", last.Term))))
			} else {
				member.set("uptime", 0.0).set("lastHeartbeatMessage", problem)
			}
			member.set("configVersion", float64(config.Version))
			if peer.ID == m.ID {
				member.set("self", true)
			}
			members = append(members, member)
		}
		return m
	})
	s.node = node
	own := s.number(s.node.ID, s.node.Role, s.node.Log.Len())
	return s, doc("set", s.set, "date", isoDate(now), "myState", float64(own), "term", raw(fmt.Sprintf("NumberLong(%d)", s.node.Term)),
		"heartbeatIntervalMillis", raw("NumberLong(2000)"), "members", members, "ok", 1.0), err
}

// reconfigure names new members.
func (s state) reconfigure(r *app.Run, what *object) (state, *object, error) {
	force := truth(what.get("force"))
	if s.node.Role != quorum.Leading && !force {
		return s, refusal(10107, "NotMaster", "replSetReconfig should only be run on PRIMARY, but my state is %s; use the \"force\" argument to override", s.stateName()), nil
	}
	given, _ := what.get("config").(*object)
	if given == nil {
		return s, refusal(93, "InvalidReplicaSetConfig", "expected a configuration"), nil
	}
	config, err := configOf(s.set, given)
	if err == nil && config.Version <= s.node.Config().Version && !force {
		err = fmt.Errorf("version field value of %d is not newer than the current one, %d", config.Version, s.node.Config().Version)
	}
	if err != nil {
		return s, refusal(103, "NewReplicaSetConfigurationIncompatible", "%v", err), nil
	}
	var refused error
	node, err := s.node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member {
		m, refused = m.Reconfigure(now, ask, config, force)
		return m
	})
	if s.node = node; err != nil {
		return s, nil, err
	}
	if refused != nil && refused != quorum.ErrNoAgreement {
		return s, refusal(103, "NewReplicaSetConfigurationIncompatible", "%v", refused), nil
	}
	return s, doc("ok", 1.0), nil
}

func (s state) find(ns string, what *object) (found []value, err error) {
	filter, ok := what.get("filter").(*object)
	if !ok {
		filter = doc()
	}
	limit := int(number(what.get("limit")))
	for _, document := range s.data.collections[ns] {
		fits, err := matches(document, filter)
		if err != nil {
			return nil, err
		}
		if fits && (limit == 0 || len(found) < limit) {
			found = append(found, document)
		}
	}
	return found, nil
}

// write adds a change to the log. One that only this member has is acknowledged, as writes were before version 5, unless the client asks for a majority.
func (s state) write(r *app.Run, what *object, name, ns string) (state, *object, error) {
	if s.node.Role != quorum.Leading {
		return s, s.notMaster(), nil
	}
	change := doc("op", name, "ns", ns)
	n := 0
	switch name {
	case "insert":
		given, _ := what.get("docs").([]value)
		var documents []value
		for i, item := range given {
			document, ok := item.(*object)
			if !ok {
				return s, refusal(2, "BadValue", "stsim: expected documents to insert"), nil
			}
			if _, missing := document.get("_id").(undefined); missing {
				made := doc("_id", id(fmt.Sprintf("%08x%010x%06x", uint32(r.System().Now().Unix()), uint64(s.started.UnixNano())&0xffffffffff, s.node.Log.Len()<<8+uint64(i))))
				for _, key := range document.keys {
					made.set(key, document.fields[key])
				}
				document = made
			}
			for _, present := range s.data.collections[ns] {
				if equal(present.get("_id"), document.get("_id")) {
					return s, refusal(11000, "DuplicateKey", "E11000 duplicate key error collection: %s index: _id_ dup key: { : %s }", ns, show(document.get("_id"), false, "")), nil
				}
			}
			documents = append(documents, document)
		}
		change.set("docs", documents)
		n = len(documents)
	case "update", "remove":
		found, err := s.find(ns, what)
		if err != nil {
			return s, refusal(2, "BadValue", "stsim: %v", err), nil
		}
		if n = len(found); n > 1 && (truth(what.get("one")) || name == "update" && !truth(what.get("multi"))) {
			n = 1
		}
		filter, ok := what.get("filter").(*object)
		if !ok {
			filter = doc()
		}
		change.set("filter", filter).set("update", what.get("update")).set("multi", what.get("multi")).set("one", what.get("one"))
	case "drop":
		if _, there := s.data.collections[ns]; !there {
			return s, refusal(26, "NamespaceNotFound", "ns not found"), nil
		}
	case "createUser":
		user := text(what.get("db")) + "." + text(what.get("name"))
		if _, exists := s.data.users[user]; exists {
			return s, refusal(51003, "Location51003", "User \"%s@%s\" already exists", text(what.get("name")), text(what.get("db"))), nil
		}
		change = doc("op", "user", "ns", user, "pwd", what.get("password"))
	default:
		return s, refusal(59, "CommandNotFound", "no such command: '%s'", name), nil
	}
	node, _, refused, err := s.node.Submit(r.System(), encode(change))
	if s.node = node; err != nil {
		return s, nil, err
	}
	if refused == quorum.ErrNoAgreement && truth(what.get("majority")) {
		return s, refusal(64, "WriteConcernFailed", "waiting for replication timed out"), nil
	}
	if refused == quorum.ErrNoLeader {
		return s, s.notMaster(), nil
	}
	answer := doc("n", float64(n), "ok", 1.0)
	if documents, ok := change.get("docs").([]value); ok {
		answer.set("docs", documents)
	}
	return s, answer, nil
}
