package zookeeper

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app/quorum"
)

// stat is what is known of a node beside its data, as clients see it.
type stat struct {
	Czxid, Mzxid, Pzxid uint64
	Ctime, Mtime        int64 // milliseconds
	Cversion, Version   int
	Owner               uint64 // session of an ephemeral node; 0 for others
	Length, Children    int
}

// text is a stat as zkCli.sh prints it.
func (s stat) text() string {
	date := func(ms int64) string { return time.UnixMilli(ms).UTC().Format("Mon Jan 02 15:04:05 UTC 2006") }
	return fmt.Sprintf("cZxid = 0x%x\nctime = %s\nmZxid = 0x%x\nmtime = %s\npZxid = 0x%x\ncversion = %d\ndataVersion = %d\naclVersion = 0\nephemeralOwner = 0x%x\ndataLength = %d\nnumChildren = %d\n",
		s.Czxid, date(s.Ctime), s.Mzxid, date(s.Mtime), s.Pzxid, s.Cversion, s.Version, s.Owner, s.Length, s.Children)
}

type znode struct {
	data string
	stat stat
}

// session is a client's, as all servers know it.
type session struct {
	server  string // that it is connected to
	timeout time.Duration
}

// tree is the data that all servers agree on. It is immutable.
type tree struct {
	nodes      map[string]znode
	sessions   map[uint64]session
	applied    uint64 // index in the log
	term       uint64 // of the last entry
	count      uint64 // of the entries of that term, its first not counted; with standalone of all terms
	standalone bool
}

func newTree(standalone bool) tree {
	return tree{nodes: map[string]znode{"/": {stat: stat{Children: 1, Cversion: -1}}, "/zookeeper": {stat: stat{Children: 1, Cversion: -1}}, "/zookeeper/quota": {}}, standalone: standalone}
}

// zxid is the number of the last transaction: the epoch, and what happened within it.
func (t tree) zxid() uint64 {
	if t.standalone {
		return t.count
	}
	return t.term<<32 | t.count
}

// change is a transaction, as it is written to the log.
type change struct {
	Op         string `json:"op"` // session, close, create, set, delete
	Session    uint64 `json:"session,omitempty"`
	Server     string `json:"server,omitempty"`
	Timeout    int64  `json:"timeout,omitempty"` // milliseconds
	Path       string `json:"path,omitempty"`
	Data       string `json:"data,omitempty"`
	Version    int    `json:"version,omitempty"` // that is expected; -1 for any
	Ephemeral  bool   `json:"ephemeral,omitempty"`
	Sequential bool   `json:"sequential,omitempty"`
	Time       int64  `json:"time"`
}

// What a change can fail with, by the name of the exception.
const (
	noNode        = "NoNode"
	nodeExists    = "NodeExists"
	notEmpty      = "NotEmpty"
	badVersion    = "BadVersion"
	badArguments  = "BadArguments"
	ofEphemerals  = "NoChildrenForEphemerals"
	noSession     = "SessionExpired"
	connectionBad = "ConnectionLoss"
)

// outcome is what became of a change.
type outcome struct {
	failure string
	path    string
	stat    stat
	zxid    uint64
	touched []touch // whom it may concern
}

// touch is what watches see.
type touch struct{ kind, path string }

// advance applies what was agreed on, up to an index. The outcomes are those of the new entries.
func (t tree) advance(log quorum.Log, upTo uint64) (tree, []outcome) {
	if upTo <= t.applied {
		return t, nil
	}
	t.nodes, t.sessions = maps.Clone(t.nodes), maps.Clone(t.sessions)
	if t.sessions == nil {
		t.sessions = map[uint64]session{}
	}
	var outcomes []outcome
	for t.applied < upTo {
		t.applied++
		entry := log.Entry(t.applied)
		switch {
		case t.standalone && entry.Data != "":
			t.count++
		case t.standalone:
		case entry.Term != t.term:
			t.term, t.count = entry.Term, 0
		default:
			t.count++
		}
		var c change
		if entry.Data == "" || json.Unmarshal([]byte(entry.Data), &c) != nil {
			outcomes = append(outcomes, outcome{})
			continue
		}
		done := t.apply(c)
		done.zxid = t.zxid()
		outcomes = append(outcomes, done)
	}
	return t, outcomes
}

