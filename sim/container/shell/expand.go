package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// substitution is a command substitution that has ended.
type substitution struct {
	node   *syntax.CmdSubst
	output string
}

// errSubstitute ends an expansion that needs the output of a command substitution first; expander.needed says which.
var errSubstitute = errors.New("command substitution")

var errTooBig = fmt.Errorf("expansion too large (more than %d bytes)", maxExpansion)

// expander expands words. There is one per machine, prepared anew for every word.
type expander struct {
	environment
	needed *syntax.CmdSubst
	config expand.Config
	ifs    string
}

// expandWith runs one expansion to its end and says whether it is complete. If not, either a command substitution was
// pushed on the process's stack (the frame then tries again when it is on top), or there was an error and the process unwinds.
func (m *machine) expandWith(p *process, do func(*expander) error) bool {
	e := &m.expander
	e.environment = environment{m: m, p: p, overlay: nil, order: e.order[:0]}
	e.needed = nil
	if e.config.CmdSubst == nil {
		e.config = expand.Config{Env: &e.environment, CmdSubst: e.substitute, ProcSubst: refuseProcSubst}
	}
	o := &p.shell.options
	e.config.NoUnset = o.nounset
	e.config.GlobStar, e.config.DotGlob, e.config.NullGlob = o.globstar, o.dotglob, o.nullglob
	e.config.NoCaseGlob, e.config.ExtGlob = o.nocaseglob, true
	e.config.ReadDir2 = nil
	if !o.noglob {
		e.config.ReadDir2 = e.readDir
	}
	e.ifs = " \t\n"
	if v, ok := p.shell.variables.get("IFS"); ok && v.Set {
		e.ifs = v.String()
	}
	err := e.guarded(do)
	m.steps += min(e.charged, maxExpansion) >> 12
	if err == nil && e.tooBig {
		err = errTooBig
	}
	if err == nil {
		err = e.commit(p.shell)
	}
	switch {
	case err == nil:
		p.memo = memo{}
		return true
	case errors.Is(err, errSubstitute):
		m.substitute(p, e)
		return false
	}
	p.memo = memo{}
	m.expansionError(p, err)
	return false
}

// guarded turns a panic of the expansion library, which has some for what it does not know, into an error.
func (e *expander) guarded(do func(*expander) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(*stop); ok {
				panic(r)
			}
			err = fmt.Errorf("this expansion is not simulated: %v", r)
		}
	}()
	return do(e)
}

// expansionError reports a failed expansion, which ends a shell that is not interactive.
func (m *machine) expansionError(p *process, err error) {
	code := 2
	if p.shell.bash {
		code = 1
	}
	var unset expand.UnsetParameterError
	if errors.As(err, &unset) {
		message := unset.Message
		if p.shell.bash {
			code = 127
		}
		if message == "unbound variable" && !p.shell.bash {
			message = "parameter not set"
		}
		m.complain(p, "%s: %s", unset.Node.Param.Value, message)
	} else if strings.Contains(err.Error(), "division by zero") && !p.shell.bash {
		m.complain(p, "divide by zero")
	} else {
		m.complain(p, "%s", err)
	}
	p.control = control{kind: controlAbort, code: code}
}

// substitute implements expand.Config.CmdSubst.
func (e *expander) substitute(w io.Writer, node *syntax.CmdSubst) error {
	for _, s := range e.p.memo.substitutions {
		if s.node == node {
			if !e.charge(len(s.output)) {
				return errTooBig
			}
			_, err := io.WriteString(w, s.output)
			return err
		}
	}
	e.needed = node
	return errSubstitute
}

func refuseProcSubst(*syntax.ProcSubst) (string, error) {
	return "", errors.New("process substitution <( ) is not simulated; use a pipe or a file")
}

// readDir implements expand.Config.ReadDir2 on the container's files.
func (e *expander) readDir(path string) ([]fs.DirEntry, error) {
	if e.m.steps += 4; e.m.steps > e.m.spec.Limits.Steps {
		return nil, errTooBig // links that lead in circles make endlessly many paths; the machine stops after this word
	}
	list, err := e.m.files.ReadDir(path)
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, nil
		}
		return nil, err
	}
	e.m.steps += len(list) / 4
	entries := make([]fs.DirEntry, len(list))
	for i, info := range list {
		entries[i] = info.DirEntry()
	}
	return entries, nil
}

