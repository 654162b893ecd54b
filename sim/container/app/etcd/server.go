package etcd

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/quorum"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

const version = "3.3.27"

// Image is etcd with etcdctl.
func Image(app.Reference) *app.Image {
	return &app.Image{Root: root, Command: []string{"/usr/local/bin/etcd"}, Servers: map[string]app.Server{"etcd": server{}}, Commands: map[string]applet.Applet{"etcdctl": etcdctl}}
}

var root = sync.OnceValue(func() storage.Tree {
	return app.AlpineRoot().With("/usr/local/bin/etcd", shell.Stub("etcd"), 0o755).With("/usr/local/bin/etcdctl", shell.Stub("etcdctl"), 0o755)
})

// server is one member.
type server struct{}

// state is what a member knows. It is never changed, only replaced.
type state struct {
	node   quorum.Node
	tree   tree
	name   string
	client string // URL that it tells others
	said   bool   // it has told
}

var rules = quorum.Rules{Heartbeat: 5 * time.Second, Timeout: 15 * time.Second, Retry: 2 * time.Second, Attached: true}

func flagOf(args []string, name, otherwise string) string {
	for i, arg := range args {
		bare := strings.TrimLeft(arg, "-")
		if value, found := strings.CutPrefix(bare, name+"="); found && bare != arg {
			return value
		}
		if bare == name && bare != arg && i+1 < len(args) {
			return args[i+1]
		}
	}
	return otherwise
}

func portOf(address string, otherwise uint16) uint16 {
	first, _, _ := strings.Cut(address, ",")
	u, err := url.Parse(first)
	if err != nil {
		return otherwise
	}
	number, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return otherwise
	}
	return uint16(number)
}

// hostPort is where a URL leads.
func hostPort(address, otherwise string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return address
	}
	if u.Port() == "" {
		return u.Hostname() + ":" + otherwise
	}
	return u.Host
}

