package quorum

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stsim/stsim/storage"
)

// world is a small network of members, with a disk each.
type world struct {
	t       testing.TB
	now     time.Time
	rules   Rules
	config  Config
	members map[string]Member // those that run
	files   *storage.FileSystem
	journal map[string]Journal
	cut     map[string]bool // out of everybody's reach
	busy    map[string]bool // members that are in a call: nobody may call them
	leaders map[uint64]string
}

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, attached bool, n int) *world {
	w := &world{
		t: t, now: begin, rules: Rules{Heartbeat: 2 * time.Second, Timeout: 10 * time.Second, Retry: time.Second, Attached: attached},
		members: map[string]Member{}, journal: map[string]Journal{}, cut: map[string]bool{}, busy: map[string]bool{}, leaders: map[uint64]string{},
		files: storage.NewFileSystem([]storage.Mount{{Path: "/"}}, storage.Identity{}, begin),
	}
	for i := range n {
		id := fmt.Sprintf("m%d", i)
		w.config.Peers = append(w.config.Peers, Peer{ID: id, Address: id, Voter: true, Priority: 1})
	}
	return w
}

func (w *world) start(id string) {
	journal, kept, err := OpenJournal(w.files, "/"+id)
	if err != nil {
		w.t.Fatal(err)
	}
	w.journal[id] = journal
	w.members[id] = New(id, w.rules, w.config, kept, w.now)
}

func (w *world) ask(from string) Ask {
	return func(to Peer, message Message) (Reply, error) {
		if w.busy[to.ID] {
			w.t.Fatalf("%s calls %s, which is in a call", from, to.ID)
		}
		if w.cut[from] || w.cut[to.ID] {
			return Reply{}, errors.New("timed out")
		}
		if _, runs := w.members[to.ID]; !runs {
			return Reply{}, Gone{"refused"}
		}
		message, ok := ParseMessage(message.Encode())
		if !ok {
			w.t.Fatal("a message that cannot be read")
		}
		var reply Reply
		w.do(to.ID, func(m Member, ask Ask) Member {
			m, reply = m.Serve(w.now, message, ask)
			return m
		})
		reply, _ = ParseReply(reply.Encode())
		return reply, nil
	}
}

// do lets a member act, and saves what it has done.
func (w *world) do(id string, step func(Member, Ask) Member) Member {
	w.busy[id] = true
	before := w.members[id]
	after := step(before, w.ask(id))
	delete(w.busy, id)
	journal, err := w.journal[id].Save(w.files, before, after)
	if err != nil {
		w.t.Fatal(err)
	}
	w.journal[id], w.members[id] = journal, after
	if after.Established() {
		if other := w.leaders[after.Term]; other != "" && other != id {
			w.t.Fatalf("term %d is led by %s and by %s", after.Term, other, id)
		}
		w.leaders[after.Term] = id
	}
	return after
}

// run lets time pass.
func (w *world) run(d time.Duration) (turns int) {
	end := w.now.Add(d)
	for {
		next, who := end, ""
		for _, peer := range w.config.Peers {
			m, runs := w.members[peer.ID]
			if runs && !m.Next.IsZero() && m.Next.Before(next) {
				next, who = m.Next, peer.ID
			}
		}
		if who == "" {
			w.now = end
			return turns
		}
		if next.After(w.now) {
			w.now = next
		}
		if turns++; turns > 10000 {
			w.t.Fatal("time does not pass")
		}
		w.do(who, func(m Member, ask Ask) Member { return m.Tick(w.now, ask) })
	}
}

func (w *world) submit(id, data string) (at Position, err error) {
	w.do(id, func(m Member, ask Ask) Member {
		m, at, err = m.Submit(w.now, ask, data)
		return m
	})
	return at, err
}

// leader is the one that leads with a majority behind it.
func (w *world) leader() string {
	found, term := "", uint64(0)
	for id, m := range w.members {
		if m.Established() && m.Term > term {
			found, term = id, m.Term
		}
	}
	return found
}
