package quorum

import (
	"errors"
	"net/netip"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// Node is a member in a running program: with its journal, and with what it knows of where the others are. It is a value like Member.
type Node struct {
	Member
	Journal  Journal
	Contacts app.Contacts
}

// Open starts a member from its journal.
//
// Errors: those of OpenJournal.
func Open(system applet.System, path string, start func(kept Kept, now time.Time) Member) (Node, error) {
	journal, kept, err := OpenJournal(system.Files(), path)
	if err != nil {
		return Node{}, err
	}
	return Node{Member: start(kept, system.Now()), Journal: journal}, nil
}

// Do lets the member do something that may speak to others, and saves what has changed. When it cannot be saved the program must not say that it was done, and must end: what is in the
// journal is what it goes on with when it starts again.
//
// Errors: those of Journal.Save.
func (n Node) Do(system applet.System, step func(m Member, now time.Time, ask Ask) Member) (Node, error) {
	link := &app.Link{System: system, Contacts: n.Contacts}
	before := n.Member
	n.Member = step(before, system.Now(), func(to Peer, message Message) (Reply, error) { return exchange(link, to, message) })
	n.Contacts = link.Contacts
	journal, err := n.Journal.Save(system.Files(), before, n.Member)
	n.Journal = journal
	return n, err
}

// Tick is the member's turn; see [Member.Tick].
func (n Node) Tick(system applet.System) (Node, error) {
	return n.Do(system, func(m Member, now time.Time, ask Ask) Member { return m.Tick(now, ask) })
}

// Answer answers a message of another member; see [Member.Serve]. The client is where the connection comes from (Run.Client): from then on the other is reached there, as over a connection
// that it has opened, also while its name is not in DNS yet.
func (n Node) Answer(system applet.System, client netip.Addr, message Message) (answered Node, reply Reply, err error) {
	if peer, found := n.Config().Peer(message.From); found && n.stranger(message) == "" {
		n.Contacts = n.Contacts.Reached(peer.Address, client)
	}
	answered, err = n.Do(system, func(m Member, now time.Time, ask Ask) Member {
		m, reply = m.Serve(now, message, ask)
		return m
	})
	return answered, reply, err
}

// Submit adds data to the log; see [Member.Submit]. The second error is that of saving.
func (n Node) Submit(system applet.System, data ...string) (after Node, at Position, refused, failed error) {
	after, failed = n.Do(system, func(m Member, now time.Time, ask Ask) Member {
		m, at, refused = m.Submit(now, ask, data...)
		return m
	})
	return after, at, refused, failed
}

// exchange sends one message. An address that has passed to somebody else is looked up anew.
func exchange(link *app.Link, to Peer, message Message) (reply Reply, err error) {
	for range 2 {
		var answer []byte
		answer, err = link.Dial(to.Address, message.Encode())
		var why *app.DialError
		switch {
		case errors.As(err, &why) && why.Gone():
			return Reply{}, Gone{why.Error()}
		case err != nil:
			return Reply{}, err
		}
		var ok bool
		if reply, ok = ParseReply(answer); !ok {
			return Reply{}, Gone{to.Address + ": the connection was closed"}
		}
		if reply.Reason != NotMe && reply.Reason != OtherGroup {
			break
		}
		link.Forget(to.Address)
	}
	return reply, nil
}
