package quorum

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestElection tells who leads when members start, stop, fall silent and come back.
func TestElection(t *testing.T) {
	w := newWorld(t, true, 3)
	expect := func(leader string, term uint64) {
		t.Helper()
		if got := w.leader(); got != leader || got != "" && w.members[got].Term != term {
			t.Fatalf("expected %q to lead in term %d, found %q: %+v", leader, term, got, w.members[got].Term)
		}
	}
	w.start("m2")
	w.run(time.Minute)
	expect("", 0) // one of three is no majority
	w.start("m1")
	w.run(3 * time.Second)
	expect("m1", 1)
	w.start("m0")
	w.run(3 * time.Second)
	expect("m1", 1) // a newcomer joins
	if turns := w.run(time.Minute); turns > 66 {
		t.Errorf("a quiet minute of three members takes %d turns", turns)
	}
	if _, err := w.submit("m0", "one"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"m0", "m1", "m2"} {
		if m := w.members[id]; m.Commit != 2 || m.Log.Entry(2).Data != "one" {
			t.Errorf("%s: expected what was written through m0, found %+v", id, m.Log)
		}
	}
	delete(w.members, "m1") // a crash is noticed by its broken connections
	w.run(6 * time.Second)
	expect("m0", 2)
	w.start("m1")
	w.run(3 * time.Second)
	w.cut["m0"] = true // silence takes longer
	w.run(8 * time.Second)
	if m := w.members["m0"]; m.Role != Leading {
		t.Errorf("a leader steps down before its time: %v", m.Role)
	}
	if _, err := w.submit("m0", "lost"); !errors.Is(err, ErrNoAgreement) {
		t.Errorf("expected no agreement, found %v", err)
	}
	w.run(6 * time.Second)
	expect("m1", 3)
	if m := w.members["m0"]; m.Role != Looking {
		t.Errorf("expected the leader that is cut off to have stepped down, found %v", m.Role)
	}
	if _, err := w.submit("m2", "two"); err != nil {
		t.Fatal(err)
	}
	w.cut = map[string]bool{}
	w.run(3 * time.Second)
	if m := w.members["m0"]; m.Leader != "m1" || m.Log.Entry(m.Log.Len()).Data != "two" {
		t.Errorf("expected m0 to have dropped what nobody agreed on, found %+v", m.Log)
	}
	w.do("m1", func(m Member, ask Ask) Member { return m.Resign(w.now, ask) })
	delete(w.members, "m1") // a stop in good order is noticed at once
	w.run(100 * time.Millisecond)
	expect("m0", 4)
}

// TestGroupFromOneMember: a group that begins with one member, which adds the others.
func TestGroupFromOneMember(t *testing.T) {
	w := newWorld(t, false, 3)
	all := w.config
	w.config = Config{}
	for _, peer := range all.Peers {
		w.start(peer.ID)
	}
	w.config = all // for run
	w.run(time.Minute)
	w.do("m0", func(m Member, _ Ask) Member {
		m, err := m.Bootstrap(w.now, Config{Version: 1, Peers: all.Peers[:1]})
		if err != nil {
			t.Fatal(err)
		}
		return m
	})
	w.run(time.Second)
	for n := 2; n <= 3; n++ {
		w.do("m0", func(m Member, ask Ask) Member {
			if _, err := m.Reconfigure(w.now, ask, Config{Version: 9, Peers: append(all.Peers[:1:1], Peer{ID: "x", Voter: true}, Peer{ID: "y", Voter: true})}, false); err == nil {
				t.Error("two voters at once are taken")
			}
			m, err := m.Reconfigure(w.now, ask, Config{Version: n, Peers: all.Peers[:n]}, false)
			if err != nil {
				t.Fatal(err)
			}
			return m
		})
	}
	w.run(3 * time.Second)
	if _, err := w.submit("m2", "x"); err != nil {
		t.Fatal(err)
	}
	w.cut["m0"] = true
	w.run(15 * time.Second)
	if w.leader() != "m1" || w.members["m1"].Config().Version != 3 {
		t.Errorf("expected m1 to lead version 3, found %q", w.leader())
	}
}

