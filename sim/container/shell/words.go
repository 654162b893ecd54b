package shell

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// piece is a part of a field: what was quoted is neither split nor a pattern.
type piece struct {
	text   string
	quoted bool
}

func join(pieces []piece) string {
	if len(pieces) == 1 {
		return pieces[0].text
	}
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

// fieldBuilder collects the fields a word expands to.
type fieldBuilder struct {
	e       *expander
	whole   bool // make one field, without splitting
	fields  [][]piece
	current []piece
	started bool // current is a field, even if it is empty
	blank   bool // the last field ended at white space, which a separator may still follow
	inner   int  // depth within ${x-word}: unquoted literals are split there
}

func (b *fieldBuilder) text() string { return join(b.current) }

func (b *fieldBuilder) add(text string, quoted bool) {
	b.current = append(b.current, piece{text, quoted})
	b.started, b.blank = true, false
}

// flush ends the current field.
func (b *fieldBuilder) flush() {
	if b.started {
		b.fields = append(b.fields, b.current)
		b.current, b.started = nil, false
	}
}

// split adds the value of an unquoted expansion, cut at the characters of IFS.
func (b *fieldBuilder) split(value string) {
	if value == "" {
		return
	}
	if b.whole || !strings.ContainsAny(value, b.e.ifs) {
		b.add(value, false)
		return
	}
	start := 0
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRuneInString(value[i:])
		if !strings.ContainsRune(b.e.ifs, r) {
			i += size
			continue
		}
		if i > start {
			b.add(value[start:i], false)
		}
		if r == ' ' || r == '\t' || r == '\n' {
			if b.started {
				b.flush()
				b.blank = true
			}
		} else {
			if !b.started && !b.blank {
				b.started = true // a separator with nothing before it delimits an empty field
			}
			b.flush()
			b.blank = false
		}
		i += size
		start = i
	}
	if start < len(value) {
		b.add(value[start:], false)
	}
}

// value adds what an expansion gave.
func (b *fieldBuilder) value(value string, quoted bool) {
	if quoted {
		b.add(value, true)
	} else {
		b.split(value)
	}
}

// list adds the elements of $@ or an array.
func (b *fieldBuilder) list(elements []string, star, quoted bool) {
	separator := " "
	if star {
		separator = ""
		if b.e.ifs != "" {
			_, size := utf8.DecodeRuneInString(b.e.ifs)
			separator = b.e.ifs[:size]
		}
	}
	if b.whole || (star && quoted) {
		b.value(strings.Join(elements, separator), quoted)
		return
	}
	for i, element := range elements {
		if i > 0 {
			b.flush()
		}
		if quoted {
			b.add(element, true)
		} else {
			b.split(element)
		}
	}
}

func (b *fieldBuilder) parts(parts []syntax.WordPart, q quoting) error {
	for i, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			b.literal(part.Value, q, i == 0, len(parts) == 1)
		case *syntax.SglQuoted:
			b.single(part, q)
		case *syntax.DblQuoted:
			if q != plain { // within another pair of quotes, as in "${x:-"y"}"
				if err := b.parts(part.Parts, q); err != nil {
					return err
				}
				continue
			}
			before := len(b.fields)
			had := b.started
			if err := b.parts(part.Parts, double); err != nil {
				return err
			}
			// "$@" without parameters is no field; any other pair of quotes makes one.
			if !b.started && !had && len(b.fields) == before && !emptyList(part.Parts) {
				b.started = true
			}
		case *syntax.ParamExp:
			if err := b.parameter(part, q != plain); err != nil {
				return err
			}
		case *syntax.CmdSubst:
			var out strings.Builder
			if err := b.e.substitute(&out, part); err != nil {
				return err
			}
			b.value(out.String(), q != plain)
		case *syntax.ArithmExp:
			n, err := expand.Arithm(&b.e.config, part.X)
			if err != nil {
				return err
			}
			b.value(strconv.Itoa(n), q != plain)
		case *syntax.ProcSubst:
			_, err := refuseProcSubst(part)
			return err
		case *syntax.ExtGlob:
			b.add(part.Op.String()+part.Pattern.Value+")", q != plain)
		default:
			return fmt.Errorf("this part of a word is not simulated: %T", part)
		}
	}
	return nil
}

// emptyList says whether quotes hold nothing but $@ or a whole array, which may expand to no field at all.
func emptyList(parts []syntax.WordPart) bool {
	for _, part := range parts {
		p, ok := part.(*syntax.ParamExp)
		if !ok || p.Param == nil || (p.Param.Value != "@" && subscript(p.Index) != "@") {
			return false
		}
	}
	return len(parts) > 0
}

