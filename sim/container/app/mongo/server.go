package mongo

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/quorum"
	"github.com/stsim/stsim/sim/container/applet"
)

// mongod is the server.
type mongod struct{ version string }

// options are the arguments of mongod that matter.
type options struct {
	port             uint16
	dbpath, set, key string
	auth             bool
}

// state is what a running server knows. It is immutable.
type state struct {
	options
	node     quorum.Node
	data     data
	started  time.Time
	shown    string // the state that the log told last
	stopping bool
}

const electionTimeout = 10 * time.Second

var rules = quorum.Rules{Heartbeat: 2 * time.Second, Timeout: electionTimeout, Retry: 2 * time.Second}

// ignored are the options that change nothing here, and whether they take a value.
var ignored = map[string]bool{
	"--bind_ip": true, "--bind_ip_all": false, "--wiredTigerCacheSizeGB": true, "--clusterAuthMode": true, "--setParameter": true, "--smallfiles": false, "--noprealloc": false,
	"--oplogSize": true, "--storageEngine": true, "--journal": false, "--logpath": true, "--logappend": false, "--directoryperdb": false, "--quiet": false, "--ipv6": false,
}

func parseOptions(args []string) (o options, err error) {
	o = options{port: 27017, dbpath: "/data/db"}
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(args[i], "=")
		next := func() string {
			if !inline && i+1 < len(args) {
				i++
				value = args[i]
			}
			return value
		}
		takes, known := ignored[name]
		switch {
		case name == "--replSet":
			o.set, _, _ = strings.Cut(next(), "/")
		case name == "--dbpath":
			o.dbpath = strings.TrimSuffix(next(), "/")
		case name == "--keyFile":
			o.key, o.auth = next(), true
		case name == "--auth":
			o.auth = true
		case name == "--port":
			number, problem := strconv.ParseUint(next(), 10, 16)
			if problem != nil || number == 0 {
				return o, fmt.Errorf("Error parsing option \"port\" as int: Bad digit in %q", value)
			}
			o.port = uint16(number)
		case known && takes:
			next()
		case !known:
			return o, fmt.Errorf("Error parsing command line: unrecognised option '%s'", name)
		}
	}
	return o, nil
}

func (s state) logf(r *app.Run, component, context, format string, args ...any) {
	fmt.Fprintf(r.Stdout(), "%s I %-8s [%s] %s\n", r.System().Now().UTC().Format("2006-01-02T15:04:05.000-0700"), component, context, fmt.Sprintf(format, args...))
}

func (m mongod) Start(r *app.Run) {
	if slices.Contains(r.Args, "--version") {
		fmt.Fprintf(r.Stdout(), "db version v%s\n", m.version)
		r.Exit(0)
		return
	}
	o, err := parseOptions(r.Args[1:])
	if err != nil {
		fmt.Fprintf(r.Stderr(), "%v\ntry 'mongod --help' for more information\n", err)
		r.Exit(2)
		return
	}
	s := state{options: o, started: r.System().Now()}
	s.logf(r, "CONTROL", "initandlisten", "MongoDB starting : pid=%d port=%d dbpath=%s 64-bit host=%s", r.PID(), o.port, o.dbpath, r.System().Hostname())
	s.logf(r, "CONTROL", "initandlisten", "db version v%s", m.version)
	stop := func(code int, component, format string, args ...any) {
		s.logf(r, component, "initandlisten", format, args...)
		s.logf(r, "CONTROL", "initandlisten", "shutting down with code:%d", code)
		r.Exit(code)
	}
	group, err := groupOf(r.System(), o)
	if err != nil {
		stop(1, "ACCESS", "%v", err)
		return
	}
	if _, err := r.System().Files().Stat(o.dbpath); err != nil {
		stop(100, "STORAGE", "exception in initAndListen: 29 Data directory %s not found., terminating", o.dbpath)
		return
	}
	s.node, err = quorum.Open(r.System(), o.dbpath+"/journal/oplog", func(kept quorum.Kept, now time.Time) quorum.Member {
		member := quorum.New("", rules, quorum.Config{}, kept, now)
		member.Group = group
		if o.set == "" { // alone, it agrees with itself
			member.Static = quorum.Config{Peers: []quorum.Peer{{ID: "self", Address: "localhost:0", Voter: true, Priority: 1}}}
			member.ID, member.Commit = "self", member.Log.Len()
			return member
		}
		member.ID = selfOf(r.System(), member.Config(), o.port)
		return member
	})
	if err != nil {
		stop(100, "STORAGE", "exception in initAndListen: %v, terminating", err)
		return
	}
	if err := r.Listen(o.port); err != nil {
		stop(48, "NETWORK", "listen(): bind() failed Address already in use for socket: 0.0.0.0:%d", o.port)
		return
	}
	if o.set != "" && len(s.node.Config().Peers) == 0 {
		s.logf(r, "REPL", "initandlisten", "Did not find local voted for document at startup;  NoMatchingDocument: Did not find replica set lastVote document in local.replset.election")
		s.logf(r, "REPL", "initandlisten", "Did not find local replica set configuration document at startup;  NoMatchingDocument: Did not find replica set configuration document in local.system.replset")
	}
	s.logf(r, "NETWORK", "thread1", "waiting for connections on port %d", o.port)
	s.keep(r)
}

