package quorum

import (
	"cmp"
	"slices"
	"time"
)

// Peer is one member as the others know it.
type Peer struct {
	ID       string `json:"id"`
	Address  string `json:"address"`            // HOST:PORT
	Voter    bool   `json:"voter,omitempty"`    // counts for majorities
	Priority int    `json:"priority,omitempty"` // of those that are equally new the highest leads, among equals the lowest ID; 0 and below never leads
}

// Config is who the members are. Its slices are never changed.
type Config struct {
	Version int    `json:"version"`
	Peers   []Peer `json:"peers"`
	Data    string `json:"data,omitempty"` // the personality's own
}

// Peer finds a member by its ID.
func (c Config) Peer(id string) (Peer, bool) {
	for _, peer := range c.Peers {
		if peer.ID == id {
			return peer, true
		}
	}
	return Peer{}, false
}

// Voters is how many members vote.
func (c Config) Voters() (n int) {
	for _, peer := range c.Peers {
		if peer.Voter {
			n++
		}
	}
	return n
}

// Majority is how many voters decide.
func (c Config) Majority() int { return c.Voters()/2 + 1 }

// Rules are in what the systems built on this differ.
type Rules struct {
	Heartbeat time.Duration // between two messages of a leader
	Timeout   time.Duration // silence after which followers elect, and a leader without a majority steps down
	Retry     time.Duration // between attempts to find a leader
	// Attached says that members hold their connections open, so that the end of one (nobody listens any more) is noticed within two heartbeats, while silence still takes Timeout.
	Attached bool
}

// Role is what a member does.
type Role int

// The roles.
const (
	Looking   Role = iota // it knows no leader
	Following             // it has one
	Leading               // it is the one
)

// Progress is what a leader knows of another member.
type Progress struct {
	ID    string
	Match uint64    // up to here its log is the leader's; a guess while Heard is zero
	Heard time.Time // when it last agreed; zero for never, or when it is known to be gone
}

// Member is one member of a group: an immutable value, which every method leaves as it is.
type Member struct {
	ID     string
	Group  string // e.g. the name of a replica set; messages of others are refused
	Rules  Rules
	Static Config // the members, until the log names others

	Term uint64 // of the latest election it knows of
	Vote string // whom it chose in that
	Log  Log

	Commit   uint64 // up to here the log is agreed on for good, as far as it knows
	Role     Role
	Leader   string    // whom it follows, itself when it leads, "" for nobody
	Heard    time.Time // when the leader it follows spoke last
	Next     time.Time // when Tick is to be called; zero for never
	Refused  string    // why the leader it found does not take it, e.g. NotMember
	Progress []Progress
	configAt uint64 // index of the entry that names the members; 0 for Static
}

// New is a member that has just started, with what its journal says: the terms, votes and log of a former life.
func New(id string, rules Rules, static Config, kept Kept, now time.Time) Member {
	m := Member{ID: id, Rules: rules, Static: static, Term: kept.Term, Vote: kept.Vote, Log: kept.Log, Next: now}
	return m.withConfigOf(m.Log.Len())
}

// Config is who the members are, as the log has it, agreed on or not.
func (m Member) Config() Config {
	if m.configAt > 0 {
		return *m.Log.Entry(m.configAt).Config
	}
	return m.Static
}

// withConfigOf looks for the members in the log, up to an index.
func (m Member) withConfigOf(index uint64) Member {
	for index > 0 && m.Log.Entry(index).Config == nil {
		index--
	}
	m.configAt = index
	return m
}

// Others are the members but itself.
func (m Member) Others() []Peer {
	return slices.DeleteFunc(slices.Clone(m.Config().Peers), func(peer Peer) bool { return peer.ID == m.ID })
}

// append puts entries behind the log.
func (m Member) append(entries ...Entry) Member {
	length := m.Log.Len()
	m.Log = m.Log.With(entries...)
	for i, entry := range entries {
		if entry.Config != nil {
			m.configAt = length + uint64(i) + 1
		}
	}
	return m
}

// cut drops what comes after an index.
func (m Member) cut(length uint64) Member {
	m.Log = m.Log.Cut(length)
	m.Commit = min(m.Commit, length)
	if m.configAt > length {
		m = m.withConfigOf(length)
	}
	return m
}

// Fresh says whether it leads, or has heard of its leader lately.
func (m Member) Fresh(now time.Time) bool {
	return m.Role == Leading || m.Role == Following && now.Sub(m.Heard) < m.Rules.Timeout
}

// Established says whether it leads and has brought something of its own term into agreement: only then does it know what is agreed on.
func (m Member) Established() bool {
	return m.Role == Leading && m.Commit > 0 && m.Log.Entry(m.Commit).Term == m.Term
}

// Reachable are the members that a leader has heard of within Timeout, itself included, in the order of the Config.
func (m Member) Reachable(now time.Time) []Peer {
	return slices.DeleteFunc(slices.Clone(m.Config().Peers), func(peer Peer) bool { return peer.ID != m.ID && !m.hears(peer.ID, now) })
}

func (m Member) hears(id string, now time.Time) bool {
	heard := m.progress(id).Heard
	return !heard.IsZero() && now.Sub(heard) < m.Rules.Timeout
}

func (m Member) progress(id string) Progress {
	for _, p := range m.Progress {
		if p.ID == id {
			return p
		}
	}
	return Progress{ID: id, Match: m.Log.Len()} // a guess, which the first answer puts right
}

func (m Member) withProgress(p Progress) Member {
	list := slices.Clone(m.Progress)
	if i := slices.IndexFunc(list, func(known Progress) bool { return known.ID == p.ID }); i >= 0 {
		list[i] = p
	} else {
		list = append(list, p)
	}
	m.Progress = list
	return m
}

// look makes it one that knows no leader, and tries to find one from then on.
func (m Member) look(next time.Time) Member {
	m.Role, m.Leader, m.Heard, m.Next, m.Progress = Looking, "", time.Time{}, next, nil
	return m
}

// follow makes it a follower.
func (m Member) follow(leader string, now time.Time) Member {
	m.Role, m.Leader, m.Heard, m.Progress, m.Refused = Following, leader, now, nil, ""
	if next := now.Add(m.patience()); m.Next.IsZero() || m.Next.After(next) || !m.Next.After(now) {
		m.Next = next // an earlier one stays: it is found to be too early then, which costs less than to change it at every heartbeat
	}
	return m
}

// patience is how long silence raises no question.
func (m Member) patience() time.Duration {
	if m.Rules.Attached {
		return min(2*m.Rules.Heartbeat, m.Rules.Timeout)
	}
	return m.Rules.Timeout
}

// raise adopts a later term.
func (m Member) raise(term uint64) Member {
	if term > m.Term {
		m.Term, m.Vote = term, ""
	}
	return m
}

// newer orders candidates by who should lead: negative when a should.
func newer(a, b Peer, at, bt Position) int {
	return cmp.Or(bt.Compare(at), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.ID, b.ID))
}
