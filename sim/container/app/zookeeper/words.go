package zookeeper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
)

// The four-letter words that are simulated.
var words = []string{"ruok", "mntr", "srvr", "stat", "conf", "cons", "isro", "envi", "dump", "wchs"}

// notServing is the answer of a server that has no majority behind it.
const notServing = "This ZooKeeper instance is not currently serving requests\n"

// fullVersion is the version as srvr has it.
func (z server) fullVersion() string {
	if z.version == "3.4.10" {
		return "3.4.10-39d3a4f269333c922ed3db283be479f9deacaa0f, built on 03/23/2017 10:13 GMT"
	}
	return z.version + ", built on 2024-02-12 20:59 UTC"
}

// word answers one of the words that operators send with nc.
func (z server) word(r *app.Run, s state, word string) []byte {
	s.received++
	s.clients++
	from := fmt.Sprintf("/%s:%s", r.Client(), s.portOf())
	factory := fmt.Sprintf("NIOServerCxn.Factory:0.0.0.0/0.0.0.0:%d:", s.config.clientPort)
	s.logf(r, "INFO", factory+"NIOServerCnxnFactory@192", "Accepted socket connection from %s", from)
	var answer string
	switch {
	case !slices.Contains(words, word):
		s.logf(r, "WARN", factory+"NIOServerCnxn@362", "Exception causing close of session 0x0: stsim does not know %q; known are %s", word, strings.Join(words, ", "))
	case !s.config.allows(word):
		answer = word + " is not executed because it is not in the whitelist.\n"
	default:
		s.logf(r, "INFO", factory+"NIOServerCnxn@827", "Processing %s command from %s", word, from)
		answer = z.answer(s, word, from)
	}
	s.logf(r, "INFO", fmt.Sprintf("Thread-%d:NIOServerCnxn@1008", s.clients), "Closed socket connection for client %s (no session established for client)", from)
	s.keep(r)
	return []byte(answer)
}

func (z server) answer(s state, word, from string) string {
	mode := s.mode()
	switch word {
	case "ruok":
		return "imok"
	case "conf":
		return s.conf()
	case "envi":
		return "Environment:\nzookeeper.version=" + z.fullVersion() + "\njava.version=1.8.0_131\nos.name=Linux\nuser.dir=/\n"
	case "isro":
		if mode == "" {
			return "null"
		}
		return "rw"
	}
	if mode == "" {
		return notServing
	}
	connections := len(s.seen) + 1
	switch word {
	case "mntr":
		return z.mntr(s, mode, connections)
	case "srvr":
		return "Zookeeper version: " + z.fullVersion() + "\n" + s.counters(mode, connections)
	case "stat":
		return "Zookeeper version: " + z.fullVersion() + "\nClients:\n " + from + "[0](queued=0,recved=1,sent=0)\n\n" + s.counters(mode, connections)
	case "cons":
		return " " + from + "[0](queued=0,recved=1,sent=0)\n\n"
	case "wchs":
		return fmt.Sprintf("%d connections watching %d paths\nTotal watches:%d\n", min(len(s.watches), len(s.seen)), len(s.watches), len(s.watches))
	}
	return s.dump()
}

func (s state) counters(mode string, connections int) string {
	return fmt.Sprintf("Latency min/avg/max: 0/0/0\nReceived: %d\nSent: %d\nConnections: %d\nOutstanding: 0\nZxid: 0x%x\nMode: %s\nNode count: %d\n",
		s.received, s.received-1, connections, s.tree.zxid(), mode, len(s.tree.nodes)+1)
}

func (z server) mntr(s state, mode string, connections int) string {
	ephemerals, size := 0, 0
	for name, node := range s.tree.nodes {
		size += len(name) + len(node.data)
		if node.stat.Owner != 0 {
			ephemerals++
		}
	}
	text := fmt.Sprintf("zk_version\t%s\nzk_avg_latency\t0\nzk_max_latency\t0\nzk_min_latency\t0\nzk_packets_received\t%d\nzk_packets_sent\t%d\nzk_num_alive_connections\t%d\nzk_outstanding_requests\t0\n"+
		"zk_server_state\t%s\nzk_znode_count\t%d\nzk_watch_count\t%d\nzk_ephemerals_count\t%d\nzk_approximate_data_size\t%d\nzk_open_file_descriptor_count\t%d\nzk_max_file_descriptor_count\t1048576\n",
		z.fullVersion(), s.received, s.received-1, connections, mode, len(s.tree.nodes)+1, len(s.watches), ephemerals, size, 28+connections)
	if mode == "leader" {
		followers := 0
		for _, peer := range s.node.Others() {
			for _, p := range s.node.Progress {
				if p.ID == peer.ID && !p.Heard.IsZero() {
					followers++
				}
			}
		}
		text += fmt.Sprintf("zk_followers\t%d\nzk_synced_followers\t%d\nzk_pending_syncs\t0\n", followers, followers)
	}
	return text
}

func (s state) conf() string {
	c := s.config
	text := fmt.Sprintf("clientPort=%d\ndataDir=%s/version-2\ndataLogDir=%s/version-2\ntickTime=%d\nmaxClientCnxns=%d\nminSessionTimeout=%d\nmaxSessionTimeout=%d\nserverId=%s\n",
		c.clientPort, c.dataDir, c.logDir, c.tick.Milliseconds(), c.maxConnections, c.minSession.Milliseconds(), c.maxSession.Milliseconds(), c.id)
	if c.standalone {
		return text
	}
	return text + fmt.Sprintf("initLimit=%d\nsyncLimit=%d\nelectionAlg=3\nelectionPort=%d\nquorumPort=%d\npeerType=0\n", c.initLimit, c.sync, c.electionPort, c.quorumPort)
}

// dump lists sessions and the ephemeral nodes they hold, as the leader does.
func (s state) dump() string {
	owners := map[uint64][]string{}
	var ids []uint64
	for name, node := range s.tree.nodes {
		if id := node.stat.Owner; id != 0 {
			if owners[id] == nil {
				ids = append(ids, id)
			}
			owners[id] = append(owners[id], name)
		}
	}
	slices.Sort(ids)
	var b strings.Builder
	fmt.Fprintf(&b, "SessionTracker dump:\nSession Sets (%d):\nephemeral nodes dump:\nSessions with Ephemerals (%d):\n", len(s.tree.sessions), len(ids))
	for _, id := range ids {
		slices.Sort(owners[id])
		fmt.Fprintf(&b, "0x%x:\n\t%s\n", id, strings.Join(owners[id], "\n\t"))
	}
	return b.String()
}