// groupOf is what members must share: the name of the set, and the key file.
func groupOf(system applet.System, o options) (string, error) {
	if o.key == "" {
		return o.set, nil
	}
	info, err := system.Files().Stat(o.key)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("error opening file: %s: No such file or directory", o.key)
	}
	if err == nil && info.Mode.Perm()&0o077 != 0 {
		return "", fmt.Errorf("permissions on %s are too open", o.key)
	}
	key, err := system.Files().ReadText(o.key)
	if err != nil {
		return "", fmt.Errorf("error reading file: %s: %v", o.key, err)
	}
	if len(strings.Fields(key)) == 0 {
		return "", fmt.Errorf("security key in %s has length 0, must be between 6 and 1024 chars", o.key)
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(strings.Join(strings.Fields(key), "")))
	return fmt.Sprintf("%s/%x", o.set, sum.Sum64()), nil
}

// selfOf is which member of a configuration this host is; "" for none.
func selfOf(system applet.System, config quorum.Config, port uint16) string {
	full := system.Hostname()
	if domain := system.Domain(); domain != "" {
		full += "." + domain
	}
	for _, peer := range config.Peers {
		host, ok := strings.CutSuffix(peer.Address, fmt.Sprintf(":%d", port))
		if !ok {
			continue
		}
		if host == full || strings.HasPrefix(full+".", host+".") {
			return peer.ID
		}
		for _, address := range applet.Resolve(system, host) {
			if slices.Contains(system.Addresses(), address) {
				return peer.ID
			}
		}
	}
	return ""
}

// keep makes the state the server's, and says in the log what has become of it.
func (s state) keep(r *app.Run) {
	next, rolledBack := s.data.advance(s.node.Log)
	if s.data = next; rolledBack {
		s.logf(r, "REPL", "rsBackgroundSync", "rollback finished: what this member had written and no majority had is gone")
	}
	if shown := s.stateName(); s.set != "" && shown != s.shown {
		if s.shown != "" {
			s.logf(r, "REPL", "ReplicationExecutor", "transition to %s", shown)
		}
		if shown == "PRIMARY" {
			s.logf(r, "REPL", "rsSync", "transition to primary complete; database writes are now permitted")
		}
		s.shown = shown
	}
	r.State, r.WakeAt = s, s.node.Next
}

// The states of members, by number.
var stateNames = map[int]string{0: "STARTUP", 1: "PRIMARY", 2: "SECONDARY", 3: "RECOVERING", 5: "STARTUP2", 6: "UNKNOWN", 7: "ARBITER", 8: "(not reachable/healthy)", 10: "REMOVED"}

func (s state) stateName() string {
	return stateNames[s.number(s.node.ID, s.node.Role, s.node.Log.Len())]
}

// number is the state of a member.
func (s state) number(member string, role quorum.Role, length uint64) int {
	config := s.node.Config()
	_, found := config.Peer(member)
	switch {
	case len(config.Peers) == 0:
		return 0
	case !found || member == s.node.ID && s.node.Refused == quorum.NotMember:
		return 10
	case s.arbiter(member):
		return 7
	case role == quorum.Leading:
		return 1
	case length == 0:
		return 5
	}
	return 2
}

// arbiter says whether a member votes and keeps no data.
func (s state) arbiter(member string) bool {
	given, ok := decode(s.node.Config().Data)
	if !ok {
		return false
	}
	list, _ := given.get("members").([]value)
	for _, item := range list {
		if m, ok := item.(*object); ok && strings.TrimSuffix(text(m.get("host")), ":27017") == strings.TrimSuffix(member, ":27017") {
			return truth(m.get("arbiterOnly"))
		}
	}
	return false
}

// fail ends a server whose journal cannot be written.
func (s state) fail(r *app.Run, err error) {
	s.logf(r, "STORAGE", "thread1", "WiredTiger error: %v: fatal, aborting", err)
	r.State, r.WakeAt = s, time.Time{}
	r.Exit(14)
}

func (m mongod) Wake(r *app.Run) {
	s, started := r.State.(state)
	if !started || s.stopping {
		return
	}
	node, err := s.node.Tick(r.System())
	if s.node = node; err != nil {
		s.fail(r, err)
		return
	}
	s.keep(r)
}

func (m mongod) Signal(r *app.Run, signal int) {
	s, started := r.State.(state)
	if signal != app.SIGTERM && signal != app.SIGINT {
		return
	}
	if started && !s.stopping {
		s.stopping = true
		s.logf(r, "CONTROL", "signalProcessingThread", "got signal %d (Terminated), will terminate after current cmd ends", signal)
		s.logf(r, "CONTROL", "signalProcessingThread", "dbexit:  rc: 0")
		r.State, r.WakeAt, r.Ports = s, time.Time{}, nil
	}
	r.Terminate(0)
}

const wirePrefix = "stsim-mongo/1 "

func (m mongod) Serve(r *app.Run, _ uint16, request []byte) []byte {
	s, started := r.State.(state)
	if !started || s.stopping {
		return nil
	}
	if message, ok := quorum.ParseMessage(request); ok {
		if len(s.node.Config().Peers) == 0 && message.Group == s.node.Group {
			s.node.ID = message.To // by this name it was found, so it is the one
		}
		node, reply, err := s.node.Answer(r.System(), r.Client(), message)
		if s.node = node; err != nil {
			s.fail(r, err)
			return nil
		}
		s.keep(r)
		return reply.Encode()
	}
	body, ok := bytes.CutPrefix(request, []byte(wirePrefix))
	if !ok {
		return []byte("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 85\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n")
	}
	what, ok := decode(string(body))
	if !ok {
		return nil
	}
	s, answer, err := m.command(r, s, what)
	if err != nil {
		s.fail(r, err)
		return nil
	}
	s.keep(r)
	return []byte(encode(answer))
}