// idOf makes a member's number.
func idOf(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

func say(r *app.Run, format string, values ...any) {
	fmt.Fprintf(r.Stderr(), "%s %s\n", r.System().Now().UTC().Format("2006-01-02 15:04:05.000000"), fmt.Sprintf(format, values...))
}

func (server) Start(r *app.Run) {
	args := r.Args[1:]
	name := flagOf(args, "name", "default")
	peer := flagOf(args, "initial-advertise-peer-urls", "http://localhost:2380")
	initial := flagOf(args, "initial-cluster", name+"="+peer)
	s := state{name: name, client: flagOf(args, "advertise-client-urls", "http://localhost:2379")}
	say(r, "I | etcdmain: etcd Version: %s", version)
	var config quorum.Config
	self := ""
	for _, entry := range strings.Split(initial, ",") {
		who, address, found := strings.Cut(entry, "=")
		if !found {
			say(r, "C | etcdmain: expected NAME=URL in --initial-cluster, found %q", entry)
			r.Exit(1)
			return
		}
		id := idOf(address)
		config.Peers = append(config.Peers, quorum.Peer{ID: id, Address: hostPort(address, "2380"), Voter: true, Priority: 1})
		if who == name {
			self = id
		}
	}
	if self == "" {
		say(r, "C | etcdmain: couldn't find local name %q in the initial cluster configuration", name)
		r.Exit(1)
		return
	}
	directory := flagOf(args, "data-dir", name+".etcd")
	journal := path.Join("/", r.Dir, directory, "member")
	if path.IsAbs(directory) {
		journal = path.Join(directory, "member")
	}
	idFile := path.Join(journal, "id")
	files := r.System().Files()
	if known, err := files.ReadText(idFile); err == nil {
		self = strings.TrimSpace(known)
	} else if flagOf(args, "initial-cluster-state", "new") == "existing" {
		existing, id := ask(r, config, hostPort(peer, "2380"))
		if id == "" {
			say(r, "C | etcdmain: error validating peerURLs: member count is unequal, or unmatched member while checking PeerURLs; hint: etcdctl member add %s %s", name, peer)
			r.Exit(1)
			return
		}
		config, self = existing, id
	}
	if err := files.MkdirAll(journal, 0o700); err == nil {
		err = files.WriteFile(idFile, []byte(self+"\n"), 0o600, storage.Create|storage.Write|storage.Truncate)
		if err != nil {
			say(r, "C | etcdmain: %v", err)
			r.Exit(1)
			return
		}
	}
	opened, err := quorum.Open(r.System(), path.Join(journal, "wal"), func(kept quorum.Kept, now time.Time) quorum.Member {
		m := quorum.New(self, rules, config, kept, now.Add(time.Second))
		m.Group = flagOf(args, "initial-cluster-token", "etcd-cluster")
		return m
	})
	if err != nil {
		say(r, "C | etcdserver: %v", err)
		r.Exit(1)
		return
	}
	s.node = opened
	for _, port := range []uint16{portOf(flagOf(args, "listen-peer-urls", "http://localhost:2380"), 2380), portOf(flagOf(args, "listen-client-urls", "http://localhost:2379"), 2379)} {
		if err := r.Listen(port); err != nil {
			say(r, "C | etcdmain: listen tcp 0.0.0.0:%d: bind: address already in use", port)
			r.Exit(1)
			return
		}
	}
	say(r, "I | etcdserver: starting member %s in cluster %s", self, idOf(initial))
	keep(r, s)
}

// ask asks the members of an existing cluster who they are, and which of them this one is.
func ask(r *app.Run, config quorum.Config, own string) (existing quorum.Config, id string) {
	for _, peer := range config.Peers {
		if peer.Address == own {
			continue
		}
		answer, _, err := app.Dial(r.System(), peer.Address, []byte("GET /members HTTP/1.1\r\nHost: "+peer.Address+"\r\n\r\n"))
		_, body, found := strings.Cut(string(answer), "\r\n\r\n")
		var peers []quorum.Peer
		if err != nil || !found || json.Unmarshal([]byte(body), &peers) != nil {
			continue
		}
		for _, p := range peers {
			if p.Address == own {
				return quorum.Config{Peers: peers}, p.ID
			}
		}
	}
	return quorum.Config{}, ""
}

// keep puts a state in its place, with what was agreed on, and says when it goes on.
func keep(r *app.Run, s state) state {
	for s.tree.at < s.node.Commit {
		s.tree = s.tree.apply(s.tree.at+1, s.node.Log.Entry(s.tree.at+1).Data)
	}
	r.State, r.WakeAt = s, s.node.Next
	return s
}

// failed ends a member whose disk or place was lost.
func failed(r *app.Run, err error) bool {
	if err != nil {
		say(r, "C | etcdserver: %v", err)
		r.Exit(1)
	}
	return err != nil
}

func (server) Wake(r *app.Run) {
	s := r.State.(state)
	was := s.node.Role
	var err error
	s.node, err = s.node.Tick(r.System())
	s = keep(r, s)
	if failed(r, err) {
		return
	}
	if s.node.Role != was && s.node.Role != quorum.Looking {
		say(r, "I | raft: %s elected leader %s at term %d", s.node.ID, s.node.Leader, s.node.Term)
	}
	if s.node.Role != quorum.Looking && !s.said {
		if _, ok := submit(r, operation{Kind: "publish", Member: s.node.ID, Value: s.name, Client: s.client}); ok {
			s = r.State.(state)
			s.said = true
			keep(r, s)
			say(r, "I | etcdserver: published {Name:%s ClientURLs:[%s]} to cluster", s.name, s.client)
		}
	}
}

// submit brings an operation into agreement.
func submit(r *app.Run, o operation) (state, bool) {
	data, err := json.Marshal(o)
	if err != nil {
		return r.State.(state), false
	}
	s := r.State.(state)
	after, _, refused, problem := s.node.Submit(r.System(), string(data))
	s.node = after
	s = keep(r, s)
	return s, !failed(r, problem) && refused == nil
}

func (server) Signal(r *app.Run, signal int) { r.TerminateOn(signal, 0) }

// Serve answers other members and clients.
func (e server) Serve(r *app.Run, _ uint16, request []byte) []byte {
	if message, ok := quorum.ParseMessage(request); ok {
		s := r.State.(state)
		after, reply, err := s.node.Answer(r.System(), r.Client(), message)
		s.node = after
		keep(r, s)
		if failed(r, err) {
			return nil
		}
		return reply.Encode()
	}
	asked, _, ok := app.ParseRequest(request)
	if !ok {
		return nil
	}
	return e.http(r, asked, request)
}

// members are those of the cluster, in the order of their addresses.
func (s state) members() []member {
	var list []member
	for _, peer := range s.node.Config().Peers {
		m := member{ID: peer.ID, Peers: []string{"http://" + peer.Address}, Clients: []string{}}
		for _, p := range s.tree.members {
			if p.id == peer.ID {
				m.Name, m.Clients = p.name, []string{p.client}
			}
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b member) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// member is a member as the API shows it.
type member struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Peers   []string `json:"peerURLs"`
	Clients []string `json:"clientURLs"`
}
