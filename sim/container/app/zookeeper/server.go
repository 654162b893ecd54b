package zookeeper

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/quorum"
)

// peerMain is the class that a server's Java runs.
const peerMain = "org.apache.zookeeper.server.quorum.QuorumPeerMain"

// server is the program java, as far as it is a ZooKeeper server.
type server struct{ version string }

// state is what a running server knows. It is immutable: slices and maps in it are replaced, never changed.
type state struct {
	config   config
	node     quorum.Node
	tree     tree
	started  time.Time
	seen     map[uint64]time.Time // sessions of clients that are connected here: when they last spoke
	watches  []watch
	events   map[uint64][]string // what watches have seen and their clients do not know yet
	received int
	clients  int // how many there were, which numbers their ports
	role     string
	stopping bool
}

type watch struct {
	session uint64
	kind    string // data or children
	path    string
}

// logf writes a line as log4j does.
func (s state) logf(r *app.Run, level, where, format string, args ...any) {
	id := s.config.id
	if s.config.standalone {
		id = ""
	}
	fmt.Fprintf(r.Stdout(), "%s [myid:%s] - %-5s [%s] - %s\n", r.System().Now().UTC().Format("2006-01-02 15:04:05,000"), id, level, where, fmt.Sprintf(format, args...))
}

// thread is the name of the server's main thread, as log lines have it.
func (s state) thread(line string) string {
	return fmt.Sprintf("QuorumPeer[myid=%s]/0:0:0:0:0:0:0:0:%d:%s", s.config.id, s.config.clientPort, line)
}

func (z server) Start(r *app.Run) {
	i := slices.Index(r.Args, peerMain)
	switch {
	case slices.Contains(r.Args, "-version"):
		fmt.Fprint(r.Stderr(), "openjdk version \"1.8.0_131\"\n")
		r.Exit(0)
		return
	case i < 0 || i+1 >= len(r.Args):
		fmt.Fprintf(r.Stderr(), "stsim: of Java only %s CONFIG is simulated\n", peerMain)
		r.Exit(1)
		return
	}
	s := state{started: r.System().Now(), role: "-"}
	s.logf(r, "INFO", "main:QuorumPeerConfig@134", "Reading configuration from: %s", r.Args[i+1])
	c, err := readConfig(r.System().Files(), path.Clean(r.Args[i+1]))
	s.config = c
	if err != nil {
		s.logf(r, "ERROR", "main:QuorumPeerMain@85", "Invalid config, exiting abnormally")
		fmt.Fprintf(r.Stdout(), "org.apache.zookeeper.server.quorum.QuorumPeerConfig$ConfigException: Error processing %s\nCaused by: java.lang.IllegalArgumentException: %v\nInvalid config, exiting abnormally\n", r.Args[i+1], err)
		r.Exit(2)
		return
	}
	s.tree = newTree(c.standalone)
	s.node, err = quorum.Open(r.System(), s.journal(), func(kept quorum.Kept, now time.Time) quorum.Member {
		m := quorum.New(c.id, c.rules(), c.members, kept, now)
		if c.standalone {
			m.Commit = m.Log.Len() // nobody else could know better
		}
		return m
	})
	if err != nil {
		s.logf(r, "ERROR", "main:QuorumPeer@557", "Unable to load database on disk: %v", err)
		r.Exit(1)
		return
	}
	for _, port := range []uint16{c.clientPort, c.quorumPort, c.electionPort} {
		if port == 0 {
			continue
		}
		if err := r.Listen(port); err != nil {
			s.logf(r, "ERROR", "main:QuorumPeerMain@92", "Unexpected exception, exiting abnormally: java.net.BindException: Address already in use")
			r.Exit(1)
			return
		}
	}
	if c.standalone {
		s.logf(r, "INFO", "main:ZooKeeperServerMain@95", "Starting server")
	} else {
		s.logf(r, "INFO", "main:QuorumPeerMain@127", "Starting quorum peer")
	}
	s.logf(r, "INFO", "main:NIOServerCnxnFactory@89", "binding to port 0.0.0.0/0.0.0.0:%d", c.clientPort)
	s.keep(r)
	r.WakeAt = r.System().Now()
}

