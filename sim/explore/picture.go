package explore

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// picture notes how everybody is now.
func (n *narrator) picture() {
	view := n.l.c.View()
	seen := map[string]bool{}
	note := func(order, name, where string, state State) {
		seen[order] = true
		row, known := n.rows[order]
		if !known {
			row = &Row{Name: name}
			n.rows[order] = row
		}
		if where != "" && !slices.Contains(strings.Split(row.Note, ", "), where) {
			row.Note = strings.TrimPrefix(row.Note+", "+where, ", ")
		}
		n.turn(row, state)
	}
	for i, set := range n.l.w.sets {
		for pod := range store.List[*corev1.Pod](view, set.Namespace) {
			if owner, ordinal, _ := cutLast(pod.Name); owner == set.Name && ordinalText.MatchString(ordinal) {
				note(orderOf(i, ordinal, ""), called(api.NameOf(pod)), pod.Spec.NodeName, podState(pod))
			}
		}
	}
	for _, ghost := range n.l.c.Ghosts() {
		set, ordinal, _ := cutLast(ghost.Pod.Name)
		i := slices.Index(n.l.w.sets, api.Name{Namespace: ghost.Pod.Namespace, Name: set})
		if ghost.Deleted && i >= 0 {
			note(orderOf(i, ordinal, string(ghost.UID)), "  a former "+called(ghost.Pod), ghost.Node, Ghost)
		}
	}
	for _, name := range n.nodes {
		node, found := store.Get[*corev1.Node](view, "", name)
		state := Absent
		if found {
			state = nodeState(view, node)
		}
		note("~"+name, name, "", state)
	}
	for order, row := range n.rows { // in any order: each row by itself
		if !seen[order] {
			n.turn(row, Absent)
		}
	}
}

// orderOf sorts rows: by set, ordinal, and then what is left of earlier Pods of the name. Nodes come after all of them.
func orderOf(set int, ordinal, uid string) string {
	return fmt.Sprintf("%06d %20s %s", set, ordinal, uid)
}

// turn lets a row be in a state from now on.
func (n *narrator) turn(row *Row, state State) {
	now := n.l.now()
	last := len(row.Spans) - 1
	switch {
	case last < 0 && state == Absent, last >= 0 && row.Spans[last].State == state:
		return
	case last >= 0 && row.Spans[last].From == now:
		row.Spans[last].State = state
		return
	case last >= 0:
		row.Spans[last].To = now
	}
	row.Spans = append(row.Spans, Span{From: now, State: state})
}

// close ends all rows, and puts them in order.
func (n *narrator) close(t *Tale) {
	var orders []string
	for order := range n.rows {
		orders = append(orders, order)
	}
	slices.Sort(orders)
	for _, order := range orders {
		row := n.rows[order]
		if last := len(row.Spans) - 1; last >= 0 {
			row.Spans[last].To = t.End
		}
		t.Rows = append(t.Rows, *row)
	}
}

func nodeState(view store.View, node *corev1.Node) State {
	if machine, found := store.GetRow[*container.Machine](view, container.Machines, node.Name); found {
		switch {
		case !machine.Powered:
			return Off
		case !machine.Connected:
			return Cut
		}
	}
	switch {
	case !nodeReady(node):
		return NotReady
	case node.Spec.Unschedulable:
		return Cordoned
	}
	return Ready
}
