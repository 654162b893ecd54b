package galera

import (
	"slices"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/sql"
)

// watch looks whether the next member of the view is there. Each looks after the next, so every loss is seen by somebody on each side of it.
func (n node) watch(r *app.Run) {
	s := r.State.(state)
	if len(s.view.Members) < 2 {
		return
	}
	at := slices.IndexFunc(s.view.Members, func(m member) bool { return m.ID == s.id })
	next := s.view.Members[(at+1)%len(s.view.Members)]
	if !n.there(r, next) {
		n.regroup(r)
	}
}

// there says whether a member answers and has the same view.
func (n node) there(r *app.Run, m member) bool {
	answer, ok := n.ask(r, m.Address, message{})
	return ok && answer.Self.ID == m.ID && answer.View.Number == r.State.(state).view.Number
}

// regroup makes a new view of those who still answer.
func (n node) regroup(r *app.Run) {
	s := r.State.(state)
	var left []member
	for _, m := range s.view.Members {
		if m.ID == s.id || n.there(r, m) {
			left = append(left, m)
			continue
		}
		mysql.Note(r, "Note", "WSREP: declaring %s (%s) lost", m.Name, m.Address)
	}
	if len(left) == len(s.view.Members) {
		return
	}
	primary := s.view.Primary && 2*len(left) > len(s.view.Members)
	n.spread(r, newView{View: view{s.view.Number + 1, primary, left}, Group: s.group, Seqno: s.seqno})
}

// join asks a member of a Primary component to be let in.
func (n node) join(r *app.Run, address string) {
	s := r.State.(state)
	answer, ok := n.ask(r, address, message{Join: &position{s.group, s.seqno}})
	if !ok || answer.Refused != "" {
		return
	}
	n.install(r, newView{answer.View, answer.Group, answer.Seqno, answer.Donor})
	s = r.State.(state)
	if s.status != joining {
		return
	}
	s.full = answer.Full
	r.State = s
	if s.full {
		mysql.Note(r, "Note", "WSREP: State transfer required: local state %s:%d, group state %s:%d; requesting SST", orNone(s.group), s.seqno, answer.Group, answer.Seqno)
		r.WakeAt = r.System().Now().Add(sstTime)
	} else {
		mysql.Note(r, "Note", "WSREP: State transfer required: local state %s:%d, group state %s:%d; receiving IST", s.group, s.seqno, answer.Group, answer.Seqno)
	}
}

func orNone(group string) string {
	if group == "" {
		return noGroup
	}
	return group
}

// admit lets a node into the component, and finds it a donor.
func (n node) admit(r *app.Run, who member, has position) reply {
	s := r.State.(state)
	if !s.view.Primary {
		return reply{Refused: "non-Primary"}
	}
	members := append(slices.DeleteFunc(s.view.without(who.ID), func(m member) bool { return m.Name == who.Name && m.Address == who.Address }), who)
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	v := newView{View: view{s.view.Number + 1, true, members}, Group: s.group, Seqno: s.seqno}
	for _, m := range v.View.without(s.id) {
		if m.ID != who.ID {
			n.ask(r, m.Address, message{View: &v})
		}
	}
	n.install(r, v)
	s = r.State.(state)
	answer := reply{Donor: s.self(r).Address}
	if _, enough := s.missing(has); !enough {
		answer.Full = true
		if s.status == synced {
			s.status = donating
			r.State = s
			mysql.Note(r, "Note", "WSREP: Member %s requested state transfer. Selected %s as donor. Shifting SYNCED -> DONOR/DESYNCED (TO: %d)", who.Name, s.self(r).Name, s.seqno)
		}
	}
	return answer
}

// left takes a member out of the view that has said that it stops.
func (n node) left(r *app.Run, who member) {
	s := r.State.(state)
	if !s.view.has(who.ID) {
		return
	}
	n.install(r, newView{View: view{s.view.Number + 1, s.view.Primary, s.view.without(who.ID)}, Group: s.group, Seqno: s.seqno})
}

// transfer gets the state from the donor.
func (n node) transfer(r *app.Run) {
	s := r.State.(state)
	r.WakeAt = r.System().Now().Add(retry)
	has := position{s.group, s.seqno}
	answer, ok := n.ask(r, s.donor, message{State: &has})
	if !ok || answer.Refused != "" {
		s.donor = n.otherDonor(r, s)
		r.State = s
		if s.donor == "" {
			mysql.Note(r, "Warning", "WSREP: Member requested state transfer but it is impossible to select State Transfer donor: Resource temporarily unavailable")
			s.view, s.status = view{Number: s.view.Number}, initialized
			r.State = s
		}
		return
	}
	after := s.store
	var failure *sql.Error
	if answer.Full {
		decoded, err := sql.DecodeStore(answer.Data)
		if err != nil {
			n.abort(r, "WSREP: SST failed: %v", err)
			return
		}
		after = decoded
	}
	for _, w := range answer.Writes {
		if after, failure = after.Apply(w.Changes); failure != nil {
			n.abort(r, "WSREP: IST failed: %s", failure.Message)
			return
		}
	}
	if failure = sql.Save(r.System().Files(), s.config.Directory(), s.store, after); failure != nil {
		n.abort(r, "WSREP: could not keep the state: %s", failure.Message)
		return
	}
	kind := "IST"
	if answer.Full {
		kind = "SST"
		s.cache = nil
	}
	s.store, s.group, s.seqno = after, answer.Group, answer.Seqno
	s.cache = append(slices.Clip(s.cache), answer.Writes...)
	mysql.Note(r, "Note", "WSREP: %s received: %s:%d", kind, s.group, s.seqno)
	n.sync(r, s)
}

// otherDonor is a member that can give the state; "" when there is none.
func (n node) otherDonor(r *app.Run, s state) string {
	for _, m := range s.view.without(s.id) {
		if answer, ok := n.ask(r, m.Address, message{}); ok && answer.View.Primary && (answer.Status == synced || answer.Status == donating) {
			return m.Address
		}
	}
	return ""
}
