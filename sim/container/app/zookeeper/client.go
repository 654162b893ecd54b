package zookeeper

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/stsim/stsim/sim/container/app"
)

// call is what a client asks. On the wire it is JSON, since Jute, ZooKeeper's own encoding, is not simulated.
type call struct {
	Op         string `json:"op"` // session, ping, close, create, set, delete, get, stat, ls
	Session    uint64 `json:"session,omitempty"`
	Path       string `json:"path,omitempty"`
	Data       string `json:"data,omitempty"`
	Version    int    `json:"version"`
	Ephemeral  bool   `json:"ephemeral,omitempty"`
	Sequential bool   `json:"sequential,omitempty"`
	Watch      bool   `json:"watch,omitempty"`
	Timeout    int64  `json:"timeout,omitempty"` // milliseconds
}

// answer is what the server says.
type answer struct {
	Failure  string   `json:"failure,omitempty"`
	Session  uint64   `json:"session,omitempty"`
	Path     string   `json:"path,omitempty"`
	Data     string   `json:"data,omitempty"`
	Stat     stat     `json:"stat"`
	Children []string `json:"children,omitempty"`
	Events   []string `json:"events,omitempty"`
}

const callPrefix = "stsim-zookeeper/1 "

func parseCall(request []byte) (c call, ok bool) {
	rest, ok := bytes.CutPrefix(request, []byte(callPrefix))
	return c, ok && json.Unmarshal(rest, &c) == nil
}

func (a answer) encode() []byte {
	text, _ := json.Marshal(a) // it has nothing that JSON cannot say
	return text
}

// client answers a client. A server that serves nobody closes the connection.
func (z server) client(r *app.Run, s state, c call) []byte {
	s.received++
	if s.mode() == "" {
		s.keep(r)
		return nil
	}
	var a answer
	var err error
	if s, a, err = z.handle(r, s, c); err != nil {
		s.fail(r, err)
		return nil
	}
	s.keep(r)
	if a.Failure == connectionBad {
		return nil
	}
	return a.encode()
}

func (z server) handle(r *app.Run, s state, c call) (state, answer, error) {
	now := r.System().Now()
	if c.Op == "session" {
		id, _ := strconv.ParseUint(s.config.id, 10, 64)
		timeout := min(max(time.Duration(c.Timeout)*time.Millisecond, s.config.minSession), s.config.maxSession)
		session := id<<56 | uint64(now.UnixMilli())<<24>>8&^(0xff<<56) + uint64(s.received%256)
		s, done, err := s.commit(r, change{Op: "session", Session: session, Server: s.config.id, Timeout: timeout.Milliseconds()})
		if err != nil || done.failure != "" {
			return s, answer{Failure: done.failure}, err
		}
		s = s.saw(session, now)
		return s, answer{Session: session}, nil
	}
	if _, known := s.tree.sessions[c.Session]; !known {
		return s, answer{Failure: noSession}, nil
	}
	s = s.saw(c.Session, now)
	a := answer{Session: c.Session, Path: c.Path}
	switch c.Op {
	case "ping":
	case "close", "create", "set", "delete":
		next, done, err := s.commit(r, change{Op: c.Op, Session: c.Session, Path: c.Path, Data: c.Data, Version: c.Version, Ephemeral: c.Ephemeral, Sequential: c.Sequential})
		if s = next; err != nil {
			return s, a, err
		}
		a.Failure, a.Stat = done.failure, done.stat
		if done.path != "" {
			a.Path = done.path
		}
		if c.Op == "close" && done.failure == "" {
			s = s.forget(c.Session)
		}
	default: // reads
		node, found := s.tree.nodes[c.Path]
		if !found {
			a.Failure = noNode
		}
		a.Data, a.Stat = node.data, node.stat
		kind := "data"
		if c.Op == "ls" {
			kind, a.Data, a.Children = "children", "", s.tree.children(c.Path)
		}
		if c.Watch && (found || c.Op == "stat") {
			s.watches = append(s.watches[:len(s.watches):len(s.watches)], watch{c.Session, kind, c.Path})
		}
	}
	if a.Events = s.events[c.Session]; a.Events != nil {
		s.events = maps.Clone(s.events)
		delete(s.events, c.Session)
	}
	return s, a, nil
}

// saw notes that a client has spoken.
func (s state) saw(id uint64, now time.Time) state {
	s.seen = maps.Clone(s.seen)
	if s.seen == nil {
		s.seen = map[uint64]time.Time{}
	}
	s.seen[id] = now
	return s
}