// journal is where the log lies.
func (s state) journal() string { return s.config.logDir + "/version-2/log.1" }

// keep makes the state the server's, and says when it wants to be woken.
func (s state) keep(r *app.Run) {
	s = s.applied(r)
	if role := s.mode(); role != s.role {
		s.role = role
		s.announce(r)
	}
	r.State, r.WakeAt = s, s.node.Next
	for id, seen := range s.seen { // in any order: the earliest counts
		if due := seen.Add(s.tree.sessions[id].timeout); r.WakeAt.IsZero() || due.Before(r.WakeAt) {
			r.WakeAt = due
		}
	}
}

// applied brings the tree to what is agreed on, and tells watches.
func (s state) applied(*app.Run) state {
	if s.node.Commit < s.tree.applied {
		s.tree = newTree(s.config.standalone) // what was agreed on is lost: a majority lost its volumes
	}
	tree, outcomes := s.tree.advance(s.node.Log, s.node.Commit)
	s.tree = tree
	for _, done := range outcomes {
		for _, touched := range done.touched {
			s = s.notify(touched)
		}
	}
	return s
}

// notify tells the sessions that watch, once.
func (s state) notify(touched touch) state {
	var left []watch
	for _, w := range s.watches {
		hit := w.path == touched.path && (w.kind == "children") == (touched.kind == "NodeChildrenChanged")
		if hit || w.path == touched.path && touched.kind == "NodeDeleted" {
			s.events = maps.Clone(s.events)
			if s.events == nil {
				s.events = map[uint64][]string{}
			}
			s.events[w.session] = append(slices.Clip(s.events[w.session]), "type:"+touched.kind+" path:"+touched.path)
			continue
		}
		left = append(left, w)
	}
	if len(left) != len(s.watches) {
		s.watches = left
	}
	return s
}

// mode is what the server does, as srvr says it; "" while it serves nobody.
func (s state) mode() string {
	switch {
	case s.config.standalone && s.node.Role == quorum.Leading:
		return "standalone"
	case s.node.Established():
		return "leader"
	case s.node.Role == quorum.Following && s.node.Commit > 0:
		if self, _ := s.config.members.Peer(s.config.id); !self.Voter {
			return "observer"
		}
		return "follower"
	}
	return ""
}

// announce says in the log what the server has become.
func (s state) announce(r *app.Run) {
	switch s.role {
	case "":
		s.logf(r, "INFO", s.thread("QuorumPeer@784"), "LOOKING")
	case "leader":
		s.logf(r, "INFO", s.thread("QuorumPeer@856"), "LEADING")
		s.logf(r, "INFO", s.thread("Leader@361"), "LEADING - LEADER ELECTION TOOK - %d", 200+s.node.Term%7)
	case "follower":
		s.logf(r, "INFO", s.thread("QuorumPeer@844"), "FOLLOWING")
		s.logf(r, "INFO", s.thread("Follower@65"), "FOLLOWING - LEADER ELECTION TOOK - %d", 200+s.node.Term%7)
	}
}

// fail ends a server whose log cannot be written.
func (s state) fail(r *app.Run, err error) {
	s.logf(r, "ERROR", "SyncThread:"+s.config.id+":ZooKeeperCriticalThread@48", "Severe unrecoverable error, from thread : SyncThread:%s: java.io.IOException: %v", s.config.id, err)
	r.State, r.WakeAt = s, time.Time{}
	r.Exit(1)
}

func (z server) Wake(r *app.Run) {
	s, started := r.State.(state)
	if !started || s.stopping {
		return
	}
	now := r.System().Now()
	node, err := s.node.Tick(r.System())
	s.node = node
	if err != nil {
		s.fail(r, err)
		return
	}
	for _, id := range slices.Sorted(maps.Keys(s.seen)) {
		known, alive := s.tree.sessions[id]
		if alive && now.Before(s.seen[id].Add(known.timeout)) {
			continue
		}
		s = s.forget(id)
		if alive {
			s.logf(r, "INFO", "SessionTracker:ZooKeeperServer@358", "Expiring session 0x%x, timeout of %dms exceeded", id, known.timeout.Milliseconds())
			if s, _, err = s.commit(r, change{Op: "close", Session: id}); err != nil {
				s.fail(r, err)
				return
			}
		}
	}
	if s, err = s.expireStrangers(r); err != nil {
		s.fail(r, err)
		return
	}
	s.keep(r)
}

