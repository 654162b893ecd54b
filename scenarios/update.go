package scenarios

import (
	"bytes"
	"fmt"
	"strings"
)

// Update gives the page with new outputs: outputs has the printed lines by Step.Index; a step that is not in it stays as it
// is. Only expected lines are touched. An output that matches stays untouched too, ages and all; in one that does not, every
// "..." and every line with "[...]" that still fits is kept and all else becomes what was printed. Exit statuses are never
// changed: a command that fails where it should not is a finding, not news.
//
// A printed line that would mean something else in a page (such as "^C" or a fence) is written with "[...]" in its place.
// An error means that the result would not hold the outputs given; the page is then not to be written.
func (p *Page) Update(outputs map[int][]string) ([]byte, error) {
	source := bytes.SplitAfter(p.source, []byte("\n"))
	var updated bytes.Buffer
	copied := 0
	for _, step := range p.Steps() {
		printed, given := outputs[step.Index]
		if !given {
			continue
		}
		if ok, _ := Match(step.Expected, printed, p.FrontMatter.Normalise); ok {
			continue
		}
		for ; copied < step.EndLine; copied++ {
			updated.Write(source[copied])
		}
		newline := "\n"
		if bytes.HasSuffix(source[step.Line-1], []byte("\r\n")) {
			newline = "\r\n"
		}
		for i, line := range p.newExpected(step, printed) {
			updated.WriteString(guard(line, i == 0) + newline)
		}
		copied += len(step.Expected)
	}
	for ; copied < len(source); copied++ {
		updated.Write(source[copied])
	}
	return updated.Bytes(), p.holds(updated.Bytes(), outputs)
}

// newExpected merges a step's expected lines with the printed ones.
func (p *Page) newExpected(step *Step, printed []string) []string {
	want, got := prepare(step.Expected, printed, p.FrontMatter.Normalise)
	var lines []string
	for _, pair := range align(want, got) {
		switch {
		case pair.same && (want[pair.want].wildcard || strings.Contains(want[pair.want].Text, anyText)):
			lines = append(lines, want[pair.want].Text)
		case pair.got >= 0:
			lines = append(lines, got[pair.got].Text)
		}
	}
	return lines
}

// guard rewrites a printed line that a page could not hold as it is: it would be read as a mark, or end the block.
func guard(line string, first bool) string {
	line = strings.ReplaceAll(strings.ToValidUTF8(line, anyText), "\x00", anyText)
	line = strings.ReplaceAll(line, "\r", anyText)
	trimmed := strings.TrimLeft(line, " ")
	switch {
	case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~"):
		return line[:len(line)-len(trimmed)] + anyText + trimmed[3:]
	case isCommand(line), isExit(line), line == interruptMark, first && (line == ">" || strings.HasPrefix(line, continuationPrompt)):
		return anyText + line[1:]
	}
	return line
}

// holds reads the updated page and checks that every output given is now as expected.
func (p *Page) holds(updated []byte, outputs map[int][]string) error {
	page, err := Parse(p.Name, updated)
	if err != nil {
		return fmt.Errorf("the page cannot hold the new outputs: %w", err)
	}
	before, after := p.Steps(), page.Steps()
	if len(after) != len(before) {
		return fmt.Errorf("%s: the new outputs turn %d commands into %d", p.Name, len(before), len(after))
	}
	for i, step := range after {
		printed, given := outputs[step.Index]
		if !given {
			continue
		}
		if step.Command != before[i].Command {
			return fmt.Errorf("%s:%d: the new output changes the command", p.Name, step.Line)
		}
		if ok, diff := Match(step.Expected, printed, page.FrontMatter.Normalise); !ok {
			return fmt.Errorf("the page cannot hold the new output: %s", diff.Text(p.Name, step))
		}
	}
	return nil
}