// apply does one change in the maps, which are this tree's own.
func (t *tree) apply(c change) outcome {
	failed := func(why string) outcome { return outcome{failure: why, path: c.Path} }
	if c.Op != "session" {
		if _, known := t.sessions[c.Session]; !known {
			return failed(noSession)
		}
	}
	node, found := t.nodes[c.Path]
	if !found && (c.Op == "set" || c.Op == "delete") {
		return failed(noNode)
	}
	if (c.Op == "set" || c.Op == "delete") && c.Version >= 0 && c.Version != node.stat.Version {
		return failed(badVersion)
	}
	switch c.Op {
	case "session":
		t.sessions[c.Session] = session{server: c.Server, timeout: time.Duration(c.Timeout) * time.Millisecond}
	case "close":
		delete(t.sessions, c.Session)
		var touched []touch
		for _, name := range slices.Sorted(maps.Keys(t.nodes)) {
			if t.nodes[name].stat.Owner == c.Session {
				touched = append(touched, t.remove(name)...)
			}
		}
		return outcome{touched: touched}
	case "create":
		return t.create(c)
	case "set":
		node.data = c.Data
		node.stat.Mzxid, node.stat.Mtime, node.stat.Length = t.zxid(), c.Time, len(c.Data)
		node.stat.Version++
		t.nodes[c.Path] = node
		return outcome{path: c.Path, stat: node.stat, touched: []touch{{"NodeDataChanged", c.Path}}}
	case "delete":
		if node.stat.Children > 0 {
			return failed(notEmpty)
		}
		if c.Path == "/" || strings.HasPrefix(c.Path, "/zookeeper") {
			return failed(badArguments)
		}
		return outcome{path: c.Path, touched: t.remove(c.Path)}
	}
	return outcome{}
}

func (t *tree) create(c change) outcome {
	over := path.Dir(c.Path)
	parent, found := t.nodes[over]
	switch {
	case !found:
		return outcome{failure: noNode, path: c.Path}
	case parent.stat.Owner != 0:
		return outcome{failure: ofEphemerals, path: c.Path}
	}
	if c.Sequential {
		c.Path += fmt.Sprintf("%010d", max(0, parent.stat.Cversion))
	}
	if _, exists := t.nodes[c.Path]; exists {
		return outcome{failure: nodeExists, path: c.Path}
	}
	zxid := t.zxid()
	made := znode{data: c.Data, stat: stat{Czxid: zxid, Mzxid: zxid, Pzxid: zxid, Ctime: c.Time, Mtime: c.Time, Length: len(c.Data)}}
	if c.Ephemeral {
		made.stat.Owner = c.Session
	}
	t.nodes[c.Path] = made
	parent.stat.Children++
	parent.stat.Cversion++
	parent.stat.Pzxid = zxid
	t.nodes[over] = parent
	return outcome{path: c.Path, stat: made.stat, touched: []touch{{"NodeCreated", c.Path}, {"NodeChildrenChanged", over}}}
}

func (t *tree) remove(name string) []touch {
	over := path.Dir(name)
	delete(t.nodes, name)
	parent := t.nodes[over]
	parent.stat.Children--
	parent.stat.Cversion++
	parent.stat.Pzxid = t.zxid()
	t.nodes[over] = parent
	return []touch{{"NodeDeleted", name}, {"NodeChildrenChanged", over}}
}

// children are the names below a node, sorted.
func (t tree) children(name string) []string {
	prefix := strings.TrimSuffix(name, "/") + "/"
	var names []string
	for known := range t.nodes {
		if rest, below := strings.CutPrefix(known, prefix); below && rest != "" && !strings.Contains(rest, "/") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// validPath says what is wrong with a path, as the client library does; "" for nothing.
func validPath(name string) string {
	switch {
	case name == "":
		return "Path length must be > 0"
	case name[0] != '/':
		return "Path must start with / character"
	case len(name) > 1 && name[len(name)-1] == '/':
		return "Path must not end with / character"
	case strings.Contains(name, "//"):
		return fmt.Sprintf("Invalid path string %q caused by empty node name specified @%d", name, strings.Index(name, "//")+1)
	}
	for i, part := range strings.Split(name[1:], "/") {
		if part == "." || part == ".." {
			return fmt.Sprintf("Invalid path string %q caused by relative paths not allowed @%d", name, i+1)
		}
	}
	return ""
}
