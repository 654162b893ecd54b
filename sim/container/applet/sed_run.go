package applet

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/storage"
)

// cycle runs the script on the pattern space. again: run it once more without reading a line, as D wants.
func (r *sedRun) cycle() (again bool, err error) {
	substituted := false
	for i := 0; i < len(r.commands); i++ {
		if r.steps += 1 + len(r.space)/256; r.steps > maxSedSteps || len(r.space) > maxSedSpace || len(r.hold) > maxSedSpace {
			return false, fmt.Errorf("stopped at line %d: a script that runs this long, or makes a pattern space this large, is not simulated", r.number)
		}
		command := r.commands[i]
		selected, err := r.selected(i)
		if err != nil {
			return false, err
		}
		if !selected {
			if command.letter == '{' {
				i = command.target - 1
			}
			continue
		}
		switch command.letter {
		case 'd':
			r.flush()
			return false, nil
		case 'D':
			r.flush()
			if at := strings.IndexByte(r.space, '\n'); at >= 0 {
				r.space = r.space[at+1:]
				return true, nil
			}
			return false, nil
		case 'n':
			if r.number >= len(r.lines) {
				r.endCycle() // without a next line, n ends the script like the end of it
				r.quit = true
				return false, nil
			}
			r.endCycle()
			r.next(false)
		case 'N':
			if r.number >= len(r.lines) {
				r.endCycle()
				r.quit = true
				return false, nil
			}
			r.flush()
			r.next(true)
		case 'q':
			r.endCycle()
			r.quit, r.code = true, command.code
			return false, nil
		case 'Q':
			r.quit, r.code = true, command.code
			return false, nil
		case 'b':
			i = command.target - 1
		case 't', 'T':
			if substituted == (command.letter == 't') {
				i = command.target - 1
			}
			substituted = false
		case 's':
			if command.pattern, err = r.pattern(command.pattern); err != nil {
				return false, err
			}
			for _, piece := range command.pieces {
				if piece.group > command.pattern.NumSubexp() {
					return false, fmt.Errorf("-e expression #1, char 0: invalid reference \\%d on `s' command's RHS", piece.group)
				}
			}
			text, changed := command.substitute(r.space)
			if !changed {
				continue
			}
			r.space, substituted = text, true
			if command.print {
				r.emit(r.space)
			}
			if command.file != "" {
				if err := r.writeFile(command.file, r.space); err != nil {
					return false, err
				}
			}
		case 'c':
			if command.to.kind == 0 || command.negate || r.inRange[i] == 0 {
				r.out.WriteString(command.text)
			}
			r.flush()
			return false, nil
		default:
			if err := r.simple(command); err != nil {
				return false, err
			}
		}
	}
	r.endCycle()
	return false, nil
}

// endCycle prints the pattern space unless -n, then what was put aside.
func (r *sedRun) endCycle() {
	if !r.silent {
		r.emit(r.space)
	}
	r.flush()
}

// simple does the commands that neither jump nor end the cycle.
func (r *sedRun) simple(command sedCommand) error {
	switch command.letter {
	case 'p':
		r.emit(r.space)
	case 'P':
		first, _, _ := strings.Cut(r.space, "\n")
		r.out.WriteString(first + r.separator)
	case 'g':
		r.space = r.hold
	case 'G':
		r.space += "\n" + r.hold
	case 'h':
		r.hold = r.space
	case 'H':
		r.hold += "\n" + r.space
	case 'x':
		r.space, r.hold = r.hold, r.space
	case 'z':
		r.space = ""
	case '=':
		fmt.Fprintf(&r.out, "%d\n", r.number)
	case 'F':
		r.out.WriteString(r.file + "\n")
	case 'l':
		r.out.WriteString(sedVisible(r.space) + "$\n")
	case 'a':
		r.appended = append(r.appended, command.text)
	case 'i':
		r.out.WriteString(command.text)
	case 'r':
		if data, err := r.read(command.text); err == nil {
			r.appended = append(r.appended, string(data))
		}
	case 'w', 'W':
		text := r.space
		if command.letter == 'W' {
			text, _, _ = strings.Cut(text, "\n")
		}
		return r.writeFile(command.text, text)
	case 'y':
		r.space = strings.Map(func(char rune) rune {
			if to, ok := command.mapping[char]; ok {
				return to
			}
			return char
		}, r.space)
	case 'R', 'L':
		return fmt.Errorf("the command `%c' is not simulated", command.letter)
	}
	return nil
}

// writeFile adds a line to a file, which the first write empties.
func (r *sedRun) writeFile(name, text string) error {
	flags := storage.Append
	if !r.written[name] {
		flags = storage.Truncate
		r.written[name] = true
	}
	if name == "/dev/stdout" {
		r.out.WriteString(text + "\n")
		return nil
	}
	if err := r.write(name, []byte(text+"\n"), flags); err != nil {
		return fmt.Errorf("couldn't open file %s: %s", name, reason(err))
	}
	return nil
}

// sedVisible writes text as the command l does, without folding.
func sedVisible(text string) string {
	var out strings.Builder
	for i := range len(text) {
		switch char := text[i]; {
		case char == '\\':
			out.WriteString(`\\`)
		case char == '\n':
			out.WriteString(`\n`)
		case char == '\t':
			out.WriteString(`\t`)
		case char < 32 || char >= 127:
			fmt.Fprintf(&out, `\%03o`, char)
		default:
			out.WriteByte(char)
		}
	}
	return out.String()
}
