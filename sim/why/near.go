package why

import (
	"strings"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// nearest is the name of the kind that is most like the one given, or empty when none is alike: at most a third of its letters differ.
func nearest(view store.View, kind *api.Kind, namespace, name string) string {
	best, least := "", len(name)/3+1
	for object := range view.Objects(kind, namespace) {
		if sameButOrdinal(name, object.GetName()) {
			continue // one who asks for web-1 does not mean web-0
		}
		if found := distance(name, object.GetName(), least); found < least && found > 0 {
			best, least = object.GetName(), found
		}
	}
	return best
}

// sameButOrdinal says whether two names differ in nothing but the number at their end.
func sameButOrdinal(x, y string) bool {
	const digits = "0123456789"
	begin := strings.TrimRight(x, digits)
	return begin == strings.TrimRight(y, digits) && strings.HasSuffix(begin, "-")
}

// distance counts the letters to put in, leave out, replace or exchange with their neighbour on the way from one word to another. Above most it
// need not be exact.
func distance(from, to string, most int) int {
	if len(from)-len(to) > most || len(to)-len(from) > most {
		return most + 1
	}
	before, row := make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		next := make([]int, len(to)+1)
		next[0] = i + 1
		for j := range to {
			change := 1
			if from[i] == to[j] {
				change = 0
			}
			next[j+1] = min(row[j]+change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(to)]
}

// elsewhere is another namespace that has an object of the name; empty when there is none.
func elsewhere(view store.View, kind *api.Kind, namespace, name string) string {
	if !kind.Namespaced {
		return ""
	}
	for object := range view.Objects(kind, "") {
		if object.GetName() == name && object.GetNamespace() != namespace {
			return object.GetNamespace()
		}
	}
	return ""
}
