package explore

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// told says an operation as people type it, or as it befalls them.
func (w *World) told(o Operation) string {
	if o.Verb == "drain" {
		return "kubectl drain " + o.Name
	}
	verb := verbNamed(o.Verb)
	if verb.shell == nil {
		if fault, err := sim.ParseFault(o.String()); err == nil {
			return fault.Told()
		}
		return o.String()
	}
	return strings.TrimSuffix(verb.shell(w, o), " --wait=false")
}

// oddly says an odd answer in words. The record is of the event in which it was given; nil when there is none.
func (w *World) oddly(answer kernel.Answer, record *sim.Record) string {
	word, rest, _ := strings.Cut(answer.Label, " ")
	who, key, _ := strings.Cut(rest, " ")
	about := strings.TrimPrefix(key, "default/")
	look := fmt.Sprintf("%s's %s look at %s", doer(who), kernel.Ordinal(answer.Nth+1), about)
	disorder := w.empty.Options().Disorder
	switch {
	case word == "late" && who == "container":
		return fmt.Sprintf("the container runtime's %s event of %s comes %s late", kernel.Ordinal(answer.Nth+1), about, short(disorder.Late[answer.Taken-1]))
	case word == "late":
		return fmt.Sprintf("%s comes %s late", look, short(disorder.Late[answer.Taken-1]))
	case word == "stale" && answer.Taken == 1:
		return look + " sees the cluster as it was 1 change ago"
	case word == "stale":
		return fmt.Sprintf("%s sees the cluster as it was %d changes ago", look, answer.Taken)
	case word == "request":
		return fmt.Sprintf("%s %s", request(who, about, answer, record), pick(answer.Taken == 1, "does not arrive", "is carried out, but its answer gets lost"))
	}
	return fmt.Sprintf("%s, for the %s time: way %d", answer.Label, kernel.Ordinal(answer.Nth+1), answer.Taken)
}

// request names the request of a loop that went wrong.
func request(who, about string, answer kernel.Answer, record *sim.Record) string {
	if record != nil {
		for _, written := range record.Writes {
			if written.Error != nil {
				return fmt.Sprintf("%s's request to %s %s %s", doer(who), written.Verb, written.Kind, called(written.Name))
			}
		}
	}
	return fmt.Sprintf("%s's %s request about %s", doer(who), kernel.Ordinal(answer.Nth+1), about)
}
