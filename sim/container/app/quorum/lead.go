package quorum

import (
	"errors"
	"slices"
	"time"
)

// Serve answers Submit and Have, which followers send to their leader, and everything else as Receive does. It speaks to other members, but never to the one it answers.
func (m Member) Serve(now time.Time, message Message, ask Ask) (Member, Reply) {
	if m.stranger(message) != "" || message.Kind != Submit && message.Kind != Have {
		return m.Receive(now, message)
	}
	if m.Role != Leading || message.Term > m.Term {
		return m, m.reply(now, NotLeader)
	}
	if _, found := m.Config().Peer(message.From); !found {
		return m, m.reply(now, NotMember)
	}
	if message.Kind == Have {
		if message.Term != m.Term || !m.Log.Has(message.At) {
			return m, m.reply(now, OtherLog)
		}
		before := m.Commit
		m = m.withProgress(Progress{message.From, message.At.Index, now}).agree()
		if m.Commit > before {
			m = m.spread(now, ask, message.From)
		}
		return m, m.reply(now, "")
	}
	for _, entry := range message.Entries {
		m = m.append(Entry{Term: m.Term, Data: entry.Data})
	}
	if len(message.Entries) > 0 {
		m = m.spread(now, ask, message.From)
		if m.Role != Leading {
			return m, m.reply(now, NotLeader)
		}
	}
	r := m.reply(now, "")
	if m.Log.Has(message.At) {
		r.At = message.At
	}
	r.Entries = m.Log.Between(r.At.Index, m.Log.Len())
	return m, r
}

// ErrNoLeader, ErrNoAgreement: why nothing could be added to the log.
var (
	ErrNoLeader    = errors.New("no leader is known")
	ErrNoAgreement = errors.New("no majority agrees")
)

// Submit brings the log level with the leader's and adds data to it, if there is any: the leader does it itself, a follower through its leader. It gives back the position of what was added.
//
// Errors: ErrNoLeader, when nothing was added; ErrNoAgreement, when it was but no majority has it yet: it may be agreed on later, or be lost.
func (m Member) Submit(now time.Time, ask Ask, data ...string) (Member, Position, error) {
	entries := make([]Entry, len(data))
	for i, text := range data {
		entries[i] = Entry{Term: m.Term, Data: text}
	}
	if m.Role == Leading {
		m = m.append(entries...).spread(now, ask, "")
		return m, m.Log.Last(), m.agreed(m.Log.Last())
	}
	leader, found := m.Config().Peer(m.Leader)
	if m.Role != Following || !found {
		return m, Position{}, ErrNoLeader
	}
	submit := m.message(Submit, leader)
	submit.At, submit.Entries = m.Log.At(m.Commit), entries
	reply, err := ask(leader, submit)
	if err != nil || !reply.OK {
		if err == nil {
			m.Refused = reply.Reason
		}
		if isGone(err) || err == nil && reply.Reason == NotLeader {
			m = m.look(now)
		}
		return m, Position{}, ErrNoLeader
	}
	m = m.raise(reply.Term).follow(leader.ID, now)
	m, ok := m.merge(reply.At, reply.Entries, reply.Commit)
	if !ok {
		return m, Position{}, ErrNoLeader
	}
	last := m.Log.At(reply.At.Index + uint64(len(reply.Entries)))
	have := m.message(Have, leader)
	have.At = last
	if known, err := ask(leader, have); err == nil && known.OK && known.Term == m.Term {
		m.Commit = max(m.Commit, min(known.Commit, last.Index))
	}
	return m, last, m.agreed(last)
}

func (m Member) agreed(p Position) error {
	if m.Commit >= p.Index && m.Log.Has(p) {
		return nil
	}
	return ErrNoAgreement
}

// Reconfigure names new members: the leader's to do, one change at a time, and none that adds or removes more than one voter, since only then every old majority meets every new one.
// With force all of that is left out, also that it leads: that is how operators save what is left of a group, and how they may split it.
//
// Errors: what was expected, as text.
func (m Member) Reconfigure(now time.Time, ask Ask, config Config, force bool) (Member, error) {
	current := m.Config()
	switch {
	case force && m.Role != Leading:
		m.Term++ // nobody else has this term unless the other part of the group lives: that is what force means
		m.Vote, m.Role, m.Leader, m.Next = m.ID, Leading, m.ID, now.Add(m.Rules.Heartbeat)
	case force:
	case m.Role != Leading:
		return m, ErrNoLeader
	case !m.Established() || m.configAt > m.Commit:
		return m, errors.New("the change before it is not agreed on yet")
	case difference(current, config) > 1:
		return m, errors.New("more than one voter would be added or removed")
	}
	m = m.append(Entry{Term: m.Term, Config: &config}).spread(now, ask, "")
	if _, stays := config.Peer(m.ID); !stays {
		return m.look(time.Time{}), nil
	}
	return m, m.agreed(m.Log.At(m.configAt))
}