// expireStrangers ends, at the leader, the sessions of servers that are gone: their clients connect to another server or are gone too.
func (s state) expireStrangers(r *app.Run) (state, error) {
	if s.mode() != "leader" && s.mode() != "standalone" {
		return s, nil
	}
	now := r.System().Now()
	for _, id := range slices.Sorted(maps.Keys(s.tree.sessions)) {
		known := s.tree.sessions[id]
		there := slices.ContainsFunc(s.node.Reachable(now), func(peer quorum.Peer) bool { return peer.ID == known.server })
		if known.server == s.config.id {
			_, there = s.seen[id]
		}
		if there || now.Sub(s.started) < known.timeout {
			continue
		}
		s.logf(r, "INFO", "SessionTracker:ZooKeeperServer@358", "Expiring session 0x%x, timeout of %dms exceeded", id, known.timeout.Milliseconds())
		var err error
		if s, _, err = s.commit(r, change{Op: "close", Session: id}); err != nil {
			return s, err
		}
	}
	return s, nil
}

// forget drops what a server knows of a client.
func (s state) forget(id uint64) state {
	s.seen, s.events = maps.Clone(s.seen), maps.Clone(s.events)
	delete(s.seen, id)
	delete(s.events, id)
	s.watches = slices.DeleteFunc(slices.Clone(s.watches), func(w watch) bool { return w.session == id })
	return s
}

// commit has a change agreed on. The failure of the outcome is ConnectionLoss when nobody agreed; the error is that of a log that cannot be written.
func (s state) commit(r *app.Run, c change) (state, outcome, error) {
	c.Time = r.System().Now().UnixMilli()
	data, err := json.Marshal(c)
	if err != nil {
		return s, outcome{failure: badArguments}, nil
	}
	node, at, refused, err := s.node.Submit(r.System(), string(data))
	s.node = node
	if err != nil {
		return s, outcome{failure: connectionBad}, err
	}
	before := s.tree
	s = s.applied(r)
	if refused != nil {
		return s, outcome{failure: connectionBad, path: c.Path}, nil
	}
	_, outcomes := before.advance(s.node.Log, at.Index)
	if len(outcomes) == 0 {
		return s, outcome{failure: connectionBad, path: c.Path}, nil
	}
	return s, outcomes[len(outcomes)-1], nil
}

func (z server) Signal(r *app.Run, signal int) {
	s, started := r.State.(state)
	if signal != app.SIGTERM && signal != app.SIGINT {
		return
	}
	if started && !s.stopping {
		s.stopping = true
		node, err := s.node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member { return m.Resign(now, ask) })
		s.node = node
		if err != nil {
			s.fail(r, err)
			return
		}
		r.State, r.WakeAt, r.Ports = s, time.Time{}, nil
	}
	r.Terminate(128 + signal)
}

func (z server) Serve(r *app.Run, port uint16, request []byte) []byte {
	s, started := r.State.(state)
	if !started || s.stopping {
		return nil
	}
	if port != s.config.clientPort {
		message, ok := quorum.ParseMessage(request)
		if !ok {
			return nil
		}
		node, reply, err := s.node.Answer(r.System(), r.Client(), message)
		s.node = node
		if err != nil {
			s.fail(r, err)
			return nil
		}
		s.keep(r)
		return reply.Encode()
	}
	if call, ok := parseCall(request); ok {
		return z.client(r, s, call)
	}
	return z.word(r, s, strings.TrimRight(string(request[:min(len(request), 16)]), "\r\n"))
}

// portOf is the port from which the client before the last n came.
func (s state) portOf() string { return strconv.Itoa(40000 + s.clients%20000*2) }
