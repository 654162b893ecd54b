// Package quorum is what databases that keep copies have in common: members, votes, terms, a log, who leads, what is agreed on, and what is taken back. ZooKeeper, MongoDB and
// others are thin personalities on top of it.
//
// # The value
//
// A [Member] is an immutable value. Its methods give a new one and leave the old one as it is, so a cluster can be copied in the middle of an election. Those that need
// others take an [Ask], a function that sends a [Message] and brings the [Reply]; nothing else is known of networks. Time is an argument. There is no chance in it: who stands for election
// follows from who is there.
//
// A [Node] is a member in a running program: with a [Journal], the file on the Pod's volume that holds term, vote and log, and with the addresses at which the others were last found.
// This is what a personality keeps in its Run.State:
//
//	Start:  node, err = quorum.Open(r.System(), "/data/journal", func(kept quorum.Kept, now time.Time) quorum.Member {
//	            return quorum.New("1", rules, members, kept, now)
//	        })
//	Wake:   node, err = node.Tick(r.System())
//	Serve:  if message, ok := quorum.ParseMessage(request); ok {
//	            node, reply, err = node.Answer(r.System(), r.Client(), message)   // answer reply.Encode()
//	        }
//	        node, at, refused, err = node.Submit(r.System(), "something to be agreed on")
//	Signal: node, err = node.Do(r.System(), func(m quorum.Member, now time.Time, ask quorum.Ask) quorum.Member { return m.Resign(now, ask) })
//
// and after each of them r.State takes the new node, and r.WakeAt becomes node.Next. An err is one of the journal: the program must print it and exit, as a database whose disk fails does.
// After a restart Open finds what was saved.
//
// # What a personality supplies
//
//   - [Rules]: how often a leader speaks, after what silence somebody else is elected, and whether broken connections are noticed sooner (Attached).
//   - Who the members are. Either every member is told at its start (the Config given to New: ZooKeeper's zoo.cfg, etcd's --initial-cluster), and then it may well be told something
//     wrong; or the log says it: one member begins with [Member.Bootstrap], and its leader changes the members with [Member.Reconfigure] (rs.initiate and rs.add, a node that
//     joins a Galera cluster). A member that knows no Config waits until a leader speaks to it.
//   - Which of those that are equally new is to lead: Peer.Priority. An arbiter has 0.
//   - What the data of an entry means. The state is what the entries up to some index lead to: up to Commit for systems that show only what is agreed on, up to the end of the log for those
//     that show what they have (MongoDB). A log that has changed before its end (Log.Common with the old one is shorter) means that something was rolled back: begin again from the first entry.
//   - Words: states, log lines, what clients see. Member.Role, Fresh, Established, Reachable and Refused tell how things stand.
//
// # How it works
//
// It is Raft, as far as safety goes: a vote per term, an entry per index and term, agreement by a majority of the voters on an entry of the leader's own term, and none without a journal. A leader that does not hear of a
// majority for Timeout steps down, and members that hear their leader vote for nobody else.
//
// Three things are different because a connection here is a call. Whoever finds no leader asks everybody first, and only the newest of a majority stands for election (or is told to, by Nominate), so elections hardly ever fail and
// terms count leaders. A follower takes what is new by asking: it sends Submit, and says Have when it has written what came; its leader speaks only to the others meanwhile, since
// nobody who waits for an answer can be called. And to be quiet is cheap: only leaders send heartbeats, and a follower looks at its clock a few times a minute.
//
// # What survives
//
// What Submit returned without error is in the journals of a majority, and no later leader lacks it. What it returned with ErrNoAgreement may be lost, and is taken back on those who have it when the leader of a later term speaks. A member whose volume was
// lost has forgotten its votes too: with it the majority may be one that never existed, and then what was agreed on can be lost, as in the real systems. Two processes with the same identity and the same volume (after a
// deletion by force) find out by the length of the journal: the one that comes second gets ErrFenced.
//
// # Where this is simpler
//
// Logs are kept whole: there are no snapshots, and who is far behind gets all of it. A change of members goes by one voter at a time. A leader does not hand over to a member of higher priority once it leads.
package quorum