// fields expands words as arguments of a command.
func (m *machine) fields(p *process, word *syntax.Word) ([]string, bool) {
	if len(word.Parts) == 1 {
		switch part := word.Parts[0].(type) {
		case *syntax.Lit:
			if !strings.ContainsAny(part.Value, "\\{~*?[") {
				return []string{part.Value}, true
			}
		case *syntax.SglQuoted:
			if !part.Dollar {
				return []string{part.Value}, true
			}
		}
	}
	var result []string
	ok := m.expandWith(p, func(e *expander) error {
		result = nil
		split := *word
		if !syntax.SplitBraces(&split) {
			var err error
			result, err = e.wordFields(split.Parts)
			return err
		}
		for w, err := range expand.BracesSeq(&e.config, &split) {
			if err != nil {
				return err
			}
			list, err := e.wordFields(w.Parts)
			if err != nil {
				return err
			}
			result = append(result, list...)
			e.m.steps++
		}
		return nil
	})
	return result, ok
}

// literal expands a word to one string, as for an assignment.
func (m *machine) literal(p *process, word *syntax.Word) (result string, ok bool) {
	ok = m.expandWith(p, func(e *expander) (err error) {
		result, err = e.single(word, plain)
		return err
	})
	return result, ok
}

// document expands the text of a here-document.
func (m *machine) document(p *process, word *syntax.Word) (result string, ok bool) {
	ok = m.expandWith(p, func(e *expander) (err error) {
		result, err = e.single(word, heredoc)
		return err
	})
	return result, ok
}

// pattern expands a word to a shell pattern in which what was quoted stands for itself.
func (m *machine) pattern(p *process, word *syntax.Word) (result string, ok bool) {
	ok = m.expandWith(p, func(e *expander) (err error) {
		result, err = e.patternOf(word)
		return err
	})
	return result, ok
}

// arithmetic evaluates an expression.
func (m *machine) arithmetic(p *process, x syntax.ArithmExpr) (result int, ok bool) {
	ok = m.expandWith(p, func(e *expander) (err error) {
		result, err = expand.Arithm(&e.config, x)
		return err
	})
	return result, ok
}

// quoting is how literal text within a word is to be read.
type quoting uint8

const (
	plain   quoting = iota // unquoted: backslash quotes the next character
	double                 // within double quotes
	heredoc                // within a here-document
)

// single expands a word without splitting it.
func (e *expander) single(word *syntax.Word, q quoting) (string, error) {
	if word == nil {
		return "", nil
	}
	b := fieldBuilder{e: e, whole: true}
	if err := b.parts(word.Parts, q); err != nil {
		return "", err
	}
	return b.text(), nil
}

func (e *expander) patternOf(word *syntax.Word) (string, error) {
	if word == nil {
		return "", nil
	}
	b := fieldBuilder{e: e, whole: true}
	if err := b.parts(word.Parts, plain); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, piece := range b.current {
		if piece.quoted {
			out.WriteString(pattern.QuoteMeta(piece.text, 0))
		} else {
			out.WriteString(piece.text)
		}
	}
	return out.String(), nil
}

// wordFields expands one word to fields, with globs.
func (e *expander) wordFields(parts []syntax.WordPart) ([]string, error) {
	b := fieldBuilder{e: e}
	if err := b.parts(parts, plain); err != nil {
		return nil, err
	}
	b.flush()
	result := make([]string, 0, len(b.fields))
	for _, f := range b.fields {
		if p, ok := globPattern(f); ok && e.config.ReadDir2 != nil {
			matches, err := e.glob(p)
			if err != nil {
				return nil, err
			}
			if len(matches) > 0 || e.config.NullGlob {
				result = append(result, matches...)
				continue
			}
		}
		result = append(result, join(f))
	}
	return result, nil
}
