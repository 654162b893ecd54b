package shell

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/pattern"
	"mvdan.cc/sh/v3/syntax"
)

// testFrame is [[ ]]. Its words are expanded and it is evaluated as one expansion, so that a command substitution in it may wait.
type testFrame struct{ clause *syntax.TestClause }

func (f *testFrame) clone() frame { c := *f; return &c }

func (f *testFrame) step(m *machine, p *process) {
	result := false
	if !m.expandWith(p, func(e *expander) (err error) {
		result, err = e.test(f.clause.X)
		return err
	}) {
		if p.control.kind == controlAbort && p.shell.bash {
			p.control = control{}
			p.status = 2
			p.pop()
		}
		return
	}
	if p.shell.options.xtrace {
		m.trace(p, printed(f.clause))
	}
	p.status = 1
	if result {
		p.status = 0
	}
	p.pop()
}

func (e *expander) test(x syntax.TestExpr) (bool, error) {
	switch x := x.(type) {
	case *syntax.Word:
		s, err := e.single(x, plain)
		return s != "", err
	case *syntax.ParenTest:
		return e.test(x.X)
	case *syntax.UnaryTest:
		return e.unary(x)
	case *syntax.BinaryTest:
		return e.binary(x)
	}
	return false, errors.New("this condition is not simulated")
}

func (e *expander) unary(x *syntax.UnaryTest) (bool, error) {
	if x.Op == syntax.TsNot {
		result, err := e.test(x.X)
		return !result, err
	}
	word, ok := x.X.(*syntax.Word)
	if !ok {
		result, err := e.test(x.X)
		return result, err
	}
	s, err := e.single(word, plain)
	if err != nil {
		return false, err
	}
	switch x.Op {
	case syntax.TsEmpStr:
		return s == "", nil
	case syntax.TsNempStr:
		return s != "", nil
	case syntax.TsFdTerm:
		n, err := strconv.Atoi(s)
		return err == nil && e.m.terminalAt(e.p, n), nil
	case syntax.TsOptSet:
		return e.p.shell.options.named(s), nil
	case syntax.TsVarSet:
		return e.lookup(s).Set, nil
	case syntax.TsRefVar:
		return e.lookup(s).Kind == expand.NameRef, nil
	}
	return e.file(x.Op.String(), s)
}

// file leaves tests of files to the test command.
func (e *expander) file(args ...string) (bool, error) {
	test := applet.Named("test")
	if test == nil {
		return false, errors.New("test is not there")
	}
	outcome := test(&applet.Call{System: e.m.system, Args: append([]string{"test"}, args...), Dir: e.p.shell.dir,
		Stdin: &applet.Stdin{Closed: true}, Stdout: &writer{m: e.m, p: e.p, fd: 1}, Stderr: &writer{m: e.m, p: e.p, fd: 2}})
	return outcome.Code == 0, nil
}

func (e *expander) binary(x *syntax.BinaryTest) (bool, error) {
	switch x.Op {
	case syntax.AndTest, syntax.OrTest:
		left, err := e.test(x.X)
		if err != nil || left == (x.Op == syntax.OrTest) {
			return left, err
		}
		return e.test(x.Y)
	}
	leftWord, ok := x.X.(*syntax.Word)
	rightWord, ok2 := x.Y.(*syntax.Word)
	if !ok || !ok2 {
		return false, errors.New("this condition is not simulated")
	}
	left, err := e.single(leftWord, plain)
	if err != nil {
		return false, err
	}
	fold := e.p.shell.options.nocasematch
	switch x.Op {
	case syntax.TsMatchShort, syntax.TsMatch, syntax.TsNoMatch:
		p, err := e.patternOf(rightWord)
		if err != nil {
			return false, err
		}
		return matches(p, left, fold) == (x.Op != syntax.TsNoMatch), nil
	case syntax.TsReMatch:
		return e.regular(left, rightWord)
	case syntax.TsEql, syntax.TsNeq, syntax.TsLeq, syntax.TsGeq, syntax.TsLss, syntax.TsGtr:
		a, err := e.number(leftWord)
		if err != nil {
			return false, err
		}
		b, err := e.number(rightWord)
		if err != nil {
			return false, err
		}
		switch x.Op {
		case syntax.TsEql:
			return a == b, nil
		case syntax.TsNeq:
			return a != b, nil
		case syntax.TsLeq:
			return a <= b, nil
		case syntax.TsGeq:
			return a >= b, nil
		case syntax.TsLss:
			return a < b, nil
		}
		return a > b, nil
	}
	right, err := e.single(rightWord, plain)
	if err != nil {
		return false, err
	}
	switch x.Op {
	case syntax.TsBefore:
		return left < right, nil
	case syntax.TsAfter:
		return left > right, nil
	}
	return e.file(left, x.Op.String(), right)
}

func (e *expander) number(word *syntax.Word) (int, error) { return expand.Arithm(&e.config, word) }

// regular is =~, which leaves what matched in BASH_REMATCH.
func (e *expander) regular(value string, word *syntax.Word) (bool, error) {
	b := fieldBuilder{e: e, whole: true}
	if err := b.parts(word.Parts, plain); err != nil {
		return false, err
	}
	var source strings.Builder
	for _, piece := range b.current {
		if piece.quoted {
			source.WriteString(regexp.QuoteMeta(piece.text))
		} else {
			source.WriteString(piece.text)
		}
	}
	expression, err := regexp.Compile(source.String())
	if err != nil {
		return false, errors.New("bad regular expression: " + source.String())
	}
	found := expression.FindStringSubmatch(value)
	err = e.Set("BASH_REMATCH", expand.Variable{Set: true, Kind: expand.Indexed, List: found})
	return found != nil, err
}

// matches says whether a shell pattern matches a whole string.
func matches(p, s string, fold bool) bool {
	if !strings.ContainsAny(p, `*?[\(`) && !fold {
		return p == s
	}
	mode := pattern.EntireString | pattern.ExtendedOperators
	if fold {
		mode |= pattern.NoGlobCase
	}
	expression, err := pattern.Regexp(p, mode)
	if err != nil {
		var negated *pattern.NegExtGlobError
		if errors.As(err, &negated) && len(negated.Groups) == 1 && negated.Groups[0].Start == 0 && negated.Groups[0].End == len(p) {
			return !matches("@"+p[1:], s, fold) // !(a|b) as the whole pattern
		}
		return p == s
	}
	compiled, err := regexp.Compile(expression)
	return err == nil && compiled.MatchString(s)
}
