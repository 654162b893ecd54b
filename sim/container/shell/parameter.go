package shell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// subscript is an index that is a plain word, such as @.
func subscript(index syntax.ArithmExpr) string {
	if w, ok := index.(*syntax.Word); ok {
		return w.Lit()
	}
	return ""
}

// parameter adds a parameter expansion. The forms that choose between a value and a word are done here, because the word
// must only be expanded when it is chosen; the others are the library's.
func (b *fieldBuilder) parameter(x *syntax.ParamExp, quoted bool) error {
	e := b.e
	if x.Param == nil {
		return fmt.Errorf("bad substitution")
	}
	if x.Exp != nil && !x.Excl && !x.Length {
		switch x.Exp.Op {
		case syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.DefaultUnset, syntax.DefaultUnsetOrNull,
			syntax.ErrorUnset, syntax.ErrorUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
			return b.conditional(x, quoted)
		}
	}
	name := x.Param.Value
	if x.Exp == nil && x.Repl == nil && x.Slice == nil && x.Index == nil && !x.Excl && !x.Length && name != "@" && name != "*" {
		if name == "LINENO" {
			b.value(strconv.Itoa(int(x.Pos().Line())), quoted)
			return nil
		}
		v := e.Get(name)
		_, v2 := v.Resolve(&e.environment)
		if !v2.Set && e.config.NoUnset {
			return expand.UnsetParameterError{Node: x, Message: "unbound variable"}
		}
		b.value(v2.String(), quoted)
		return nil
	}
	if i := subscript(x.Index); x.Length && (i == "@" || i == "*") {
		whole := *x
		whole.Length = false
		list, _, _, err := e.elements(&whole)
		b.value(strconv.Itoa(len(list)), quoted)
		return err
	}
	if elements, star, ok, err := e.elements(x); err != nil {
		return err
	} else if ok {
		b.list(elements, star, quoted)
		return nil
	}
	value, err := e.library(x)
	if err != nil {
		return err
	}
	b.value(value, quoted)
	return nil
}

// elements are those of $@, $*, ${a[@]}, ${!a[@]} and ${!prefix@}, with an operator applied to each.
func (e *expander) elements(x *syntax.ParamExp) (list []string, star, ok bool, err error) {
	if x.Length {
		return nil, false, false, nil
	}
	name, index := x.Param.Value, subscript(x.Index)
	if x.Excl {
		switch {
		case x.Names == syntax.NamesPrefixWords, x.Names == syntax.NamesPrefix:
			for n := range e.Each {
				if strings.HasPrefix(n, name) {
					list = append(list, n)
				}
			}
			slices.Sort(list)
			return slices.Compact(list), x.Names == syntax.NamesPrefix, true, nil
		case index == "@" || index == "*":
			switch v := e.Get(name); v.Kind {
			case expand.Indexed:
				for i := range v.List {
					if v.Indexes != nil {
						i = v.Indexes[i]
					}
					list = append(list, strconv.Itoa(i))
				}
			case expand.Associative:
				list = slices.Sorted(maps.Keys(v.Map))
			case expand.String:
				list = []string{"0"}
			}
			return list, index == "*", true, nil
		}
		return nil, false, false, nil
	}
	if name != "@" && name != "*" && index != "@" && index != "*" {
		return nil, false, false, nil
	}
	star = name == "*" || index == "*"
	_, v := e.Get(name).Resolve(&e.environment)
	switch v.Kind {
	case expand.Indexed:
		list = v.List
	case expand.Associative:
		for _, k := range slices.Sorted(maps.Keys(v.Map)) {
			list = append(list, v.Map[k])
		}
	case expand.String:
		list = []string{v.Str}
	}
	switch {
	case x.Slice != nil:
		list, err = e.slice(x, list, v.Indexes, name == "@" || name == "*")
	case x.Exp != nil || x.Repl != nil:
		out := make([]string, len(list))
		for i, element := range list {
			if out[i], err = e.operate(x, element); err != nil {
				return nil, false, false, err
			}
		}
		list = out
	}
	return list, star, true, err
}

// slice is ${@:offset:length} and ${a[@]:offset:length}.
func (e *expander) slice(x *syntax.ParamExp, list []string, indexes []int, positional bool) ([]string, error) {
	if positional {
		list = append([]string{e.p.shell.name}, list...)
	}
	offset, err := 0, error(nil)
	if x.Slice.Offset != nil {
		if offset, err = expand.Arithm(&e.config, x.Slice.Offset); err != nil {
			return nil, err
		}
	}
	end := len(list)
	if indexes != nil {
		end = 0
		if len(indexes) > 0 {
			end = indexes[len(indexes)-1] + 1
		}
	}
	if offset < 0 {
		if offset += end; offset < 0 {
			return nil, nil
		}
	}
	if indexes != nil {
		offset, _ = slices.BinarySearch(indexes, offset)
	}
	list = list[min(offset, len(list)):]
	if x.Slice.Length != nil {
		length, err := expand.Arithm(&e.config, x.Slice.Length)
		if err != nil {
			return nil, err
		}
		if length < 0 {
			return nil, fmt.Errorf("%d: substring expression < 0", length)
		}
		list = list[:min(length, len(list))]
	}
	return list, nil
}

