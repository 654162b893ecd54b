package scenarios

import "strings"

// What a person is told who goes through a page themselves.

// Note says something about the run itself.
func (p *Printer) Note(text string) {
	p.EndOutput()
	for _, line := range p.wrap(plainWords(text), p.width-2) {
		p.line("  " + p.paint(dim, line))
	}
}

// Changes tells what a command has changed, a line each; longer ones are wrapped.
func (p *Printer) Changes(changes []string) {
	p.EndOutput()
	for _, change := range changes {
		for i, line := range p.wrap(plainWords(change), p.width-4) {
			p.line(p.paint(cyan, pick(i == 0, "  ~ ", "    ")) + line)
		}
	}
}

// Help explains words, each with what it is for.
func (p *Printer) Help(words [][2]string) {
	p.EndOutput()
	left := 0
	for _, word := range words {
		left = max(left, len(word[0]))
	}
	for _, word := range words {
		name := word[0] + strings.Repeat(" ", left-len(word[0]))
		for _, line := range p.wrap(plainWords(word[1]), p.width-left-4) {
			p.line("  " + p.paint(bold, name) + "  " + line)
			name = strings.Repeat(" ", left)
		}
	}
}

// EndOutput ends the line that output has begun, if it has.
func (p *Printer) EndOutput() {
	if p.open {
		p.write("\n")
		p.open = false
	}
}

// Typed says that the person has typed a line and sees it already: what shows it again is not shown.
func (p *Printer) Typed(line string) {
	p.echo, p.open = line+"\n", false
}

// Right says that an answer is one.
func (p *Printer) Right(text string) {
	p.EndOutput()
	p.line(p.paint(green, "✓") + " " + text)
}
