package property

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/stsim/stsim/sim/store"
)

// moment is one question: a view, and what has been looked at so far.
type moment struct {
	view      store.View
	namespace string
	it        []any // what it means, the outermost first
	looks     int
}

// look counts what is looked at.
func (m *moment) look(count int) error {
	if m.looks += count; m.looks > MaxLooks {
		return fmt.Errorf("it looks at more than %d objects and elements (hint: ask about fewer)", MaxLooks)
	}
	return nil
}

// set gives a value that is not nil.
func (m *moment) set(x *expression) (any, error) {
	value, err := x.eval(m)
	if err == nil && value == nil {
		err = fmt.Errorf("%s is not set", x.shown)
	}
	return value, err
}

func (m *moment) truth(x *expression) (bool, error) {
	value, err := m.set(x)
	if err != nil {
		return false, err
	}
	return value.(bool), nil
}

// list gives what is in a list; nothing when it is not set.
func (m *moment) list(x *expression) ([]any, error) {
	value, err := x.eval(m)
	if err != nil || value == nil {
		return nil, err
	}
	all := value.([]any)
	return all, m.look(len(all) + 1)
}

// record gives a struct or a map; not a valid one when it is not set.
func (m *moment) record(x *expression) (reflect.Value, error) {
	value, err := x.eval(m)
	if err != nil || value == nil {
		return reflect.Value{}, err
	}
	return value.(reflect.Value), m.look(1)
}

// explain tells the values because of which an expression is what it is.
func (m *moment) explain(x *expression) (found []string) {
	tell := func(parts ...*expression) {
		for _, part := range parts {
			for _, line := range m.explain(part) {
				if !slices.Contains(found, line) {
					found = append(found, line)
				}
			}
		}
	}
	switch x.role {
	case constant:
	case operator:
		tell(x.parts...)
	case both:
		for _, part := range x.parts {
			if holds, err := m.truth(part); err != nil || !holds {
				tell(part)
				break
			}
		}
	case quantifier:
		found = m.explainElements(x)
	default:
		value, err := x.eval(m)
		if err != nil {
			return []string{err.Error()}
		}
		found = append(found, x.shown+" is "+show(value))
		tell(x.parts...)
	}
	return found
}

// explainElements tells of the element that decided all or any, or which were asked in vain.
func (m *moment) explainElements(x *expression) (found []string) {
	value, err := m.truth(x)
	if err != nil {
		return []string{err.Error()}
	}
	found = append(found, fmt.Sprintf("%s is %t", x.shown, value))
	elements, condition := x.parts[0], x.parts[1]
	all, err := m.list(elements)
	if err != nil {
		return found
	}
	if value != x.once {
		return append(found, elements.shown+" is "+show(all))
	}
	_ = m.each(elements, func(element any) (bool, error) { // x was asked already: no error
		holds, err := m.truth(condition)
		if err == nil && holds == value {
			found = append(append(found, "for "+show(element)), m.explain(condition)...)
		}
		return holds == value, err
	})
	return found
}