// operate applies a pattern operator to one value.
func (e *expander) operate(x *syntax.ParamExp, value string) (string, error) {
	inner := &expander{environment: environment{m: e.m, p: e.p, overlay: map[string]expand.Variable{"_element": text(value)}}}
	inner.config = expand.Config{Env: &inner.environment, CmdSubst: e.substitute, ProcSubst: refuseProcSubst}
	inner.ifs = e.ifs
	c := *x
	c.Param, c.Index, c.Short = &syntax.Lit{Value: "_element"}, nil, false
	for k, v := range e.overlay {
		inner.overlay[k] = v
	}
	result, err := inner.library(&c)
	if inner.needed != nil {
		e.needed = inner.needed
	}
	if !e.charge(len(value) + len(result)) {
		return "", errTooBig
	}
	return result, err
}

// library leaves an expansion to the library, after its patterns have been expanded with their quoting kept.
func (e *expander) library(x *syntax.ParamExp) (string, error) {
	c := *x
	if x.Exp != nil {
		switch x.Exp.Op {
		case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix,
			syntax.UpperFirst, syntax.UpperAll, syntax.LowerFirst, syntax.LowerAll:
			p, err := e.patternOf(x.Exp.Word)
			if err != nil {
				return "", err
			}
			c.Exp = &syntax.Expansion{Op: x.Exp.Op, Word: quotedWord(p)}
		}
	}
	if x.Repl != nil {
		with, err := e.single(x.Repl.With, plain)
		if err != nil {
			return "", err
		}
		value := e.Get(x.Param.Value)
		if !e.charge((sizeOf(value) + 1) * (len(with) + 1)) {
			return "", errTooBig
		}
		c.Repl = &syntax.Replace{All: x.Repl.All, Orig: x.Repl.Orig, With: quotedWord(with)}
		if p := x.Repl.Orig.Lit(); len(p) > 1 && (p[0] == '#' || p[0] == '%') {
			return e.anchored(x, p, with)
		}
	}
	value, err := expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{&c}})
	if !e.charge(len(value)) {
		return "", errTooBig
	}
	return value, err
}

// anchored is ${x/#prefix/with} and ${x/%suffix/with}.
func (e *expander) anchored(x *syntax.ParamExp, p, with string) (string, error) {
	op := syntax.RemLargePrefix
	if p[0] == '%' {
		op = syntax.RemLargeSuffix
	}
	c := *x
	c.Repl = nil
	whole, err := expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{&c}})
	if err != nil {
		return "", err
	}
	c.Exp = &syntax.Expansion{Op: op, Word: quotedWord(p[1:])}
	rest, err := expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{&c}})
	switch {
	case err != nil || rest == whole:
		return whole, err
	case op == syntax.RemLargePrefix:
		return with + rest, nil
	}
	return rest + with, nil
}

func quotedWord(s string) *syntax.Word {
	return &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: s}}}
}

// conditional is ${x-word} and its seven relatives.
func (b *fieldBuilder) conditional(x *syntax.ParamExp, quoted bool) error {
	e, op := b.e, x.Exp.Op
	bare := *x
	bare.Exp = nil
	set, null, err := e.examine(&bare)
	if err != nil {
		return err
	}
	switch op {
	case syntax.AlternateUnsetOrNull, syntax.DefaultUnsetOrNull, syntax.ErrorUnsetOrNull, syntax.AssignUnsetOrNull:
		set = set && !null
	}
	switch op {
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		if !set {
			if quoted {
				b.add("", true)
			}
			return nil
		}
		return b.word(x.Exp.Word, quoted)
	}
	if set {
		return b.parameter(&bare, quoted)
	}
	switch op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
		return b.word(x.Exp.Word, quoted)
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		value, err := e.single(x.Exp.Word, plain)
		if err != nil {
			return err
		}
		c := *x
		c.Exp = &syntax.Expansion{Op: op, Word: quotedWord(value)}
		if value, err = expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{&c}}); err != nil {
			return err
		}
		b.value(value, quoted)
		return nil
	}
	message, err := e.single(x.Exp.Word, plain)
	if err != nil {
		return err
	}
	if message == "" {
		message = "parameter not set"
		if op == syntax.ErrorUnsetOrNull {
			message = "parameter null or not set"
		}
	}
	return expand.UnsetParameterError{Node: x, Message: message}
}

// word adds the word of a conditional expansion.
func (b *fieldBuilder) word(word *syntax.Word, quoted bool) error {
	if quoted {
		b.add("", true)
	}
	if word == nil {
		return nil
	}
	b.inner++
	defer func() { b.inner-- }()
	q := plain
	if quoted {
		q = double
	}
	return b.parts(word.Parts, q)
}

// examine says whether a parameter is set, and whether it is empty.
func (e *expander) examine(x *syntax.ParamExp) (set, null bool, err error) {
	name := x.Param.Value
	switch {
	case name == "@" || name == "*":
		args := e.p.shell.args
		return len(args) > 0, len(args) == 0 || len(args) == 1 && args[0] == "", nil
	case x.Index == nil:
		_, v := e.Get(name).Resolve(&e.environment)
		return v.Set, v.String() == "", nil
	}
	if i := subscript(x.Index); i == "@" || i == "*" {
		list, _, _, err := e.elements(x)
		return len(list) > 0, strings.Join(list, "") == "", err
	}
	probe := *x
	probe.Exp = &syntax.Expansion{Op: syntax.AlternateUnset, Word: quotedWord("1")}
	is, err := expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{&probe}})
	if err != nil || is == "" {
		return false, true, err
	}
	value, err := expand.Literal(&e.config, &syntax.Word{Parts: []syntax.WordPart{x}})
	return true, value == "", err
}
