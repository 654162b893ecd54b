package applet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// sedAddress is one address of a sed command.
type sedAddress struct {
	kind    byte // 0 none, 'n' line number, '$' last line, '/' pattern, '~' step, '+' so many lines more, 'm' up to a multiple
	number  int
	step    int
	pattern *regexp.Regexp // nil for the empty pattern: the last one used
}

// sedCommand is one command of a sed script.
type sedCommand struct {
	from, to sedAddress
	negate   bool
	letter   byte
	text     string         // text of a, i, c; label; file name
	target   int            // where b, t, T jump and "{" goes when its addresses do not match
	pattern  *regexp.Regexp // of s
	pieces   []sedPiece     // replacement of s
	global   bool
	number   int // s///N
	print    bool
	file     string // s///w
	mapping  map[rune]rune
	code     int // exit code of q and Q
}

// sedPiece is a part of a replacement: text, or a group (0 is the entire match), or a change of case.
type sedPiece struct {
	text  string
	group int  // -1: text
	fold  byte // U, L, u, l, E
}

// sedParser reads a sed script.
type sedParser struct {
	text     string
	at       int
	extended bool
	blocks   []int
	labels   map[string]int
	commands []sedCommand
}

// parseSed reads a script.
func parseSed(script string, extended bool) ([]sedCommand, error) {
	p := &sedParser{text: script, extended: extended, labels: map[string]int{}}
	for {
		p.skip(" \t\n;")
		if p.at >= len(p.text) {
			break
		}
		if err := p.command(); err != nil {
			return nil, fmt.Errorf("-e expression #1, char %d: %w", p.at, err)
		}
	}
	if len(p.blocks) > 0 {
		return nil, fmt.Errorf("-e expression #1, char 0: unmatched `{'")
	}
	for i := range p.commands {
		command := &p.commands[i]
		if strings.IndexByte("btT", command.letter) < 0 {
			continue
		}
		target, ok := p.labels[command.text]
		if command.text == "" {
			target, ok = len(p.commands), true
		}
		if !ok {
			return nil, fmt.Errorf("-e expression #1, char %d: can't find label for jump to `%s'", len(script), command.text)
		}
		command.target = target
	}
	return p.commands, nil
}

func (p *sedParser) skip(chars string) {
	for p.at < len(p.text) && strings.IndexByte(chars, p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *sedParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *sedParser) integer() int {
	width := digits(p.text[p.at:], 9, 10)
	value, _ := strconv.Atoi(p.text[p.at : p.at+width])
	p.at += width
	return value
}

func (p *sedParser) command() error {
	var command sedCommand
	var err error
	if p.peek() == '#' {
		p.line()
		return nil
	}
	if command.from, err = p.address(false); err != nil {
		return err
	}
	p.skip(" \t")
	if command.from.kind != 0 && p.peek() == ',' {
		p.at++
		p.skip(" \t")
		if command.to, err = p.address(true); err != nil {
			return err
		}
		if command.to.kind == 0 {
			return plainError("unexpected `,'")
		}
	}
	p.skip(" \t")
	for p.peek() == '!' {
		command.negate = true
		p.at++
		p.skip(" \t")
	}
	if p.at >= len(p.text) {
		return plainError("missing command")
	}
	command.letter = p.text[p.at]
	p.at++
	return p.body(command)
}

// body reads what follows the letter of a command.
func (p *sedParser) body(command sedCommand) error {
	var err error
	switch command.letter {
	case '{':
		p.blocks = append(p.blocks, len(p.commands))
		p.commands = append(p.commands, command)
		return nil
	case '}':
		if len(p.blocks) == 0 {
			return plainError("unexpected `}'")
		}
		if command.from.kind != 0 {
			return plainError("} doesn't want any addresses")
		}
		open := p.blocks[len(p.blocks)-1]
		p.blocks = p.blocks[:len(p.blocks)-1]
		p.commands[open].target = len(p.commands)
		return p.end()
	case ':':
		if command.from.kind != 0 {
			return plainError(": doesn't want any addresses")
		}
		label := p.label()
		if label == "" {
			return plainError("\":\" lacks a label")
		}
		p.labels[label] = len(p.commands)
		return nil
	case 'b', 't', 'T':
		command.text = p.label()
	case 'a', 'i', 'c':
		if command.text, err = p.insertion(); err != nil {
			return err
		}
	case 'r', 'w', 'R', 'W':
		p.skip(" \t")
		if command.text = p.line(); command.text == "" {
			return plainError("missing filename in r/R/w/W commands")
		}
	case 's':
		if err = p.substitution(&command); err != nil {
			return err
		}
	case 'y':
		if err = p.transliteration(&command); err != nil {
			return err
		}
	case 'q', 'Q', 'l', 'L':
		p.skip(" \t")
		command.code = p.integer() & 255
	case 'd', 'D', 'p', 'P', 'n', 'N', 'g', 'G', 'h', 'H', 'x', '=', 'z', 'F':
	case 'e':
		return plainError("the command `e' (run a program) is not simulated")
	default:
		return fmt.Errorf("unknown command: `%c'", command.letter)
	}
	p.commands = append(p.commands, command)
	if strings.IndexByte("aicrwRWbtT", command.letter) >= 0 {
		return nil
	}
	return p.end()
}

// end checks that nothing but a separator follows a command.
func (p *sedParser) end() error {
	p.skip(" \t")
	switch p.peek() {
	case 0, ';', '\n', '}', '#':
		return nil
	}
	p.at++
	return plainError("extra characters after command")
}

// line takes the rest of the line.
func (p *sedParser) line() string {
	rest := p.text[p.at:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	p.at += len(rest)
	return rest
}

func (p *sedParser) label() string {
	p.skip(" \t")
	start := p.at
	for p.at < len(p.text) && strings.IndexByte(";\n}", p.text[p.at]) < 0 {
		p.at++
	}
	return strings.TrimSpace(p.text[start:p.at])
}

// insertion reads the text of a, i and c: on the same line, or after a backslash on the next ones.
func (p *sedParser) insertion() (string, error) {
	p.skip(" \t")
	if p.peek() == '\\' {
		p.at++
		start := p.at
		p.skip(" \t")
		if p.peek() == '\n' {
			p.at++
		} else {
			p.at = start // blanks after "a\" belong to the text
		}
	}
	if p.at >= len(p.text) {
		return "", plainError("expected \\ after `a', `c' or `i'")
	}
	var out strings.Builder
	for p.at < len(p.text) && p.text[p.at] != '\n' {
		if p.text[p.at] == '\\' {
			if p.at++; p.at == len(p.text) {
				break
			}
			if p.text[p.at] == 't' {
				out.WriteByte('\t')
				p.at++
				continue
			}
		}
		out.WriteByte(p.text[p.at])
		p.at++
	}
	return out.String() + "\n", nil
}
