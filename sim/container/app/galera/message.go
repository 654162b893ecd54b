package galera

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/sql"
)

// groupPort is where members speak to each other.
const groupPort = 4567

const magic = "stsim-galera/1 "

// message is what one node says to another. One of the pointers is set; with none it asks how things stand.
type message struct {
	Cluster string // name
	From    member
	Join    *position `json:",omitempty"` // let me in; this is what I have
	View    *newView  `json:",omitempty"`
	Write   *write    `json:",omitempty"`
	Leave   bool      `json:",omitempty"`
	State   *position `json:",omitempty"` // give me what I lack
}

type position struct {
	Group string
	Seqno int64
}

// newView is a view with what its members must have.
type newView struct {
	View  view
	Group string
	Seqno int64
	Donor string // of those who have less
}

// reply is what the other answers.
type reply struct {
	Refused    string `json:",omitempty"`
	Self       member
	View       view
	Last       []member // of the last Primary view, and its number
	LastNumber int64
	Group      string
	Seqno      int64
	Status     string
	Donor      string  `json:",omitempty"`
	Full       bool    `json:",omitempty"`
	Writes     []write `json:",omitempty"`
	Data       []byte  `json:",omitempty"`
}

// ask sends a message to an address; ok is false when no node of this cluster answers.
func (n node) ask(r *app.Run, address string, m message) (answer reply, ok bool) {
	to, err := netip.ParseAddr(address)
	if err != nil {
		return reply{}, false
	}
	s := r.State.(state)
	m.Cluster, m.From = s.clusterName(), s.self(r)
	data, err := json.Marshal(m)
	if err != nil {
		return reply{}, false
	}
	got, err := r.System().Exchange(netip.AddrPortFrom(to, groupPort), append([]byte(magic), data...))
	if err != nil || json.Unmarshal(got, &answer) != nil {
		return reply{}, false
	}
	return answer, true
}

func (s state) clusterName() string { return s.config.Text("wsrep_cluster_name", "my_wsrep_cluster") }

// answer serves the port of the group.
func (n node) answer(r *app.Run, request []byte) []byte {
	rest, ours := bytes.CutPrefix(request, []byte(magic))
	var m message
	if !ours || json.Unmarshal(rest, &m) != nil {
		return nil
	}
	s := r.State.(state)
	if m.Cluster != s.clusterName() {
		mysql.Note(r, "Warning", "WSREP: handshake with %s failed: cluster name '%s' differs from '%s'", m.From.Address, m.Cluster, s.clusterName())
		return encode(reply{Refused: "another cluster"})
	}
	answer := reply{}
	switch {
	case m.Join != nil:
		answer = n.admit(r, m.From, *m.Join)
	case m.View != nil:
		n.install(r, *m.View)
	case m.Write != nil:
		if !n.receive(r, *m.Write) {
			answer.Refused = "not in the same view"
		}
	case m.Leave:
		n.left(r, m.From)
	case m.State != nil:
		answer = n.give(r, *m.State)
	}
	s = r.State.(state)
	answer.Self, answer.View, answer.Last, answer.LastNumber, answer.Group, answer.Seqno, answer.Status = s.self(r), s.view, s.last, s.lastNumber, s.group, s.seqno, s.status
	return encode(answer)
}

func encode(r reply) []byte {
	data, err := json.Marshal(r)
	if err != nil {
		return nil
	}
	return data
}

// receive applies a write of another member. A node that waits for its state gets the write with it.
func (n node) receive(r *app.Run, w write) bool {
	s := r.State.(state)
	if s.status == joining || s.status == initialized {
		return true
	}
	if w.Seqno != s.seqno+1 {
		return false
	}
	after, failure := s.store.Apply(w.Changes)
	if failure == nil {
		failure = sql.Save(r.System().Files(), s.config.Directory(), s.store, after)
	}
	if failure != nil { // this node and the others differ: it must not go on
		mysql.Note(r, "ERROR", "WSREP: Failed to apply write set: gtid: %s:%d: %s", s.group, w.Seqno, failure.Message)
		mysql.Note(r, "ERROR", "WSREP: Node consistency compromised, leaving cluster...")
		r.Exit(1)
		return false
	}
	r.State = s.with(after, w)
	r.State.(state).savePosition(r.System().Files())
	return true
}

// with is the state after one more write.
func (s state) with(after sql.Store, w write) state {
	s.store, s.seqno = after, w.Seqno
	s.cache = append(slices.Clip(s.cache), w)
	if len(s.cache) > cacheSize {
		s.cache = s.cache[1:]
	}
	return s
}

// give is a donor's answer: the writes that are missing, or everything.
func (n node) give(r *app.Run, has position) reply {
	s := r.State.(state)
	if !s.ready() {
		return reply{Refused: "not Synced"}
	}
	if s.status == donating {
		s.status = synced
		r.State = s
		mysql.Note(r, "Note", "WSREP: Shifting DONOR/DESYNCED -> JOINED -> SYNCED (TO: %d)", s.seqno)
	}
	if missing, ok := s.missing(has); ok {
		return reply{Writes: missing}
	}
	return reply{Full: true, Data: s.store.Encode()}
}

// missing are the writes that another node lacks; ok is false when it needs everything.
func (s state) missing(has position) (writes []write, ok bool) {
	if has.Group != s.group || has.Seqno < 0 || has.Seqno > s.seqno {
		return nil, false
	}
	for _, w := range s.cache {
		if w.Seqno > has.Seqno {
			writes = append(writes, w)
		}
	}
	return writes, int64(len(writes)) == s.seqno-has.Seqno
}
