package property

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// function reads a call: the text is what it wants between its parentheses.
type function struct {
	wants string
	least int
	most  int
	read  func(c *compiler, tree *ast.CallExpr) (*expression, error)
}

// functions are those that are no kinds. They are filled in by init because reading a call may read another.
var functions map[string]function

func init() {
	functions = map[string]function{
		"ready":       {"what the Pods belong to: ready(web)", 1, 1, podsThat(isReady)},
		"running":     {"what the Pods belong to: running(web)", 1, 1, podsThat(isRunning)},
		"terminating": {"what the Pods belong to: terminating(web)", 1, 1, podsThat(isTerminating)},
		"exists":      {"an object: exists(pvc/www-web-0)", 1, 1, (*compiler).exists},
		"count":       {"a list, and a condition if only some count: count(ready(web))", 1, 2, (*compiler).count},
		"all":         {"a list and a condition: all(pods(web), it.spec.nodeName != \"\")", 2, 2, quantified(false)},
		"any":         {"a list and a condition: any(pods(web), it.status.phase == \"Pending\")", 2, 2, quantified(true)},
		"where":       {"a list and a condition: where(pods, it.spec.nodeName == \"node-1\")", 2, 2, (*compiler).where},
		"distinct":    {"a list and a value: distinct(pods(web), it.spec.nodeName)", 2, 2, (*compiler).distinct},
		"file":        {"a Pod and a path: any(ready(web), file(it, \"/data/copy\") != nil)", 2, 2, (*compiler).file},
		"contains":    {"a list or a text, and what it may contain", 2, 2, (*compiler).contains},
	}
}

func functionNames() (names []string) {
	for name := range functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *compiler) call(tree *ast.CallExpr) (*expression, error) {
	name, plain := tree.Fun.(*ast.Ident)
	if !plain {
		return nil, c.fail(c.at(tree.Fun), "the name of a function", c.written(tree.Fun), "there are "+strings.Join(functionNames(), ", ")+", and the kinds")
	}
	called := word(name)
	wanted, is := functions[called]
	kind := kindOf(called)
	switch {
	case is:
	case kind != nil:
		wanted = function{"one name, or a selector: " + called + "(\"web-0\")", 1, 1, func(c *compiler, tree *ast.CallExpr) (*expression, error) { return c.ofKind(kind, called, tree) }}
	default:
		return nil, c.fail(c.at(tree.Fun), "a function or a kind", called,
			didYouMean(called, append(functionNames(), kindWords()...), "there are "+strings.Join(functionNames(), ", ")+", and the kinds"))
	}
	if given := len(tree.Args); given < wanted.least || given > wanted.most || tree.Ellipsis.IsValid() {
		return nil, c.fail(c.at(tree), wanted.wants, fmt.Sprintf("%d between the parentheses of %s", given, called), "")
	}
	return wanted.read(c, tree)
}

// elements reads an argument that must be a list.
func (c *compiler) elements(tree ast.Expr) (*expression, error) {
	read, err := c.expression(tree)
	if err == nil && read.shape.sort != list {
		err = c.wrong(tree, "a list", read, "for example pods(web)")
	}
	return read, err
}

// about reads an argument that is asked of each element of a list.
func (c *compiler) about(elements *expression, tree ast.Expr) (*expression, error) {
	c.it = append(c.it, elements.shape.element())
	read, err := c.expression(tree)
	c.it = c.it[:len(c.it)-1]
	return read, err
}

// conditional reads a list and a condition.
func (c *compiler) conditional(tree *ast.CallExpr) (elements, condition *expression, err error) {
	if elements, err = c.elements(tree.Args[0]); err != nil {
		return nil, nil, err
	}
	if condition, err = c.about(elements, tree.Args[1]); err == nil && condition.shape.sort != truth {
		err = c.wrong(tree.Args[1], "a condition, which is true or false", condition, "it is the element: it.status.phase == \"Running\"")
	}
	return elements, condition, err
}

// each calls with every element of a list until told to stop; it is the element meanwhile.
func (m *moment) each(elements *expression, visit func(element any) (stop bool, err error)) error {
	all, err := m.list(elements)
	if err != nil {
		return err
	}
	for _, element := range all {
		m.it = append(m.it, element)
		stop, err := visit(element)
		m.it = m.it[:len(m.it)-1]
		if stop || err != nil {
			return err
		}
	}
	return nil
}

// those gives the elements for which a condition holds.
func (m *moment) those(elements, condition *expression) ([]any, error) {
	var found []any
	err := m.each(elements, func(element any) (bool, error) {
		holds, err := m.truth(condition)
		if holds {
			found = append(found, element)
		}
		return false, err
	})
	return found, err
}

