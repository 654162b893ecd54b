package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// comparable is what counts of an object that a controller sends: what the API adds anyway is added, and what differs without meaning
// (versions, the order in which upstream's map of claims yields volumes) is taken away.
func (s *server) comparable(verb string, object api.Object) string {
	if verb == "delete" {
		return ""
	}
	object = api.Copy(object)
	s.world.settings.Release.Default(object)
	api.Stamp(object)
	object.SetResourceVersion("")
	object.SetUID("")
	object.SetGeneration(0)
	object.SetCreationTimestamp(metav1.Time{})
	owners := object.GetOwnerReferences()
	for i := range owners {
		owners[i].UID = s.whose(owners[i])
	}
	object.SetOwnerReferences(owners)
	var counts any = object
	switch object := object.(type) {
	case *corev1.Pod:
		slices.SortStableFunc(object.Spec.Volumes, func(a, b corev1.Volume) int { return strings.Compare(a.Name, b.Name) })
	case *appsv1.StatefulSet:
		counts = object.Status // the controller writes nothing else
	}
	text, err := json.MarshalIndent(counts, "", "  ")
	must(err)
	return string(text)
}

// whose says whether a reference's uid is that of the object of its name: uids of objects that were made during the sync may differ.
func (s *server) whose(reference metav1.OwnerReference) api.UID {
	kind := api.KindNamed(reference.Kind)
	if kind == nil || reference.UID == "" {
		return reference.UID
	}
	if owner, found := s.tx.Object(kind, namespace, reference.Name); found && owner.GetUID() == reference.UID {
		return "current"
	}
	return reference.UID
}

// outcome is what one controller did in one sync.
type outcome struct {
	calls   []call
	events  []string
	failed  bool // the sync is tried again after a back-off
	requeue time.Duration
}

func (s *server) outcome(requeue time.Duration, err error) outcome {
	return outcome{calls: s.calls, events: slices.Sorted(slices.Values(s.events)), failed: err != nil, requeue: requeue}
}

// eventText is an event in one line. What an error quotes beyond its first line does not count, nor the order of several errors.
func eventText(kind, reason, message string) string {
	message, _, _ = strings.Cut(message, "\n")
	if before, list, several := strings.Cut(message, "["); several {
		inside, after, _ := strings.Cut(list, "]")
		errors := strings.Split(inside, ", ")
		slices.Sort(errors)
		message = before + "[" + strings.Join(errors, ", ") + "]" + after
	}
	return kind + " " + reason + ": " + message
}

// align puts the calls of both in an order in which they can be compared: what upstream does at the same time, in the order of
// ordinals; and the claims of one Pod, which upstream makes in the order of a map, in that of their names.
func align(ours, theirs []call) {
	for start := 0; start < len(ours); {
		end := start + 1
		several := false
		for end < len(ours) && ours[end].batch == ours[start].batch {
			several = several || ours[end].part != ours[start].part
			end++
		}
		for _, calls := range [][]call{ours, theirs} {
			chunk := calls[min(start, len(calls)):min(end, len(calls))]
			if several {
				slices.SortStableFunc(chunk, func(a, b call) int { return ordinal(a.name) - ordinal(b.name) })
			}
		}
		start = end
	}
	for _, calls := range [][]call{ours, theirs} {
		sortClaims(calls)
	}
}

func sortClaims(calls []call) {
	creates := func(c call) bool { return c.verb == "create" && c.kind == "PersistentVolumeClaim" }
	for start := 0; start < len(calls); start++ {
		end := start
		for end < len(calls) && creates(calls[end]) && ordinal(calls[end].name) == ordinal(calls[start].name) {
			end++
		}
		slices.SortFunc(calls[start:end], func(a, b call) int { return strings.Compare(a.name, b.name) })
		start = max(start, end-1)
	}
}

func ordinal(name string) int {
	number, err := strconv.Atoi(name[strings.LastIndexByte(name, '-')+1:])
	if err != nil {
		return 1 << 30
	}
	return number
}

// comparison tells how two outcomes differ; empty when they do not.
func comparison(ours, theirs outcome) string {
	align(ours.calls, theirs.calls)
	for i := range max(len(ours.calls), len(theirs.calls)) {
		a, b := at(ours.calls, i), at(theirs.calls, i)
		if a.title() != b.title() {
			return fmt.Sprintf("request %d: ours %q, upstream %q", i+1, a.title(), b.title())
		}
		if a.object != b.object {
			return fmt.Sprintf("request %d, %s: - ours, + upstream\n%s", i+1, a.title(), cmp.Diff(a.object, b.object))
		}
	}
	if !slices.Equal(ours.events, theirs.events) {
		return "events: - ours, + upstream\n" + cmp.Diff(ours.events, theirs.events)
	}
	if ours.failed != theirs.failed {
		return fmt.Sprintf("failed: ours %v, upstream %v", ours.failed, theirs.failed)
	}
	if ours.requeue != theirs.requeue {
		return fmt.Sprintf("look again: ours after %v, upstream after %v", ours.requeue, theirs.requeue)
	}
	return ""
}

func at(calls []call, i int) call {
	if i < len(calls) {
		return calls[i]
	}
	return call{}
}

func (c call) title() string {
	if c.verb == "" {
		return ""
	}
	title := c.verb + " " + c.kind + " " + c.name
	if c.err != nil {
		problem, _, _ := strings.Cut(c.err.Error(), "\n")
		title += ": " + problem
	}
	return title
}

// lines are an outcome as it is shown.
func (o outcome) lines() (lines []string) {
	for _, call := range o.calls {
		lines = append(lines, call.title())
	}
	lines = append(lines, o.events...)
	if o.failed {
		lines = append(lines, "failed: try again")
	}
	if o.requeue != 0 {
		lines = append(lines, "look again after "+o.requeue.String())
	}
	return lines
}

// brief are the requests, when both made the same.
func (o outcome) brief() string {
	var text strings.Builder
	for _, call := range o.calls {
		fmt.Fprintf(&text, "      %s\n", call.title())
	}
	return text.String()
}

// sideBySide shows ours at the left and upstream's at the right, with a mark between lines that differ.
func sideBySide(ours, theirs outcome) string {
	const width = 88
	left, right := ours.lines(), theirs.lines()
	var text strings.Builder
	for i := range max(len(left), len(right)) {
		var a, b string
		if i < len(left) {
			a = left[i]
		}
		if i < len(right) {
			b = right[i]
		}
		mark := " "
		if a != b {
			mark = "|"
		}
		fmt.Fprintf(&text, "      %-*s %s %s\n", width, a, mark, b)
	}
	return text.String()
}
