package shell

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mvdan.cc/sh/v3/expand"
)

// readFrame is read: it takes one line of standard input, and waits until there is one.
type readFrame struct {
	names    []string
	raw      bool
	silent   bool
	array    string
	limit    int // characters, -1 without
	exact    bool
	delim    byte
	until    time.Time
	fd       int
	prompted bool
	prompt   string
}

func (f *readFrame) clone() frame { c := *f; return &c }

func read(m *machine, p *process, f *callFrame, args []string) {
	r := &readFrame{limit: -1, delim: '\n'}
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		word := args[0]
		args = args[1:]
		if word == "--" {
			break
		}
		for i := 1; i < len(word); i++ {
			letter := word[i]
			value := ""
			if strings.IndexByte("ptnNdua", letter) >= 0 {
				switch {
				case i+1 < len(word):
					value = word[i+1:]
				case len(args) > 0:
					value, args = args[0], args[1:]
				default:
					m.bad(p, 2, "read: option requires an argument -- %c", letter)
					return
				}
				i = len(word)
			}
			if !r.option(m, p, letter, value) {
				return
			}
		}
	}
	for _, name := range args {
		if !validName(name) {
			m.bad(p, 2, "read: %s: bad variable name", name)
			return
		}
	}
	r.names = args
	p.push(r)
}

func (f *readFrame) option(m *machine, p *process, letter byte, value string) bool {
	switch letter {
	case 'r':
		f.raw = true
	case 's':
		f.silent = true
	case 'e', 'E':
	case 'p':
		f.prompt = value
	case 'a':
		f.array = value
	case 'd':
		if f.delim = 0; value != "" {
			f.delim = value[0]
		}
	case 'n', 'N', 'u':
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			m.bad(p, 2, "read: bad number '%s'", value)
			return false
		}
		if letter == 'u' {
			f.fd = n
		} else {
			f.limit, f.exact = n, letter == 'N'
		}
	case 't':
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || seconds < 0 || math.IsNaN(seconds) {
			m.bad(p, 2, "read: invalid timeout '%s'", value)
			return false
		}
		f.until = m.now.Add(time.Duration(min(seconds, 1e9) * float64(time.Second)))
	default:
		m.bad(p, 2, "read: illegal option -%c", letter)
		return false
	}
	return true
}

func validName(name string) bool {
	for i, c := range name {
		if !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return name != ""
}

func (f *readFrame) step(m *machine, p *process) {
	in := p.descriptor(f.fd)
	if in < 0 || !m.descs[in].readable {
		m.bad(p, 1, "read: %d: Bad file descriptor", f.fd)
		p.pop()
		return
	}
	if !f.prompted {
		f.prompted = true
		if f.prompt != "" && m.terminalAt(p, 0) {
			m.stderr(p, f.prompt)
		}
	}
	if len(p.arrived) > 0 && m.descs[in].kind == kindInput {
		p.status = 128 + p.arrived[0]
		p.pop()
		return
	}
	m.silent = f.silent
	data, end := m.peek(in)
	m.silent = false
	line, quoted, n, complete := f.scan(data)
	switch {
	case complete:
	case end || len(data) > maxValue:
	case !f.until.IsZero() && !m.now.Before(f.until):
		m.consume(in, n)
		f.assign(m, p, line, quoted)
		p.status = 142
		if !p.shell.bash {
			p.status = 1
		}
		p.pop()
		return
	default:
		p.wait = wait{on: true, input: in, seen: len(data), until: f.until}
		if m.spec.TTY && m.descs[in].kind == kindInput {
			p.wait.seen = 0
		}
		return
	}
	m.consume(in, n)
	m.steps += n >> 6
	p.pop()
	if !f.assign(m, p, line, quoted) {
		return
	}
	p.status = 1 - b2i(complete)
}

// scan finds what to take from data: the text, which of its bytes were quoted by a backslash, and its length in data. complete says
// that the end of the line, or the limit, is there.
func (f *readFrame) scan(data []byte) (line []byte, quoted []bool, n int, complete bool) {
	characters := 0
	for n < len(data) {
		if f.limit >= 0 && characters >= f.limit {
			return line, quoted, n, true
		}
		c := data[n]
		if c == f.delim && !f.exact {
			return line, quoted, n + 1, true
		}
		if c == '\\' && !f.raw {
			if n+1 == len(data) {
				return line, quoted, n + 1, false
			}
			n += 2
			if data[n-1] == '\n' {
				continue
			}
			line, quoted = append(line, data[n-1]), append(quoted, true)
			characters++
			continue
		}
		n++
		if c == 0 {
			continue
		}
		line, quoted = append(line, c), append(quoted, false)
		if utf8.RuneStart(c) {
			characters++
		}
	}
	return line, quoted, n, f.limit >= 0 && characters >= f.limit
}

// assign splits the line at IFS and gives each variable its field, the last one all the rest.
func (f *readFrame) assign(m *machine, p *process, line []byte, quoted []bool) bool {
	s := p.shell
	ifs := " \t\n"
	if v, ok := s.variables.get("IFS"); ok && v.Set {
		ifs = v.String()
	}
	separator := func(i int) bool { return !quoted[i] && strings.IndexByte(ifs, line[i]) >= 0 }
	blank := func(i int) bool { return separator(i) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\n') }
	i, n := 0, len(line)
	next := func() string { // one field, with the separator behind it
		start := i
		for i < n && !separator(i) {
			i++
		}
		field := string(line[start:i])
		for i < n && blank(i) {
			i++
		}
		if i < n && separator(i) {
			i++
			for i < n && blank(i) {
				i++
			}
		}
		return field
	}
	for i < n && blank(i) {
		i++
	}
	set := func(name string, v expand.Variable) bool {
		if err := s.put(name, v); err != nil {
			m.bad(p, 1, "read: %s", err)
			return false
		}
		return true
	}
	if f.array != "" {
		v := expand.Variable{Set: true, Kind: expand.Indexed}
		for i < n {
			v.List = append(v.List, next())
		}
		return set(f.array, v)
	}
	names := f.names
	if len(names) == 0 {
		return set("REPLY", text(string(line)))
	}
	for len(names) > 1 {
		if !set(names[0], text(next())) {
			return false
		}
		names = names[1:]
	}
	start := i
	rest := i
	if next(); i >= n { // only one field is left: its separator goes too
		i = start
		return set(names[0], text(next()))
	}
	end := n
	for end > rest && blank(end-1) {
		end--
	}
	return set(names[0], text(string(line[rest:end])))
}
