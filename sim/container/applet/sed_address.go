package applet

import (
	"fmt"
	"regexp"
	"strings"
)

// selected says whether a command's addresses match the line.
func (r *sedRun) selected(i int) (bool, error) {
	command := &r.commands[i]
	if command.from.kind == 0 {
		return !command.negate, nil
	}
	if command.to.kind == 0 {
		matched, err := r.matches(command.from)
		return matched != command.negate, err
	}
	inside := false
	if end := r.inRange[i]; end != 0 {
		inside = true
		switch {
		case end > 0 && r.number > end:
			inside, r.inRange[i] = false, 0
		case end > 0 && r.number == end:
			r.inRange[i] = 0
		case end < 0:
			matched, err := r.matches(command.to)
			if err != nil {
				return false, err
			}
			if matched {
				r.inRange[i] = 0
			}
		}
	}
	if !inside {
		matched, err := r.matches(command.from)
		if err != nil {
			return false, err
		}
		if command.from.kind == 'n' && command.from.number == 0 && r.number == 1 && command.to.kind == '/' {
			if matched, err = r.matches(command.to); err != nil {
				return false, err
			}
			inside = true
			if !matched {
				r.inRange[i] = -1
			}
		} else if matched {
			inside = true
			r.openRange(i)
		}
	}
	return inside != command.negate, nil
}

// openRange notes where the range that begins at this line ends.
func (r *sedRun) openRange(i int) {
	to := r.commands[i].to
	end := 0
	switch to.kind {
	case 'n':
		end = to.number
	case '+':
		end = r.number + to.number
	case 'm':
		end = r.number
		if to.number > 0 {
			end = (r.number + to.number - 1) / to.number * to.number
		}
	case '/':
		r.inRange[i] = -1
		return
	case '$':
		end = len(r.lines)
	}
	if end > r.number {
		r.inRange[i] = end
	}
}

func (r *sedRun) matches(a sedAddress) (bool, error) {
	switch a.kind {
	case 'n':
		return r.number == a.number, nil
	case '$':
		return r.number == len(r.lines), nil
	case '~':
		if a.step <= 0 {
			return r.number == a.number, nil
		}
		return r.number >= a.number && (r.number-a.number)%a.step == 0, nil
	case '/':
		pattern, err := r.pattern(a.pattern)
		if err != nil {
			return false, err
		}
		return pattern.MatchString(r.space), nil
	}
	return false, nil
}

// pattern is the pattern itself, or for the empty one the last that was used.
func (r *sedRun) pattern(given *regexp.Regexp) (*regexp.Regexp, error) {
	if given == nil {
		given = r.last
	}
	r.steps += len(r.space) / 16
	if given == nil {
		return nil, fmt.Errorf("-e expression #1, char 0: no previous regular expression")
	}
	r.last = given
	return given, nil
}

func (p *sedParser) address(second bool) (sedAddress, error) {
	char := p.peek()
	switch {
	case char >= '0' && char <= '9':
		address := sedAddress{kind: 'n', number: p.integer()}
		if p.peek() == '~' {
			p.at++
			address.kind, address.step = '~', p.integer()
		}
		return address, nil
	case char == '$':
		p.at++
		return sedAddress{kind: '$'}, nil
	case second && (char == '+' || char == '~'):
		p.at++
		kind := byte('+')
		if char == '~' {
			kind = 'm'
		}
		return sedAddress{kind: kind, number: p.integer()}, nil
	case char == '/' || char == '\\':
		if char == '\\' {
			p.at++
		}
		delimiter := p.peek()
		p.at++
		pattern, err := p.delimited(delimiter, true)
		if err != nil {
			return sedAddress{}, plainError("unterminated address regex")
		}
		flags := ""
		for p.peek() == 'I' || p.peek() == 'M' {
			flags += strings.ToLower(string(p.peek()))
			p.at++
		}
		compiled, err := p.compile(pattern, flags)
		return sedAddress{kind: '/', pattern: compiled}, err
	}
	return sedAddress{}, nil
}

// compile makes a pattern; the empty one is nil: the last one used.
func (p *sedParser) compile(pattern, flags string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	kind := basic
	if p.extended {
		kind = extended
	}
	return compilePattern(pattern, kind, flags)
}