func (c *compiler) where(tree *ast.CallExpr) (*expression, error) {
	elements, condition, err := c.conditional(tree)
	if err != nil {
		return nil, err
	}
	return &expression{shape: elements.shape, parts: []*expression{elements}, eval: func(m *moment) (any, error) { return listOf(m.those(elements, condition)) }}, nil
}

// listOf is a list as a value, never nil: an empty list is there.
func listOf(all []any, err error) (any, error) {
	if all == nil {
		all = []any{}
	}
	return all, err
}

func (c *compiler) count(tree *ast.CallExpr) (*expression, error) {
	if len(tree.Args) == 2 {
		elements, condition, err := c.conditional(tree)
		if err != nil {
			return nil, err
		}
		return &expression{shape: shape{sort: number}, parts: []*expression{elements}, eval: func(m *moment) (any, error) {
			found, err := m.those(elements, condition)
			return int64(len(found)), err
		}}, nil
	}
	what, err := c.expression(tree.Args[0])
	if err != nil {
		return nil, err
	}
	made := &expression{shape: shape{sort: number}, parts: []*expression{what}}
	switch what.shape.sort {
	case list:
		made.eval = func(m *moment) (any, error) {
			all, err := m.list(what)
			return int64(len(all)), err
		}
	case mapping:
		made.eval = func(m *moment) (any, error) {
			entries, err := m.record(what)
			if err != nil || !entries.IsValid() {
				return int64(0), err
			}
			return int64(entries.Len()), nil
		}
	default:
		return nil, c.wrong(tree.Args[0], "a list", what, "for example count(ready(web))")
	}
	return made, nil
}

// quantified makes any, which looks for an element that meets the condition, and all, which looks for one that does not.
func quantified(met bool) func(c *compiler, tree *ast.CallExpr) (*expression, error) {
	return func(c *compiler, tree *ast.CallExpr) (*expression, error) {
		elements, condition, err := c.conditional(tree)
		if err != nil {
			return nil, err
		}
		return &expression{shape: shape{sort: truth}, role: quantifier, once: met, parts: []*expression{elements, condition}, eval: func(m *moment) (any, error) {
			result := !met
			err := m.each(elements, func(any) (bool, error) {
				holds, err := m.truth(condition)
				if err == nil && holds == met {
					result = met
				}
				return result == met, err
			})
			return result, err
		}}, nil
	}
}

func (c *compiler) distinct(tree *ast.CallExpr) (*expression, error) {
	elements, err := c.elements(tree.Args[0])
	if err != nil {
		return nil, err
	}
	value, err := c.about(elements, tree.Args[1])
	if err != nil {
		return nil, err
	}
	if value.shape.sort != text && value.shape.sort != number && value.shape.sort != truth {
		return nil, c.wrong(tree.Args[1], "a number or a text", value, "it is the element: it.spec.nodeName")
	}
	return &expression{shape: shape{sort: list, of: goType(value.shape.sort)}, parts: []*expression{elements}, eval: func(m *moment) (any, error) {
		var found []any
		err := m.each(elements, func(any) (bool, error) {
			one, err := value.eval(m)
			if err == nil && one != nil && !slices.Contains(found, one) {
				found = append(found, one)
				err = m.look(len(found))
			}
			return false, err
		})
		return listOf(found, err)
	}}, nil
}

func (c *compiler) contains(tree *ast.CallExpr) (*expression, error) {
	whole, err := c.expression(tree.Args[0])
	if err != nil {
		return nil, err
	}
	part, err := c.expression(tree.Args[1])
	if err != nil {
		return nil, err
	}
	wanted := text
	switch whole.shape.sort {
	case text:
	case list:
		wanted = whole.shape.element().sort
		if wanted != text && wanted != number && wanted != truth {
			return nil, c.wrong(tree.Args[0], "a list of numbers or texts", whole, "any("+whole.shown+", ...) looks for one with a condition")
		}
	default:
		return nil, c.wrong(tree.Args[0], "a list or a text", whole, "")
	}
	if part.shape.sort != wanted {
		return nil, c.wrong(tree.Args[1], shape{sort: wanted}.String(), part, "")
	}
	return &expression{shape: shape{sort: truth}, role: operator, parts: []*expression{whole, part}, eval: func(m *moment) (any, error) {
		sought, err := m.set(part)
		if err != nil {
			return nil, err
		}
		if whole.shape.sort == text {
			value, err := whole.eval(m)
			all, _ := value.(string)
			return strings.Contains(all, sought.(string)), err
		}
		all, err := m.list(whole)
		return slices.Contains(all, sought), err
	}}, nil
}
