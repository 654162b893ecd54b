package scenarios

import (
	"slices"
	"strings"

	"github.com/stsim/stsim/sim/kernel"
)

// askable are the commands that a quiz asks for, unless the page says so of others.
var askable = []string{"kubectl", "curl", "dig", "nslookup", "getent", "why"}

// questionsOf chooses up to n steps of a page to ask for, by chance: first of those that the page calls good questions, then of those that change
// something, then of others. They are given in the order of the page.
func questionsOf(page *Page, n int, seed uint64) (chosen []int) {
	var ranks [3][]int // good, changing, reading
	seen := map[string]bool{}
	mark := (*Directive)(nil) // of the next transcript
	for _, block := range page.Blocks {
		switch block := block.(type) {
		case *Directive:
			if block.Word == Question {
				mark = block
			}
		case *Console:
			for _, step := range block.Steps {
				fits := asksWell(step) && !seen[step.Command]
				seen[step.Command] = true
				switch {
				case mark != nil && mark.Good:
					ranks[0] = append(ranks[0], step.Index)
				case mark != nil || !fits:
				case changing(step.Command):
					ranks[1] = append(ranks[1], step.Index)
				default:
					ranks[2] = append(ranks[2], step.Index)
				}
			}
			mark = nil
		}
	}
	chooser := kernel.NewSeeded(seed)
	for _, rank := range ranks {
		for len(rank) > 0 && len(chosen) < n {
			at := chooser.Choose("question", len(rank))
			chosen = append(chosen, rank[at])
			rank = slices.Delete(rank, at, at+1)
		}
	}
	slices.Sort(chosen)
	return chosen
}

// asksWell says whether a learner can be expected to find a command from what stands before it: it is one line, begins with a command that they know, and
// does not only wait or need somebody who types.
func asksWell(step *Step) bool {
	words := strings.Fields(step.Command)
	if len(words) < 2 || strings.ContainsAny(step.Command, "\n&`") || strings.Contains(step.Command, "$(") || !slices.Contains(askable, words[0]) {
		return false
	}
	if words[0] != "kubectl" {
		return true
	}
	waits := slices.Contains(words, "wait") || slices.Contains(words, "rollout") && slices.Contains(words, "status")
	return !waits && !slices.ContainsFunc(words, func(word string) bool { return word == "-it" || word == "-ti" || word == "-i" || word == "attach" })
}

// changing says whether a command is one of those that change something.
func changing(command string) bool {
	words := strings.Fields(command)
	return slices.ContainsFunc(words[:min(len(words), 4)], func(word string) bool {
		return slices.Contains([]string{"apply", "create", "delete", "scale", "patch", "edit", "replace", "label", "annotate", "set", "run", "expose", "cordon", "uncordon", "drain", "taint", "rollout"}, word)
	})
}

// hints are what is told of a command, more each time: what it begins with, what it is about, all of it.
func hints(command string) []string {
	first, _, more := strings.Cut(command, "\n")
	words := strings.Fields(first)
	start := words[:min(len(words), 1+btoi(words[0] == "kubectl"))]
	var about []string
	left := false // words were left out
	for i := 0; i < len(words); i++ {
		switch flag := strings.HasPrefix(words[i], "-"); {
		case flag && slices.Contains([]string{"-n", "--namespace", "-c", "-f", "-l", "-o", "-p"}, words[i]):
			i++
			left = true
		case flag || strings.ContainsAny(words[i], `'"{|`):
			left = true
			if strings.ContainsAny(words[i], `'"{|`) || words[i] == "--" {
				i = len(words) // the rest is one argument, or another command
			}
		default:
			about = append(about, words[i])
		}
	}
	list := []string{strings.Join(start, " ") + " ..."}
	if second := strings.Join(about, " ") + pick(left || more, " ...", ""); len(about) > len(start) {
		list = append(list, second)
	}
	if list[len(list)-1] != command {
		list = append(list, command)
	}
	return list
}

func btoi(truth bool) int {
	if truth {
		return 1
	}
	return 0
}