// TestHistories: whatever befalls the members, no term has two leaders, members agree on what is agreed, and what was acknowledged is there when all is over.
func TestHistories(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.SampledFrom([]int{1, 3, 4, 5}).Draw(rt, "members")
		w := newWorld(t, rapid.Bool().Draw(rt, "attached"), n)
		for _, peer := range w.config.Peers {
			w.start(peer.ID)
		}
		type acknowledged struct {
			at   Position
			data string
		}
		var promises []acknowledged
		for i := range rapid.IntRange(5, 60).Draw(rt, "steps") {
			id := w.config.Peers[rapid.IntRange(0, n-1).Draw(rt, "who")].ID
			_, runs := w.members[id]
			switch step := rapid.IntRange(0, 9).Draw(rt, "step"); {
			case step < 3:
				w.run(time.Duration(rapid.IntRange(1, 15000).Draw(rt, "ms")) * time.Millisecond)
			case step < 6 && runs:
				data := fmt.Sprint(i)
				if at, err := w.submit(id, data); err == nil {
					promises = append(promises, acknowledged{at, data})
				}
			case step == 6:
				w.cut[id] = !w.cut[id]
			case step == 7 && runs:
				delete(w.members, id)
			case step == 8 && runs && !w.cut[id]:
				w.do(id, func(m Member, ask Ask) Member { return m.Resign(w.now, ask) })
				delete(w.members, id)
			case !runs:
				w.start(id)
			}
			w.agree()
		}
		w.cut = map[string]bool{}
		for _, peer := range w.config.Peers {
			if _, runs := w.members[peer.ID]; !runs {
				w.start(peer.ID)
			}
		}
		w.run(time.Minute)
		w.agree()
		leader := w.members[w.leader()]
		if leader.ID == "" {
			rt.Fatalf("nobody leads when all is well")
		}
		for _, promise := range promises {
			if !leader.Log.Has(promise.at) || leader.Log.Entry(promise.at.Index).Data != promise.data {
				rt.Fatalf("%+v was acknowledged and is lost", promise)
			}
		}
		for id, m := range w.members {
			if m.Commit != leader.Commit || m.Log.Last() != leader.Log.Last() {
				rt.Errorf("%s did not catch up: %+v, the leader has %+v", id, m.Log.Last(), leader.Log.Last())
			}
		}
	})
}

// agree checks that what two members hold for agreed is the same.
func (w *world) agree() {
	for _, a := range w.members {
		for _, b := range w.members {
			if index := min(a.Commit, b.Commit); index > 0 && a.Log.At(index) != b.Log.At(index) {
				w.t.Fatalf("%s and %s hold different things for agreed at %d", a.ID, b.ID, index)
			}
		}
	}
}

// TestAnOldValueGoesOnByItself: what a member was can be taken up again, as a fork does.
func TestAnOldValueGoesOnByItself(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var logs []Log
		var want [][]Entry
		logs, want = append(logs, Log{}), append(want, nil)
		for i := range 40 {
			from := rapid.IntRange(0, len(logs)-1).Draw(rt, "from")
			l, entries := logs[from], want[from]
			if rapid.Bool().Draw(rt, "cut") {
				length := rapid.IntRange(0, len(entries)).Draw(rt, "length")
				l, entries = l.Cut(uint64(length)), entries[:length:length]
			}
			for range rapid.IntRange(0, 150).Draw(rt, "more") {
				e := Entry{Term: uint64(i), Data: fmt.Sprint(i)}
				l, entries = l.With(e), append(entries[:len(entries):len(entries)], e)
			}
			logs, want = append(logs, l), append(want, entries)
		}
		for i, l := range logs {
			if l.Len() != uint64(len(want[i])) {
				rt.Fatalf("log %d has %d entries, expected %d", i, l.Len(), len(want[i]))
			}
			for j, e := range want[i] {
				if l.Entry(uint64(j+1)) != e {
					rt.Fatalf("log %d: entry %d is %v, expected %v", i, j+1, l.Entry(uint64(j+1)), e)
				}
			}
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add("{\"term\":1,\"vote\":\"a\"}\n{\"index\":1,\"entry\":{\"t\":1}}\n{\"index\":1}\n")
	f.Fuzz(func(t *testing.T, text string) {
		kept, err := parseJournal(text)
		if err != nil {
			return
		}
		again, err := parseJournal(changes(Kept{}, kept))
		if err != nil || again.Term != kept.Term || again.Vote != kept.Vote || again.Log.Len() != kept.Log.Len() {
			t.Errorf("expected %+v, found %+v: %v", kept, again, err)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add(Message{Kind: Append, From: "a", To: "m0", Term: 2, Entries: []Entry{{Term: 2, Data: "x"}}}.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if message, ok := ParseMessage(data); ok {
			m := New("m0", Rules{}, Config{Peers: []Peer{{ID: "m0"}, {ID: "a"}}}, Kept{}, begin)
			m.Serve(begin, message, func(Peer, Message) (Reply, error) { return Reply{}, Gone{} })
		}
	})
}
