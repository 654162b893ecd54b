package scenarios

import (
	"fmt"
	"strconv"
	"strings"
)

// The marks of a transcript.
const (
	commandPrompt      = "$ "
	continuationPrompt = "> "
	interruptMark      = "^C"
	exitMark           = "# exit "
	anyLines           = "..."
	anyText            = "[...]"
)

// console reads the lines of one transcript; fence is the number of the line above them.
func (p *parser) console(fence int, lines []string) ([]*Step, error) {
	var steps []*Step
	for i := 0; i < len(lines); {
		if blank(lines[i]) {
			i++
			continue
		}
		if !isCommand(lines[i]) {
			return nil, p.fail(fence+1+i, "a command that begins with \"$ \"", quote(lines[i]), "a transcript begins with a command; output comes below it")
		}
		end := i + 1
		for end < len(lines) && !isCommand(lines[end]) {
			end++
		}
		step, err := p.step(fence+1+i, lines[i:end])
		if err != nil {
			return nil, err
		}
		step.Index = p.steps
		p.steps++
		steps = append(steps, step)
		i = end
	}
	if len(steps) == 0 {
		return nil, p.fail(fence, "at least one command in the transcript", "none", "write a line that begins with \"$ \"")
	}
	return steps, nil
}

func isCommand(line string) bool { return line == "$" || strings.HasPrefix(line, commandPrompt) }

// step reads one command and its expected output from lines; the first is the "$ " line and has the number given.
func (p *parser) step(number int, lines []string) (*Step, error) {
	command := []string{strings.TrimPrefix(strings.TrimPrefix(lines[0], "$"), " ")}
	rest := lines[1:]
	for len(rest) > 0 && (rest[0] == ">" || strings.HasPrefix(rest[0], continuationPrompt)) {
		command = append(command, strings.TrimPrefix(strings.TrimPrefix(rest[0], ">"), " "))
		rest = rest[1:]
	}
	step := &Step{Line: number, EndLine: number + len(command) - 1, Command: strings.Join(command, "\n")}
	if last := command[len(command)-1]; trailingBackslash(last) {
		return nil, p.fail(step.EndLine+1, "a line that begins with \"> \"", quoteNext(rest), "the command above ends with a backslash, so it goes on")
	}
	if blank(step.Command) {
		return nil, p.fail(number, "a command after \"$ \"", "none", "write the command, or remove the line")
	}
	return step, p.expected(step, rest)
}

func quoteNext(lines []string) string {
	if len(lines) == 0 {
		return "the end of the transcript"
	}
	return quote(lines[0])
}

// trailingBackslash says whether a line ends with an odd number of backslashes, so that the shell reads on.
func trailingBackslash(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// expected reads the lines below a command into step.
func (p *parser) expected(step *Step, lines []string) error {
	for len(lines) > 0 && blank(lines[len(lines)-1]) {
		lines = lines[:len(lines)-1]
	}
	if n := len(lines); n > 0 && isExit(lines[n-1]) {
		number := step.EndLine + n
		word := strings.TrimSpace(strings.TrimPrefix(lines[n-1], exitMark))
		exit, err := strconv.ParseUint(word, 10, 8)
		if err != nil {
			return p.fail(number, "an exit status from 0 to 255", quote(word), "write for example \"# exit 1\"")
		}
		step.Exit, step.ExitLine = int(exit), number
		lines = lines[:n-1]
	}
	if n := len(lines); n > 0 && strings.TrimRight(lines[n-1], " ") == interruptMark {
		step.Interrupt = true
		lines = lines[:n-1]
	}
	for i, line := range lines {
		number := step.EndLine + 1 + i
		line = strings.TrimRight(line, " \t")
		if line == interruptMark {
			return p.fail(number, "^C as the last line of an output", "lines below it", "only \"# exit N\" can stand below ^C; begin another command for the rest")
		}
		if isExit(line) {
			return p.fail(number, fmt.Sprintf("%q as the last line of an output", line), "lines below it", "move it to the end of the output")
		}
		step.Expected = append(step.Expected, Line{Number: number, Text: line})
	}
	for n := len(step.Expected); n > 0 && step.Expected[n-1].Text == ""; n-- {
		step.Expected = step.Expected[:n-1]
	}
	return nil
}

// isExit tells "# exit 1" from "# exit", which a person may have typed at a program's "# " prompt.
func isExit(line string) bool {
	return strings.HasPrefix(line, exitMark) && !blank(line[len(exitMark):])
}

// Typed says what a person types at a program's prompt. partial is the unfinished line that a program waiting for input has
// printed; expected is the next expected line of the page. If expected goes on where partial ends, text is the rest of it, to
// be typed and followed by Enter. Not ok: the line is output, or holds a wildcard, which nobody can type.
//
//	Typed("/ # ", "/ # nslookup web") == "nslookup web", true
//	Typed("/ # ", "/ #")              == "", true
func Typed(partial string, expected string) (text string, ok bool) {
	if strings.TrimRight(expected, " ") == strings.TrimRight(partial, " ") {
		return "", true
	}
	text, ok = strings.CutPrefix(expected, partial)
	if !ok || expected == anyLines || strings.Contains(text, anyText) {
		return "", false
	}
	return text, true
}
