package explore

import (
	"fmt"
	"html"
	"strings"
)

// Sizes of a picture, in the units of SVG.
const (
	svgColumn = 9
	svgRow    = 24
	svgBar    = 16
	svgText   = 12
)

// colours of the states. They differ in brightness too, for those who see no colours.
var colours = map[State]string{
	Pending: "#e6d9a8", Running: "#9cc3e6", Ready: "#3f8f5b", Finished: "#b9b9b9", Terminating: "#d98c4a", Ghost: "#b3261e",
	Cordoned: "#c9b2de", NotReady: "#8a8a8a", Off: "#2b2b2b", Cut: "#6d2f7a",
}

// SVG is the Timeline as a picture that needs nothing else: bars over the same times, with what a bar means as its title.
func (t *Tale) SVG() string {
	s := t.spacing(pictureWidth)
	label := 0
	for _, row := range t.Rows {
		label = max(label, len(row.Name))
	}
	left := (label + 2) * svgText * 6 / 10
	width, top := left+s.width*svgColumn+20, 2*svgRow
	var marked []Happening
	for _, happening := range t.Happened {
		if happening.mark != 0 {
			marked = append(marked, happening)
			width = max(width, (len(happening.String())+2)*svgText*6/10)
		}
	}
	height := top + (len(t.Rows)+len(marked)+3)*svgRow
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="monospace" font-size="%d">`+"\n", width, height, svgText)
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	text := func(x, y int, colour, content string) {
		fmt.Fprintf(&out, `<text x="%d" y="%d" fill="%s" xml:space="preserve">%s</text>`+"\n", x, y, colour, html.EscapeString(content))
	}
	x := func(column int) int { return left + column*svgColumn }
	labels, ruler := s.axis()
	text(left, svgRow, "#555555", "") // keeps the first line where it is when there are no times
	for column := 0; column < len(ruler); column++ {
		if ruler[column] == '+' {
			word, _, _ := strings.Cut(labels[column:], " ")
			text(x(column), svgRow, "#555555", word)
			fmt.Fprintf(&out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#cccccc"/>`+"\n", x(column), svgRow+6, x(column), top+len(t.Rows)*svgRow)
		}
	}
	for i, row := range t.Rows {
		y := top + i*svgRow
		text(4, y+svgBar-4, "#000000", row.Name)
		for _, span := range row.Spans {
			from, to := s.column(span.From), max(s.column(span.To), s.column(span.From)+1)
			if span.State != Absent {
				fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"><title>%s</title></rect>`+"\n",
					x(from), y, (to-from)*svgColumn, svgBar, colours[span.State], html.EscapeString(fmt.Sprintf("%s: %s from %s to %s", strings.TrimSpace(row.Name), wordOf(span.State), clock(span.From), clock(span.To))))
			}
		}
	}
	bottom := top + len(t.Rows)*svgRow
	for i, happening := range marked {
		colour := pick(happening.Sort == Broken, "#b3261e", "#000000")
		column := x(s.column(happening.At))
		fmt.Fprintf(&out, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s"/>`+"\n", column, svgRow+6, column, bottom+6, colour)
		text(column-3, bottom+svgBar+2, colour, string(happening.mark))
		text(4, bottom+(i+2)*svgRow, colour, happening.String())
	}
	at := 4
	for _, word := range stateWords {
		if t.has(word.state) {
			fmt.Fprintf(&out, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`+"\n", at, height-svgRow, svgBar, svgBar, colours[word.state])
			text(at+svgBar+4, height-svgRow+svgBar-4, "#555555", word.word)
			at += svgBar + 16 + len(word.word)*svgText*6/10
		}
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func (t *Tale) has(state State) bool {
	for _, row := range t.Rows {
		for _, span := range row.Spans {
			if span.State == state {
				return true
			}
		}
	}
	return false
}

func wordOf(state State) string {
	for _, word := range stateWords {
		if word.state == state {
			return word.word
		}
	}
	return "absent"
}
