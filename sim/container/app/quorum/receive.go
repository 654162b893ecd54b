package quorum

import "time"

// Receive answers another member. It sends nothing itself. What has changed must be saved before the reply is given.
func (m Member) Receive(now time.Time, message Message) (Member, Reply) {
	if reason := m.stranger(message); reason != "" {
		return m, m.reply(now, reason)
	}
	switch message.Kind {
	case Poll:
		return m, m.reply(now, "")
	case Nominate:
		return m.nominated(now)
	case Elect:
		return m.vote(now, message)
	case Append:
		return m.accept(now, message)
	case Leave:
		return m.left(now, message)
	case Submit, Have:
		// The answer takes other members: see [Member.Serve].
	}
	return m, m.reply(now, NotLeader)
}

// stranger says why a message is none for this member, "" if it is.
func (m Member) stranger(message Message) string {
	switch {
	case message.Group != m.Group:
		return OtherGroup
	case message.To != m.ID || message.From == m.ID:
		return NotMe
	}
	return ""
}

// message is one from this member.
func (m Member) message(kind Kind, to Peer) Message {
	return Message{Kind: kind, Group: m.Group, From: m.ID, To: to.ID, Term: m.Term}
}

// reply says how the member is; a reason makes it a refusal.
func (m Member) reply(now time.Time, reason string) Reply {
	r := Reply{OK: reason == "", Reason: reason, Group: m.Group, ID: m.ID, Term: m.Term, Role: m.Role, Last: m.Log.Last(), Commit: m.Commit}
	if m.Fresh(now) {
		r.Leader = m.Leader
	}
	return r
}

// nominated: another member found that this one should lead.
func (m Member) nominated(now time.Time) (Member, Reply) {
	if m.Fresh(now) {
		return m, m.reply(now, HasLeader)
	}
	if self, found := m.Config().Peer(m.ID); !found || !self.Voter || self.Priority <= 0 {
		return m, m.reply(now, NoElection)
	}
	m.Next = now
	return m, m.reply(now, "")
}

// vote: another member wants to lead. It gets the vote if this one has no leader, gave its vote of that term to nobody else, and has nothing newer.
func (m Member) vote(now time.Time, message Message) (Member, Reply) {
	switch {
	case message.Term < m.Term:
		return m, m.reply(now, OldTerm)
	case m.Fresh(now) && m.Leader != message.From:
		return m, m.reply(now, HasLeader)
	}
	if message.Term > m.Term {
		m = m.raise(message.Term).look(now.Add(m.Rules.Retry))
	}
	switch {
	case m.Vote != "" && m.Vote != message.From:
		return m, m.reply(now, HasVoted)
	case message.At.Compare(m.Log.Last()) < 0:
		return m, m.reply(now, OldLog)
	}
	m.Vote = message.From
	return m, m.reply(now, "")
}

// accept: the leader says how its log is.
func (m Member) accept(now time.Time, message Message) (Member, Reply) {
	if message.Term < m.Term {
		return m, m.reply(now, OldTerm)
	}
	m = m.raise(message.Term).follow(message.From, now)
	m, ok := m.merge(message.At, message.Entries, message.Commit)
	if !ok {
		return m, m.reply(now, OtherLog)
	}
	r := m.reply(now, "")
	r.Last = m.Log.At(message.At.Index + uint64(len(message.Entries))) // what is behind it is not the leader's
	return m, r
}

// merge makes the log what the leader says it is from a position on.
func (m Member) merge(at Position, entries []Entry, commit uint64) (Member, bool) {
	if !m.Log.Has(at) {
		return m, false
	}
	for i, entry := range entries {
		index := at.Index + uint64(i) + 1
		if m.Log.Has(Position{entry.Term, index}) {
			continue
		}
		m = m.cut(index - 1).append(entries[i:]...)
		break
	}
	m.Commit = max(m.Commit, min(commit, at.Index+uint64(len(entries))))
	return m, true
}

// left: another member stops in good order. If it was the leader there is none now.
func (m Member) left(now time.Time, message Message) (Member, Reply) {
	switch {
	case m.Role == Leading:
		p := m.progress(message.From)
		p.Heard = time.Time{}
		m = m.withProgress(p)
	case m.Leader == message.From:
		m = m.look(now)
	}
	return m, m.reply(now, "")
}
