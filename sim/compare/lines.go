package compare

import (
	"fmt"
	"strings"
)

// maxNames is how many names are told of objects of which the same is so.
const maxNames = 4

// Lines set changes, what is so of several objects of a kind in one line. There are at most limit lines; the last one then says how many
// changes it leaves out.
func Lines(changes []Change, limit int) (lines []string) {
	type group struct{ kind, text string }
	var order []group
	names := map[group][]string{}
	for _, change := range changes {
		key := group{change.Kind, change.Text}
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], in(change.Namespace, change.Name))
	}
	told := 0
	for i, key := range order {
		if i == limit-1 && len(order) > limit {
			return append(lines, "and "+counted(len(changes)-told, "more change", "more changes"))
		}
		told += len(names[key])
		lines = append(lines, fmt.Sprintf("%s %s: %s", plural(key.kind, len(names[key])), listed(names[key]), key.text))
	}
	return lines
}

// listed is a list of names, not all of them if there are many.
func listed(names []string) string {
	if more := len(names) - maxNames; more > 1 {
		return strings.Join(names[:maxNames], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// plural of a kind.
func plural(kind string, n int) string {
	switch {
	case n == 1:
		return kind
	case kind == "Volume of claim":
		return "Volumes of claims"
	case strings.HasSuffix(kind, "ss"), strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "cy"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}
