package etcd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/quorum"
)

// answer is a response in JSON.
func answer(status int, value any) []byte {
	body, err := json.Marshal(value)
	if err != nil {
		body, status = []byte("{}"), http.StatusInternalServerError
	}
	if text, plain := value.(string); plain {
		body = []byte(text)
	}
	res := &app.Response{Status: status, Body: append(body, '\n')}
	if status == http.StatusNoContent {
		res.Body = nil
	}
	res.Add("Content-Type", "application/json")
	res.Add("Content-Length", strconv.Itoa(len(res.Body)))
	return res.Bytes()
}

// problem is an error of the keys API.
type problem struct {
	Code    int    `json:"errorCode"`
	Message string `json:"message"`
	Cause   string `json:"cause"`
	Index   uint64 `json:"index"`
}

func (e server) http(r *app.Run, q app.Request, raw []byte) []byte {
	s := r.State.(state)
	switch {
	case q.Path == "/version":
		return answer(200, map[string]string{"etcdserver": version, "etcdcluster": "3.3.0"})
	case q.Path == "/health":
		if !s.node.Fresh(r.System().Now()) {
			return answer(http.StatusServiceUnavailable, `{"health":"false"}`)
		}
		return answer(200, `{"health":"true"}`)
	case q.Path == "/members":
		return answer(200, s.node.Config().Peers)
	case q.Path == "/v2/stats/self":
		return answer(200, map[string]string{"id": s.node.ID, "name": s.name, "leader": s.node.Leader})
	case strings.HasPrefix(q.Path, "/v2/members"):
		return e.membersAPI(r, q, raw)
	case strings.HasPrefix(q.Path, "/v2/keys"):
		return e.keysAPI(r, q)
	}
	return answer(404, "404 page not found")
}

// membersAPI lists, adds and removes members. Changes are the leader's to make.
func (e server) membersAPI(r *app.Run, q app.Request, raw []byte) []byte {
	s := r.State.(state)
	if q.Method == http.MethodGet {
		return answer(200, map[string][]member{"members": s.members()})
	}
	if s.node.Role != quorum.Leading {
		leader, found := s.node.Config().Peer(s.node.Leader)
		if found && leader.ID != s.node.ID {
			if got, _, err := app.Dial(r.System(), leader.Address, raw); err == nil {
				return got
			}
		}
		return answer(500, map[string]string{"message": "etcdserver: no leader"})
	}
	config := s.node.Config()
	next := quorum.Config{Version: config.Version + 1, Peers: slices.Clone(config.Peers)}
	var added member
	switch q.Method {
	case http.MethodPost:
		if json.Unmarshal(q.Body, &added) != nil || len(added.Peers) == 0 {
			return answer(400, map[string]string{"message": "expected peerURLs"})
		}
		address := hostPort(added.Peers[0], "2380")
		if slices.ContainsFunc(next.Peers, func(p quorum.Peer) bool { return p.Address == address }) {
			return answer(409, map[string]string{"message": "etcdserver: peerURL exists"})
		}
		added.ID = idOf(added.Peers[0], r.System().Now().String())
		next.Peers = append(next.Peers, quorum.Peer{ID: added.ID, Address: address, Voter: true, Priority: 1})
	case http.MethodDelete:
		id := path.Base(q.Path)
		next.Peers = slices.DeleteFunc(next.Peers, func(p quorum.Peer) bool { return p.ID == id })
		if len(next.Peers) == len(config.Peers) {
			return answer(404, map[string]string{"message": "No such member: " + id})
		}
	default:
		return answer(405, map[string]string{"message": "Method Not Allowed"})
	}
	var refused error
	after, err := s.node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member {
		m, refused = m.Reconfigure(now, ask, next, false)
		return m
	})
	s.node = after
	keep(r, s)
	switch {
	case failed(r, err):
		return nil
	case refused != nil:
		return answer(500, map[string]string{"message": "etcdserver: " + refused.Error()})
	case q.Method == http.MethodPost:
		return answer(201, added)
	}
	return answer(204, "")
}

// keysAPI reads and writes keys.
func (e server) keysAPI(r *app.Run, q app.Request) []byte {
	s := r.State.(state)
	now := r.System().Now()
	name := path.Clean("/" + strings.TrimPrefix(q.Path, "/v2/keys"))
	values, _ := url.ParseQuery(q.Query)
	form, _ := url.ParseQuery(string(q.Body))
	value := func(key string) string {
		if form.Has(key) {
			return form.Get(key)
		}
		return values.Get(key)
	}
	k, found := s.tree.get(name, now)
	missing := answer(404, problem{100, "Key not found", name, s.node.Commit})
	o := operation{Kind: "set", Key: name, Value: value("value"), Dir: value("dir") == "true"}
	switch q.Method {
	case http.MethodGet:
		if value("wait") == "true" {
			return answer(400, problem{209, "Invalid field", "stsim does not simulate wait=true; hint: ask again", s.node.Commit})
		}
		if !found {
			return missing
		}
		depth := 1
		if value("recursive") == "true" {
			depth = -1
		}
		return answer(200, map[string]any{"action": "get", "node": s.tree.show(k, now, depth)})
	case http.MethodPut, http.MethodPost:
		if q.Method == http.MethodPost { // a key in order of creation
			o.Key = path.Join(name, fmt.Sprintf("%020d", s.node.Log.Len()+1))
			found = false
		}
		if value("prevExist") == "true" {
			o.Kind = "update"
		}
		switch exist := value("prevExist"); {
		case exist == "true" && !found:
			return missing
		case exist == "false" && found:
			return answer(412, problem{105, "Key already exists", name, s.node.Commit})
		case found && k.dir && !o.Dir:
			return answer(403, problem{102, "Not a file", name, s.node.Commit})
		}
		if text := value("ttl"); text != "" {
			seconds, err := strconv.ParseInt(text, 10, 32)
			if err != nil || seconds < 0 {
				return answer(400, problem{202, "The given TTL in POST form is not a number", "", s.node.Commit})
			}
			expire := now.Add(time.Duration(seconds) * time.Second)
			o.Expire = &expire
		}
	case http.MethodDelete:
		if !found {
			return missing
		}
		if k.dir && value("recursive") != "true" && (value("dir") != "true" || len(s.tree.children(name, now)) > 0) {
			return answer(403, problem{102, "Not a file", name, s.node.Commit})
		}
		o = operation{Kind: "delete", Key: name}
	default:
		return answer(405, "Method Not Allowed")
	}
	after, ok := submit(r, o)
	if !ok {
		return answer(500, problem{300, "Raft Internal Error", "etcdserver: request timed out", after.node.Commit})
	}
	if o.Kind == "delete" {
		return answer(200, map[string]any{"action": "delete", "node": node{Key: name, Dir: k.dir, Modified: after.tree.at, Created: k.created}, "prevNode": s.tree.show(k, now, 0)})
	}
	status := 201
	if found {
		status = 200
	}
	set, _ := after.tree.get(o.Key, now)
	return answer(status, map[string]any{"action": "set", "node": after.tree.show(set, now, 0)})
}