func (b *fieldBuilder) single(part *syntax.SglQuoted, q quoting) {
	value := part.Value
	switch {
	case part.Dollar:
		value, _, _ = expand.Format(&b.e.config, value, nil)
		value, _, _ = strings.Cut(value, "\x00")
	case q != plain:
		value = "'" + value + "'"
	}
	b.add(value, true)
}

func (b *fieldBuilder) literal(s string, q quoting, first, only bool) {
	if q != plain {
		if strings.IndexByte(s, '\\') >= 0 {
			s = unescape(s, q)
		}
		b.add(s, true)
		return
	}
	if first && s != "" && s[0] == '~' {
		if dir, rest, ok := b.e.tilde(s, only); ok {
			b.add(dir, true)
			s = rest
		}
	}
	if first && b.whole && b.inner == 0 && strings.Contains(s, ":~") {
		s = b.e.tildes(s) // PATH=~/bin:~/sbin
	}
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 || i == len(s)-1 {
			break
		}
		_, size := utf8.DecodeRuneInString(s[i+1:])
		b.unquoted(s[:i])
		b.add(s[i+1:i+1+size], true)
		s = s[i+1+size:]
	}
	b.unquoted(s)
}

func (b *fieldBuilder) unquoted(s string) {
	switch {
	case s == "":
	case b.inner > 0:
		b.split(s)
	default:
		b.add(s, false)
	}
}

// unescape removes the backslashes that quote something within double quotes or a here-document.
func unescape(s string, q quoting) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			switch c := s[i+1]; {
			case c == '\\', c == '$', c == '`', c == '"' && q == double:
				i++
			case c == '\n':
				i++
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// tilde expands ~ and ~user at the start of a literal.
func (e *expander) tilde(s string, only bool) (dir, rest string, ok bool) {
	name := s[1:]
	if i := strings.IndexByte(name, '/'); i >= 0 {
		name, rest = name[:i], name[i:]
	} else if !only {
		return "", s, false
	}
	if strings.ContainsAny(name, "\\'\"") {
		return "", s, false
	}
	switch name {
	case "":
		v := e.lookup("HOME")
		return v.String(), rest, v.Set
	case "+":
		return e.p.shell.dir, rest, true
	case "-":
		v := e.lookup("OLDPWD")
		return v.String(), rest, v.Set
	}
	dir, ok = e.m.homeOf(name)
	return dir, rest, ok
}

// tildes expands those after a colon in the value of an assignment.
func (e *expander) tildes(s string) string {
	list := strings.Split(s, ":")
	for i, part := range list[1:] {
		if strings.HasPrefix(part, "~") {
			if dir, rest, ok := e.tilde(part, true); ok {
				list[i+1] = dir + rest
			}
		}
	}
	return strings.Join(list, ":")
}

// globPattern is the pattern a field makes, if it is one.
func globPattern(pieces []piece) (string, bool) {
	candidate := false
	for _, p := range pieces {
		if !p.quoted && strings.ContainsAny(p.text, "*?[") || (!p.quoted && strings.Contains(p.text, "(")) {
			candidate = true
			break
		}
	}
	if !candidate {
		return "", false
	}
	var b strings.Builder
	for _, p := range pieces {
		if p.quoted {
			b.WriteString(pattern.QuoteMeta(p.text, 0))
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String(), pattern.HasMeta(b.String(), 0) || strings.Contains(b.String(), "(")
}

// glob finds the files that match a pattern, sorted.
func (e *expander) glob(p string) ([]string, error) {
	e.globbing = true
	defer func() { e.globbing = false }()
	// The library takes a literal's backslashes as quotes and expands braces and tildes in it, which was done before.
	quoted := strings.NewReplacer("{", "\\{", "~", "\\~").Replace(p)
	word := &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: quoted}}}
	saved := e.config.NullGlob
	e.config.NullGlob = true
	list, err := expand.Fields(&e.config, word)
	e.config.NullGlob = saved
	if err != nil {
		return nil, nil // an unreadable directory or a bad pattern matches nothing
	}
	if e.charge(0); len(list) > maxMatches {
		return nil, fmt.Errorf("more than %d files match %s", maxMatches, p)
	}
	return list, nil
}

// maxMatches bounds what one pattern may expand to.
const maxMatches = 100_000
