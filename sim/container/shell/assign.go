package shell

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// assigner evaluates assignments one after the other. One of an array has many words, any of which may wait.
type assigner struct {
	next    int
	element int
	array   expand.Variable // what has come together so far
	begun   bool
	at      int // index of the next element without one
}

// maxIndex bounds array indices.
const maxIndex = 1 << 20

// evaluate gives name and value of an assignment and goes on to the next; ok is false while an expansion is under way or has failed.
func (a *assigner) evaluate(m *machine, p *process, x *syntax.Assign) (name string, v expand.Variable, ok bool) {
	name = x.Name.Value
	old, _ := p.shell.variables.get(name)
	if old.Kind == expand.NameRef {
		if target, _ := old.Resolve(view{p.shell}); target != "" {
			name = target
			old, _ = p.shell.variables.get(name)
		}
	}
	defer func() {
		if ok {
			n := a.next
			*a = assigner{next: n + 1}
		}
	}()
	switch {
	case x.Array != nil:
		return a.evaluateArray(m, p, x, name, old)
	case x.Index != nil:
		return a.evaluateElement(m, p, x, name, old)
	}
	value := ""
	if x.Value != nil {
		if value, ok = m.literal(p, x.Value); !ok {
			return name, v, false
		}
	}
	if !x.Append {
		if old.Kind == expand.Indexed || old.Kind == expand.Associative {
			v, err := withElement(old, "0", 0, value, false)
			if err != nil {
				m.expansionError(p, err)
			}
			return name, v, err == nil
		}
		return name, text(value), true
	}
	switch old.Kind {
	case expand.Indexed, expand.Associative:
		v, err := withElement(old, "0", 0, value, true)
		if err != nil {
			m.expansionError(p, err)
		}
		return name, v, err == nil
	}
	return name, text(old.Str + value), true
}

func (a *assigner) evaluateArray(m *machine, p *process, x *syntax.Assign, name string, old expand.Variable) (string, expand.Variable, bool) {
	if !a.begun {
		a.begun = true
		a.array = expand.Variable{Set: true, Kind: expand.Indexed}
		if old.Kind == expand.Associative {
			a.array.Kind = expand.Associative
		}
		if x.Append {
			switch old.Kind {
			case expand.Indexed, expand.Associative:
				a.array = old
				if n := len(old.List); n > 0 {
					a.at = n
					if old.Indexes != nil {
						a.at = old.Indexes[n-1] + 1
					}
				}
			case expand.String:
				a.array.List, a.at = []string{old.Str}, 1
			}
		}
	}
	for a.element < len(x.Array.Elems) {
		e := x.Array.Elems[a.element]
		if e.Index == nil {
			values, ok := m.fields(p, e.Value)
			if !ok {
				return name, a.array, false
			}
			if a.array.Kind == expand.Associative {
				m.expansionError(p, fmt.Errorf("%s: %s: must use subscript when assigning associative array", name, values))
				return name, a.array, false
			}
			a.array.List = append(a.array.List[:len(a.array.List):len(a.array.List)], values...)
			if a.array.Indexes != nil {
				a.array.Indexes = slices.Clone(a.array.Indexes)
				for i := range values {
					a.array.Indexes = append(a.array.Indexes, a.at+i)
				}
			}
			a.at += len(values)
			a.element++
			continue
		}
		key, index, value, ok := a.parts(m, p, a.array, e.Index, e.Value)
		if !ok {
			return name, a.array, false
		}
		v, err := withElement(a.array, key, index, value, false)
		if err != nil {
			m.expansionError(p, err)
			return name, a.array, false
		}
		a.array, a.at = v, index+1
		a.element++
	}
	return name, a.array, true
}

// parts expands key and value of an element together, so that both are kept or both tried again.
func (a *assigner) parts(m *machine, p *process, v expand.Variable, index syntax.ArithmExpr, word *syntax.Word) (key string, i int, value string, ok bool) {
	ok = m.expandWith(p, func(e *expander) (err error) {
		if v.Kind == expand.Associative {
			w, isWord := index.(*syntax.Word)
			if !isWord {
				return errors.New("bad array subscript")
			}
			key, err = e.single(w, plain)
		} else {
			i, err = expand.Arithm(&e.config, index)
		}
		if err == nil {
			value, err = e.single(word, plain)
		}
		return err
	})
	return key, i, value, ok
}

func (a *assigner) evaluateElement(m *machine, p *process, x *syntax.Assign, name string, old expand.Variable) (string, expand.Variable, bool) {
	key, index, value, ok := a.parts(m, p, old, x.Index, x.Value)
	if !ok {
		return name, old, false
	}
	v, err := withElement(old, key, index, value, x.Append)
	if err != nil {
		m.expansionError(p, fmt.Errorf("%s: %w", name, err))
		return name, old, false
	}
	return name, v, true
}

// withElement is an array with one element set; the old one stays as it is.
func withElement(old expand.Variable, key string, index int, value string, appended bool) (expand.Variable, error) {
	v := old
	v.Set, v.ReadOnly = true, false
	if old.Kind == expand.Associative {
		v.Map = maps.Clone(old.Map)
		if v.Map == nil {
			v.Map = map[string]string{}
		}
		if appended {
			value = v.Map[key] + value
		}
		v.Map[key] = value
		return v, nil
	}
	v.Kind, v.Str = expand.Indexed, ""
	list, indexes := slices.Clone(old.List), slices.Clone(old.Indexes)
	if old.Kind == expand.String {
		list, indexes = []string{old.Str}, nil
	}
	if indexes == nil {
		for i := range list {
			indexes = append(indexes, i)
		}
	}
	if index < 0 && len(indexes) > 0 {
		index += indexes[len(indexes)-1] + 1
	}
	if index < 0 || index > maxIndex {
		return v, fmt.Errorf("%d: bad array subscript", index)
	}
	at, found := slices.BinarySearch(indexes, index)
	if found {
		if appended {
			value = list[at] + value
		}
		list[at] = value
	} else {
		list, indexes = slices.Insert(list, at, value), slices.Insert(indexes, at, index)
	}
	if indexes[len(indexes)-1] == len(indexes)-1 {
		indexes = nil
	}
	v.List, v.Indexes = list, indexes
	return v, nil
}

// withoutElement is an array without one of its elements.
func withoutElement(old expand.Variable, key string) (expand.Variable, error) {
	v := old
	if old.Kind == expand.Associative {
		v.Map = maps.Clone(old.Map)
		delete(v.Map, key)
		return v, nil
	}
	index, err := strconv.Atoi(key)
	if err != nil {
		return v, fmt.Errorf("%s: bad array subscript", key)
	}
	list, indexes := slices.Clone(old.List), slices.Clone(old.Indexes)
	if indexes == nil {
		indexes = []int{}
		for i := range list {
			indexes = append(indexes, i)
		}
	}
	if index < 0 && len(indexes) > 0 {
		index += indexes[len(indexes)-1] + 1
	}
	if at, found := slices.BinarySearch(indexes, index); found {
		list, indexes = slices.Delete(list, at, at+1), slices.Delete(indexes, at, at+1)
	}
	v.List, v.Indexes = list, indexes
	return v, nil
}

// view is the variables of a shell as the library wants to see them.
type view struct{ s *shell }

func (v view) Get(name string) expand.Variable {
	x, _ := v.s.variables.get(name)
	return x
}

func (v view) Each(visit func(string, expand.Variable) bool) {
	for _, name := range v.s.variables.names() {
		if !visit(name, v.Get(name)) {
			return
		}
	}
}
