package scenarios

import (
	"regexp"
	"strings"
)

// Match says whether a command printed what the page expects, and if not, where they differ. actual are the printed lines
// without line ends; blank lines at their end do not count. Rules for one line: see the package's page, and Normaliser.
//
// kubectl aligns columns, so an age that is one character longer moves its neighbours. Hence, on a line where a normaliser
// found something, and in a table (from a header line to the next blank line) where it did so anywhere, two or more spaces
// in a row are as good as any other number of two or more. Elsewhere spaces are compared as they are.
func Match(expected []Line, actual []string, normalisers Normalisers) (ok bool, diff Diff) {
	want, got := prepare(expected, actual, normalisers)
	if _, state := match(want, got, false); state == Complete {
		return true, Diff{}
	}
	return false, difference(want, got)
}

// Progress says how far a command that goes on printing has come.
type Progress int

// The states of Prefix.
const (
	Incomplete Progress = iota // all printed so far is as expected, and more lines are
	Complete                   // all expected lines have appeared
	Different                  // what was printed cannot become what is expected
)

// Prefix says whether all expected lines have appeared yet, for a command that is ended by ^C. lines counts how many of the
// printed lines they took, when the answer is Complete.
func Prefix(expected []Line, actual []string, normalisers Normalisers) (lines int, progress Progress) {
	want, got := prepare(expected, actual, normalisers)
	return match(want, got, true)
}

// comparedLine is a line in the forms in which it may equal another.
type comparedLine struct {
	Line
	wildcard   bool   // the line is "..."
	normalised string // with placeholders
	collapsed  string // normalised, and runs of spaces made two wide
	loose      bool   // collapsed counts
}

func prepare(expected []Line, actual []string, normalisers Normalisers) (want, got []comparedLine) {
	printed := make([]Line, len(actual))
	for i, text := range actual {
		printed[i] = Line{Text: strings.TrimRight(text, " \t\r")}
	}
	for n := len(printed); n > 0 && printed[n-1].Text == ""; n-- {
		printed = printed[:n-1]
	}
	want, got = prepareLines(expected, normalisers), prepareLines(printed, normalisers)
	for i := range want {
		want[i].wildcard = want[i].Text == anyLines
	}
	return want, got
}

func prepareLines(lines []Line, normalisers Normalisers) []comparedLine {
	prepared := make([]comparedLine, len(lines))
	table := -1 // index of the header of the table we are in
	for i, line := range lines {
		normalised, found := normalisers.apply(line.Text)
		prepared[i] = comparedLine{Line: line, normalised: normalised, collapsed: collapse(normalised), loose: found}
		switch {
		case line.Text == "":
			table = -1
		case table < 0 && isHeader(line.Text):
			table = i
		case found && table >= 0 && !prepared[table].loose:
			for j := table; j < i; j++ {
				prepared[j].loose = true
			}
		}
		if table >= 0 && table < i && prepared[i-1].loose {
			prepared[i].loose = true
		}
	}
	return prepared
}

var (
	spaces = regexp.MustCompile(` {2,}`)
	// kubectl's tables have column names in capitals; describe shows events below names of its own.
	header      = regexp.MustCompile(`^\s*[A-Z][A-Z0-9()%/-]*(?: [A-Z0-9()%/-]+)*(?: {2,}[A-Z][A-Z0-9()%/-]*(?: [A-Z0-9()%/-]+)*)+$`)
	eventHeader = regexp.MustCompile(`^\s*Type +Reason +Age +From +Message$`)
)

func isHeader(line string) bool { return header.MatchString(line) || eventHeader.MatchString(line) }

// collapse makes runs of spaces two wide, except the indentation.
func collapse(line string) string {
	content := strings.TrimLeft(line, " ")
	return line[:len(line)-len(content)] + spaces.ReplaceAllString(content, "  ")
}

// same says whether a printed line is as expected.
func same(want, got *comparedLine) bool {
	if want.wildcard || glob(want.Text, got.Text) || glob(want.normalised, got.normalised) {
		return true
	}
	return (want.loose || got.loose) && glob(want.collapsed, got.collapsed)
}

// glob compares a line with an expected one in which "[...]" stands for any text. Taking the leftmost place for every piece
// between two of them is enough: a later place never allows more.
func glob(pattern, text string) bool {
	if !strings.Contains(pattern, anyText) {
		return pattern == text
	}
	pieces := strings.Split(pattern, anyText)
	first, last := pieces[0], pieces[len(pieces)-1]
	if !strings.HasPrefix(text, first) {
		return false
	}
	text = text[len(first):]
	for _, piece := range pieces[1 : len(pieces)-1] {
		at := strings.Index(text, piece)
		if at < 0 {
			return false
		}
		text = text[at+len(piece):]
	}
	return strings.HasSuffix(text, last)
}

// match lays the expected lines over the printed ones. As in glob, every run of lines between two "..." takes its first
// place, and only the run at the very end is held to the end of the output; open means that there is no end yet.
func match(want, got []comparedLine, open bool) (lines int, progress Progress) {
	runs := splitRuns(want)
	at := 0
	for i, run := range runs {
		floating := i > 0                     // something before the run takes any lines
		anchored := i == len(runs)-1 && !open // the run must end where the output ends
		if anchored && floating && len(got)-len(run) >= at {
			at = len(got) - len(run)
			floating = false
		}
		place, fits := findRun(run, got, at, floating)
		if place < 0 {
			if open && fits {
				return 0, Incomplete
			}
			return 0, Different
		}
		at = place + len(run)
		if anchored && at != len(got) {
			return 0, Different
		}
	}
	return at, Complete
}

// splitRuns cuts the expected lines at every "...".
func splitRuns(want []comparedLine) [][]comparedLine {
	var runs [][]comparedLine
	start := 0
	for i := range want {
		if want[i].wildcard {
			runs = append(runs, want[start:i])
			start = i + 1
		}
	}
	return append(runs, want[start:])
}

// findRun gives the first place, from at on, where all lines of the run stand; only at itself unless floating. If there is
// none, possible says whether lines still to come could make one.
func findRun(run, got []comparedLine, at int, floating bool) (place int, possible bool) {
	for ; at <= len(got); at++ {
		n := 0
		for n < len(run) && at+n < len(got) && same(&run[n], &got[at+n]) {
			n++
		}
		if n == len(run) {
			return at, true
		}
		if at+n >= len(got) {
			return -1, true
		}
		if !floating {
			return -1, false
		}
	}
	return -1, true
}
