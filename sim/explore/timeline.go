package explore

import (
	"strings"
	"time"
)

// pictureWidth is how many columns the time of a picture has at most.
const pictureWidth = 84

// Timeline is a picture of who was alive when: a row for every Pod, for what is left of Pods that are gone, and for the nodes that
// something is done to. Below are the letters of the actions and a star where the sentence breaks.
func (t *Tale) Timeline() string {
	s := t.spacing(pictureWidth)
	label, note := 0, false
	for _, row := range t.Rows {
		label, note = max(label, len(row.Name)), note || row.Note != ""
	}
	var text strings.Builder
	line := func(name, content, note string) {
		text.WriteString(strings.TrimRight(name+strings.Repeat(" ", label-len(name)+2)+content+strings.Repeat(" ", max(0, s.width-len(content)))+"  "+note, " ") + "\n")
	}
	labels, ruler := s.axis()
	line("", labels, "")
	line("", ruler, pick(note, "on", ""))
	used := map[State]bool{}
	for _, row := range t.Rows {
		marks := make([]byte, s.width)
		for column := range marks {
			state := row.spanAt(s.until[column])
			marks[column] = byte(state)
			used[state] = true
		}
		line(row.Name, string(marks), row.Note)
	}
	line("", t.markLine(s), "")
	var legend []string
	for _, word := range stateWords {
		if used[word.state] {
			legend = append(legend, string(word.state)+" "+word.word)
		}
	}
	if s.folded() {
		legend = append(legend, "~ longer than it looks")
	}
	line("", strings.Join(legend, "   "), "")
	for _, happening := range t.Happened {
		if happening.mark != 0 {
			text.WriteString(strings.TrimLeft(happening.String(), "") + "\n")
		}
	}
	return text.String()
}

// markLine has the letters of what was done, below its time; of several in one column the first.
func (t *Tale) markLine(s spacing) string {
	marks := []byte(strings.Repeat(" ", s.width))
	for _, happening := range t.Happened {
		if column := s.column(happening.At); happening.mark != 0 && (marks[column] == ' ' || happening.mark == '*') {
			marks[column] = happening.mark
		}
	}
	return string(marks)
}

// spacing says which time a column of a picture stands for. Times in which nothing changes for long are folded.
type spacing struct {
	width    int
	instants []time.Duration // at which something changes, in order
	at       []int           // their columns
	until    []time.Duration // by column: the last instant of it
	fold     []bool          // by column: it stands for more time than others
}

// steps are the times a column may stand for.
var steps = []time.Duration{
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// foldAbove is how many columns a time without changes has at most, and foldTo how many when it is longer.
const (
	foldAbove = 16
	foldTo    = 6
)

// spacing finds the finest steps with which all fits.
func (t *Tale) spacing(width int) spacing {
	instants := t.instants()
	for _, step := range steps {
		if s := newSpacing(instants, step); s.width <= width {
			return s
		}
	}
	return newSpacing(instants, max(time.Duration(1), (t.End-t.Begin)/time.Duration(width/2)))
}

func newSpacing(instants []time.Duration, step time.Duration) spacing {
	s := spacing{instants: instants}
	column, rest := 0, time.Duration(0)
	for i, instant := range instants {
		if i > 0 {
			gap := instant - instants[i-1] + rest
			columns := int(gap / step)
			rest = gap % step
			folded := columns > foldAbove
			if folded {
				columns, rest = foldTo, 0
			}
			for n := range columns {
				s.until = append(s.until, instants[i-1]+time.Duration(n)*(instant-instants[i-1])/time.Duration(columns))
				s.fold = append(s.fold, folded && n > 0)
			}
			column += columns
		}
		s.at = append(s.at, column)
	}
	// Of several instants in a column the last one is seen.
	s.until = append(s.until, instants[len(instants)-1])
	s.fold = append(s.fold, false)
	s.width = column + 1
	for i, instant := range instants {
		s.until[s.at[i]] = max(s.until[s.at[i]], instant)
	}
	return s
}

func (s spacing) column(at time.Duration) int {
	column := 0
	for i, instant := range s.instants {
		if instant <= at {
			column = s.at[i]
		}
	}
	return column
}

func (s spacing) folded() bool {
	for _, folded := range s.fold {
		if folded {
			return true
		}
	}
	return false
}

// axis is a line of times, and a ruler that has a + below the beginning of each.
func (s spacing) axis() (labels, ruler string) {
	ticks := make([]byte, s.width)
	for column := range ticks {
		ticks[column] = "-~"[boolIndex(s.fold[column])]
	}
	for i, instant := range s.instants {
		column, label := s.at[i], roundedTo(instant)
		if column < len(labels)+1 && column > 0 && labels != "" || i > 0 && column == s.at[i-1] {
			continue
		}
		labels += strings.Repeat(" ", column-len(labels)) + label
		ticks[column] = '+'
	}
	return labels, string(ticks)
}

func boolIndex(second bool) int {
	if second {
		return 1
	}
	return 0
}

// roundedTo is an instant as short as it can be said below a ruler.
func roundedTo(at time.Duration) string {
	switch {
	case at < 10*time.Minute:
		return short(at.Round(100 * time.Millisecond))
	}
	return short(at.Round(time.Second))
}
