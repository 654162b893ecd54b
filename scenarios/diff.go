package scenarios

import (
	"fmt"
	"strings"
)

// Diff shows where an output differs from the expected one, line by line. It is empty when nothing does.
type Diff struct {
	Lines []DiffLine
}

// DiffLine is one line of a Diff.
type DiffLine struct {
	Kind DiffKind
	Line // Number is 0 for a Printed line
}

// DiffKind says on which side a line stands.
type DiffKind byte

// The kinds, as Diff.Text shows them.
const (
	Both    DiffKind = ' ' // as expected; Text is the page's
	Missing DiffKind = '-' // in the page and not printed
	Printed DiffKind = '+' // printed and not in the page
)

const (
	diffContext = 3       // equal lines shown around a difference
	maxAligned  = 1 << 20 // expected lines times printed lines up to which the smallest difference is sought
	maxShown    = 200     // lines of a diff that are shown
)

// What a difference costs in an alignment. An expected line that is not there costs most, or else a "..." would swallow
// what should have been held against it.
const (
	costMissing  = 3
	costPrinted  = 2
	costReplaced = 3
)

// Text is the diff for people: a heading with file and line, the expected lines behind their place in the page, - before what
// was not printed and + before what was printed instead. step is the one whose output it is.
func (d Diff) Text(file string, step *Step) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s:%d: the output is not what the page says (- expected, + printed)\n", file, d.firstLine(step))
	place := func(number int) string { return fmt.Sprintf("%s:%d", file, number) }
	width := len(place(step.EndLine))
	for _, line := range d.Lines {
		width = max(width, len(place(line.Number)))
	}
	shown := 0
	for i, line := range d.Lines {
		if line.Kind == Both && !d.near(i) {
			if i == 0 || d.near(i-1) {
				text.WriteString("  ...\n")
			}
			continue
		}
		if shown++; shown > maxShown {
			fmt.Fprintf(&text, "  and %d lines more\n", len(d.Lines)-i)
			break
		}
		at := ""
		if line.Kind != Printed {
			at = place(line.Number)
		}
		text.WriteString(strings.TrimRight(fmt.Sprintf("  %-*s  %c %s", width, at, line.Kind, line.Text), " ") + "\n")
	}
	return text.String()
}

// firstLine is the page's line at which the first difference is: the expected line, or the one above the printed line.
func (d Diff) firstLine(step *Step) int {
	number := step.EndLine
	for _, line := range d.Lines {
		switch line.Kind {
		case Both:
			number = line.Number
		case Missing:
			return line.Number
		case Printed:
			return number
		}
	}
	return number
}

// near says whether line i is close enough to a difference to be shown.
func (d Diff) near(i int) bool {
	for j := max(0, i-diffContext); j <= i+diffContext && j < len(d.Lines); j++ {
		if d.Lines[j].Kind != Both {
			return true
		}
	}
	return false
}

// difference makes the diff of two outputs that do not match.
func difference(want, got []comparedLine) Diff {
	var lines, printed []DiffLine
	flush := func() {
		lines = append(lines, printed...)
		printed = nil
	}
	for _, pair := range align(want, got) {
		switch {
		case pair.want < 0:
			printed = append(printed, DiffLine{Kind: Printed, Line: got[pair.got].Line})
		case pair.same:
			flush()
			lines = append(lines, DiffLine{Kind: Both, Line: want[pair.want].Line})
		default:
			lines = append(lines, DiffLine{Kind: Missing, Line: want[pair.want].Line})
			if pair.got >= 0 {
				printed = append(printed, DiffLine{Kind: Printed, Line: got[pair.got].Line})
			}
		}
	}
	flush()
	return Diff{Lines: lines}
}

// pair is one row of an alignment: an expected line, a printed line, or both side by side.
type pair struct {
	want, got int  // indexes; -1 where the side is empty
	same      bool // the page's line stands as it is: it equals the printed one, or it is "..." (then got is -1)
}

// align lays two outputs side by side with as few differing lines as possible. Lines that a "..." stands for are left out.
func align(want, got []comparedLine) []pair {
	if (len(want)+1)*(len(got)+1) > maxAligned {
		return alignTop(want, got)
	}
	columns := len(got) + 1
	cost := make([]int32, (len(want)+1)*columns) // of aligning want[i:] with got[j:]
	for i := len(want); i >= 0; i-- {
		for j := len(got); j >= 0; j-- {
			cost[i*columns+j] = bestCost(cost, columns, i, j, want, got)
		}
	}
	var pairs []pair
	for i, j := 0, 0; i < len(want) || j < len(got); {
		here := cost[i*columns+j]
		both := i < len(want) && j < len(got)
		switch {
		case i < len(want) && want[i].wildcard:
			end := endOfAny(cost, columns, i, j, want, got)
			pairs = append(pairs, pair{want: i, got: -1, same: true})
			i, j = i+1, end
		case both && here == cost[(i+1)*columns+j+1] && same(&want[i], &got[j]):
			pairs = append(pairs, pair{i, j, true})
			i, j = i+1, j+1
		case both && here == cost[(i+1)*columns+j+1]+costReplaced:
			pairs = append(pairs, pair{i, j, false})
			i, j = i+1, j+1
		case i < len(want) && here == cost[(i+1)*columns+j]+costMissing:
			pairs = append(pairs, pair{i, -1, false})
			i++
		default:
			pairs = append(pairs, pair{-1, j, false})
			j++
		}
	}
	return pairs
}

// endOfAny gives the printed line at which the "..." at want[i] ends when it begins at got[j]. Of several places that cost the
// same it takes one where the expected line below it equals the printed one, or else stands beside one, and of these the last.
func endOfAny(cost []int32, columns, i, j int, want, got []comparedLine) int {
	best, end := -1, j
	for k := j; k <= len(got); k++ {
		here := cost[(i+1)*columns+k]
		if here != cost[i*columns+j] {
			continue
		}
		rank := 0
		if i+1 < len(want) && k < len(got) && !want[i+1].wildcard {
			switch {
			case same(&want[i+1], &got[k]):
				rank = 2
			case here == cost[(i+2)*columns+k+1]+costReplaced:
				rank = 1
			}
		}
		if rank >= best {
			best, end = rank, k
		}
	}
	return end
}

func bestCost(cost []int32, columns, i, j int, want, got []comparedLine) int32 {
	switch {
	case i == len(want):
		return costPrinted * int32(len(got)-j)
	case want[i].wildcard:
		best := cost[(i+1)*columns+j]
		if j < len(got) {
			best = min(best, cost[i*columns+j+1])
		}
		return best
	case j == len(got):
		return cost[(i+1)*columns+j] + costMissing
	}
	replace := cost[(i+1)*columns+j+1]
	if !same(&want[i], &got[j]) {
		replace += costReplaced
	}
	return min(replace, cost[(i+1)*columns+j]+costMissing, cost[i*columns+j+1]+costPrinted)
}

// alignTop serves outputs too long to seek the smallest difference: equal lines at the top, then one block against the other.
func alignTop(want, got []comparedLine) []pair {
	var pairs []pair
	n := 0
	for n < len(want) && n < len(got) && !want[n].wildcard && same(&want[n], &got[n]) {
		pairs = append(pairs, pair{n, n, true})
		n++
	}
	for i := n; i < len(want); i++ {
		pairs = append(pairs, pair{i, -1, false})
	}
	for j := n; j < len(got); j++ {
		pairs = append(pairs, pair{-1, j, false})
	}
	return pairs
}
