package control

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// A failure ends a Plan, but for what is always made and for the other parts of the same batch.
func TestCarry(t *testing.T) {
	write := func(name string, batch, part int) Write {
		return Write{Verb: Create, Object: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}}, Batch: batch, Part: part,
			Success: &Event{Message: name + " done"}, Failure: failing(Event{Message: name + " failed: {error}"})}
	}
	with := func(main Write, meanwhile ...Write) Write {
		main.Meanwhile = meanwhile
		return main
	}
	tally := Write{Verb: Update, Always: true, Success: &Event{Message: "{name} done"}, Tally: func(_ error, made int) api.Object {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("made", made)}}
	}}
	always, tolerant := write("always", 9, 0), write("gone", 0, 0)
	always.Always, tolerant.Tolerate = true, []string{"NotFound"}
	again := func(tries int) Write {
		again := write("busy", 0, 0)
		again.Tries, again.Again = tries, failing(Event{Message: "busy, again"})
		return again
	}
	for _, c := range []struct {
		what   string
		writes []Write
		events string
		fails  bool
	}{
		{"all is well", []Write{write("a", 0, 0), write("b", 0, 0)}, "a done; b done", false},
		{"one after the other", []Write{write("a", 0, 0), write("bad", 0, 0), write("c", 0, 0), always}, "a done; bad failed: no; always done", true},
		{"in batches", []Write{write("a", 1, 0), write("bad", 2, 0), write("a2", 2, 0), write("b", 2, 1), write("c", 3, 0)}, "a done; bad failed: no; b done", true},
		{"two failures in a batch", []Write{write("bad", 1, 0), write("bad", 1, 1), write("b", 1, 1), write("c", 1, 2)}, "bad failed: no; bad failed: no; c done", true},
		{"what is tolerated", []Write{tolerant, write("b", 0, 0)}, "gone done; b done", false},
		{"a group, whose members do not wait", []Write{{Group: []Write{write("bad", 0, 0), {Refused: errors.New("in the way")}, write("c", 0, 0)},
			Failure: failing(Event{Message: "group failed: {error}"})}, write("d", 0, 0)}, "bad failed: no; c done; group failed: [no, in the way]", true},
		{"meanwhile", []Write{with(write("a", 0, 0), write("m", 0, 0)), with(write("bad", 0, 0), write("n", 0, 0))}, "m done; a done; n done; bad failed: no", true},
		{"a failure meanwhile", []Write{with(write("a", 0, 0), write("bad", 0, 0), write("m", 0, 0)), write("b", 0, 0)}, "bad failed: no", true},
		{"a taken name meanwhile", []Write{with(write("taken", 0, 0), write("m", 0, 0))}, "", true},
		{"a tally", []Write{write("a", 0, 0), write("bad", 0, 0), write("c", 0, 0), tally}, "a done; bad failed: no; made1 done", true},
		{"somebody else is faster twice", []Write{again(3), write("b", 0, 0)}, "busy, again; busy, again; busy done; b done", false},
		{"somebody else is faster once too often", []Write{again(2), write("b", 0, 0)}, "busy, again; busy failed: Operation cannot be fulfilled on pods \"busy\": wait", true},
		{"a taken name is a failure nobody tells of", []Write{write("taken", 0, 0), write("b", 0, 0)}, "", true},
	} {
		var events []string
		busy := 2
		problem := Plan{Writes: c.writes}.Carry(func(write Write) error {
			switch resource := corev1.Resource("pods"); write.Object.GetName() {
			case "bad":
				return errors.New("no")
			case "gone":
				return apierrors.NewNotFound(resource, "gone")
			case "taken":
				return apierrors.NewAlreadyExists(resource, "taken")
			case "busy":
				if busy--; busy >= 0 {
					return apierrors.NewConflict(resource, "busy", errors.New("wait"))
				}
			}
			return nil
		}, func(event Event) { events = append(events, event.Message) }, func(Write, error) {})
		if found := strings.Join(events, "; "); found != c.events || (problem != nil) != c.fails {
			t.Errorf("%s: events %q, problem %v", c.what, found, problem)
		}
	}
}
