package scenarios

import "fmt"

// person does what the page says the person does while a command runs: types, and presses Ctrl-C.
type person struct {
	step        *Step
	session     *session
	normalisers Normalisers
	next        int // index of the first expected line that was not typed yet
	interrupted bool
	problem     string // why the command must be ended
}

// attend is called whenever everything that has happened was read and printed; it says whether somebody did something.
func (p *person) attend() bool {
	if p.session.host.programs.publish() {
		p.session.call()
		return true
	}
	if p.problem != "" {
		return false
	}
	if p.session.terminal.overflowed() {
		p.problem = fmt.Sprintf("it printed more than %d bytes: an endless loop?", maxCommandOutput)
		p.session.press()
		return true
	}
	if p.interrupted {
		return false
	}
	if partial, waiting := p.session.terminal.asking(); waiting {
		p.answer(partial)
		return true
	}
	if !p.step.Interrupt {
		return false
	}
	if _, progress := Prefix(p.step.Expected, p.session.terminal.printed(), p.normalisers); progress != Incomplete {
		p.interrupted = true
		p.session.press()
		return true
	}
	return false
}

// answer types the next line of the page that begins with the prompt, or Ctrl-D when there is none.
func (p *person) answer(prompt string) {
	if text, ok := p.line(prompt); ok {
		p.session.terminal.enter(text)
	} else {
		p.session.terminal.end()
	}
	p.session.call()
}

// line is what the page types next at a prompt. A program that prints no prompt gets the line that stands where the cursor is, if
// the page says that line by line.
func (p *person) line(prompt string) (text string, ok bool) {
	expected := p.step.Expected
	if prompt == "" {
		at := max(p.next, len(p.session.terminal.printed()))
		for i := 0; i <= at; i++ {
			if i >= len(expected) || expected[i].Text == anyLines {
				return "", false
			}
		}
		p.next = at + 1
		return Typed("", expected[at].Text)
	}
	for i := p.next; i < len(expected); i++ {
		if text, ok := Typed(prompt, expected[i].Text); ok && text != "" {
			p.next = i + 1
			return text, true
		}
	}
	return "", false
}
