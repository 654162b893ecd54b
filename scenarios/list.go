package scenarios

import (
	"fmt"
	"strings"
)

// List shows pages by level, the easiest first, each with its number of commands and its title; with details also what it teaches.
func (p *Printer) List(pages []Summary, details bool) {
	name, commands := 0, len("COMMANDS")
	for _, page := range pages {
		name = max(name, len(page.Name))
	}
	left := 2 + name + 2 + commands + 2
	for _, level := range append(Levels(), "") {
		heading := strings.ToUpper(pick(level == "", "other", string(level)))
		for _, page := range pages {
			if page.Level != level {
				continue
			}
			if heading != "" {
				p.gap()
				p.line(p.paint(bold, fmt.Sprintf("%-*s  %s", 2+name, heading, "COMMANDS")))
				heading = ""
			}
			first := fmt.Sprintf("  %-*s  %*d  ", name, page.Name, commands, page.Commands)
			for _, line := range p.wrap(plainWords(page.Title), p.width-left) {
				p.line(first + line)
				first = strings.Repeat(" ", left)
			}
			if details {
				p.teaches(page, left)
			}
		}
	}
}

// teaches lists what a page teaches, below its title.
func (p *Printer) teaches(page Summary, left int) {
	for _, item := range page.Teaches {
		for i, line := range p.wrap(plainWords(item), p.width-left-2) {
			p.line(strings.Repeat(" ", left) + pick(i == 0, "- ", "  ") + line)
		}
	}
}