// difference is how many voters two configurations do not share.
func difference(a, b Config) (n int) {
	count := func(a, b Config) {
		for _, peer := range a.Peers {
			if other, found := b.Peer(peer.ID); peer.Voter && !(found && other.Voter) {
				n++
			}
		}
	}
	count(a, b)
	count(b, a)
	return n
}

// Bootstrap makes the first entry of an empty log: who the members are. Those who are named here must have empty logs too, which is for the personality to find out; then Tick elects.
// Galera's way is to bootstrap with oneself alone and to add the others one by one.
//
// Errors: a log that is not empty.
func (m Member) Bootstrap(now time.Time, config Config) (Member, error) {
	if m.Log.Len() > 0 {
		return m, errors.New("the log is not empty")
	}
	m.Term = max(m.Term, 1)
	m = m.append(Entry{Term: m.Term, Config: &config})
	return m.look(now), nil
}

// beat is a leader's turn: it tells everybody how the log is, and steps down when it has not heard of a majority.
func (m Member) beat(now time.Time, ask Ask) Member {
	m.Next = now.Add(m.Rules.Heartbeat)
	m = m.spread(now, ask, "")
	if m.Role != Leading {
		return m
	}
	heard := 0
	for _, peer := range m.Reachable(now) {
		if peer.Voter {
			heard++
		}
	}
	if config := m.Config(); heard < config.Majority() {
		return m.look(now.Add(m.Rules.Retry))
	}
	return m
}

// spread sends the log to everybody but one, and when that brings agreement, says so at once.
func (m Member) spread(now time.Time, ask Ask, except string) Member {
	before := m.Commit
	m = m.agree()
	for range 2 {
		for _, peer := range m.Others() {
			if peer.ID == except {
				continue
			}
			if m = m.send(now, peer, ask); m.Role != Leading {
				return m
			}
		}
		if m = m.agree(); m.Commit == before {
			break
		}
		before = m.Commit
	}
	return m
}

// send brings one member's log level with the leader's.
func (m Member) send(now time.Time, peer Peer, ask Ask) Member {
	p := m.progress(peer.ID)
	at := m.Log.At(p.Match)
	for range 4 {
		message := m.message(Append, peer)
		message.At, message.Entries, message.Commit = at, m.Log.Between(at.Index, m.Log.Len()), m.Commit
		reply, err := ask(peer, message)
		switch {
		case err != nil:
			if m.Rules.Attached && isGone(err) {
				p.Heard = time.Time{}
			}
			return m.withProgress(p)
		case reply.Term > m.Term:
			return m.raise(reply.Term).look(now.Add(m.Rules.Retry))
		case reply.OK:
			return m.withProgress(Progress{peer.ID, reply.Last.Index, now})
		case reply.Reason != OtherLog:
			return m.withProgress(p)
		}
		switch common := m.Log.At(reply.Commit); { // the next guess at where the logs part
		case reply.Last != at && reply.Last.Index < at.Index && m.Log.Has(reply.Last):
			at = reply.Last
		case common.Index < at.Index:
			at = common
		default:
			at = Position{}
		}
	}
	return m.withProgress(p)
}

// agree finds what a majority has. Only what is of the leader's own term counts, and what lies before it with it: a majority of old entries may still be overruled.
func (m Member) agree() Member {
	config := m.Config()
	var matches []uint64
	for _, peer := range config.Peers {
		switch {
		case !peer.Voter:
		case peer.ID == m.ID:
			matches = append(matches, m.Log.Len())
		case !m.progress(peer.ID).Heard.IsZero():
			matches = append(matches, m.progress(peer.ID).Match)
		default:
			matches = append(matches, 0)
		}
	}
	slices.Sort(matches)
	if majority := config.Majority(); len(matches) >= majority {
		if index := matches[len(matches)-majority]; index > m.Commit && m.Log.Entry(index).Term == m.Term {
			m.Commit = index
		}
	}
	return m
}
