package quorum

import "time"

// Tick is a member's turn when Next has come: a leader sends its heartbeat, a follower looks whether its leader is silent for too long, and who has none looks for one, or
// becomes one. A member that is called too early does nothing.
func (m Member) Tick(now time.Time, ask Ask) Member {
	switch {
	case m.Next.IsZero() || now.Before(m.Next):
		return m
	case len(m.Config().Peers) == 0:
		m.Next = time.Time{} // it belongs to no group: somebody else speaks first
		return m
	case m.Role == Leading:
		return m.beat(now, ask)
	case m.Role == Following && now.Sub(m.Heard) < m.patience():
		m.Next = m.Heard.Add(m.patience())
		return m
	case m.Role == Following && now.Sub(m.Heard) < m.Rules.Timeout && !m.abandoned(ask):
		m.Next = earlier(m.Heard.Add(m.Rules.Timeout), now.Add(m.Rules.Heartbeat))
		return m
	}
	return m.search(now, ask)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// abandoned looks whether the leader's connection is broken: nobody listens, or it leads no more.
func (m Member) abandoned(ask Ask) bool {
	leader, found := m.Config().Peer(m.Leader)
	if !found {
		return true
	}
	reply, err := ask(leader, m.message(Poll, leader))
	return isGone(err) || err == nil && (!reply.OK || reply.Role != Leading)
}

// search asks everybody who leads. When nobody does and a majority is there, the newest of those stands for election: itself, or it is told to.
func (m Member) search(now time.Time, ask Ask) Member {
	m = m.look(now.Add(m.Rules.Retry))
	config := m.Config()
	self, member := config.Peer(m.ID)
	there, best, bestAt := 0, self, m.Log.Last()
	mayLead := func(peer Peer) bool { return peer.Voter && peer.Priority > 0 }
	if member && self.Voter {
		there++
	}
	for _, peer := range config.Peers {
		if peer.ID == m.ID {
			continue
		}
		reply, err := ask(peer, m.message(Poll, peer))
		if err != nil || !reply.OK {
			continue
		}
		if reply.Role == Leading && reply.Term >= m.Term {
			return m.join(now, peer, ask)
		}
		if !peer.Voter || reply.Leader != "" { // it has a leader, whom this member cannot reach
			continue
		}
		there++
		if mayLead(peer) && (!member || !mayLead(best) || newer(peer, best, reply.Last, bestAt) < 0) {
			best, bestAt = peer, reply.Last
		}
	}
	switch {
	case there < config.Majority() || !mayLead(best):
	case best.ID == m.ID:
		m = m.stand(now, ask)
	default:
		_, _ = ask(best, m.message(Nominate, best)) // if it does not come to anything, this is tried again
	}
	return m
}

// join follows a leader that was found, and gets what it has.
func (m Member) join(now time.Time, leader Peer, ask Ask) Member {
	joined, _, err := m.follow(leader.ID, now).Submit(now, ask)
	if err != nil && joined.Refused != "" {
		m.Refused = joined.Refused
		return m // looking again after a while
	}
	return joined
}

// stand is an election with itself as the candidate.
func (m Member) stand(now time.Time, ask Ask) Member {
	m.Term++
	m.Vote = m.ID
	config, votes := m.Config(), 0
	if self, found := config.Peer(m.ID); found && self.Voter {
		votes++
	}
	for _, peer := range m.Others() {
		if !peer.Voter {
			continue
		}
		message := m.message(Elect, peer)
		message.At = m.Log.Last()
		reply, err := ask(peer, message)
		switch {
		case err != nil:
		case reply.Term > m.Term:
			return m.raise(reply.Term).look(now.Add(m.Rules.Retry))
		case reply.OK:
			votes++
		}
	}
	if votes < config.Majority() {
		return m
	}
	m.Role, m.Leader, m.Heard, m.Next, m.Refused, m.Progress = Leading, m.ID, now, now.Add(m.Rules.Heartbeat), "", nil
	return m.append(Entry{Term: m.Term}).spread(now, ask, "")
}

// Resign tells the others that this member stops, so that they need not wait for silence.
func (m Member) Resign(now time.Time, ask Ask) Member {
	for _, peer := range m.Others() {
		_, _ = ask(peer, m.message(Leave, peer)) // who does not hear it finds out
	}
	return m.look(time.Time{})
}
