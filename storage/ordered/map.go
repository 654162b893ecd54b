package ordered

import (
	"iter"
	"slices"
	"strings"
)

// pageWidth is how many entries a page holds at most: what one write copies per level.
const pageWidth = 24

// Map is an immutable map from strings that lists its values in the order of their keys. The zero value is empty.
type Map[V any] struct{ root *page[V] }

// page is a leaf with entries, or has children. It has at least one of either, and never changes.
type page[V any] struct {
	entries  []entry[V]
	children []child[V]
	count    int // of the entries here and below
}

func leaf[V any](entries []entry[V]) *page[V] { return &page[V]{entries: entries, count: len(entries)} }

func branch[V any](children []child[V]) *page[V] {
	p := &page[V]{children: children}
	for i := range children {
		p.count += children[i].page.count
	}
	return p
}

type entry[V any] struct {
	key   string
	value V
}

// child is a page below another one, and the first of its keys.
type child[V any] struct {
	first string
	page  *page[V]
}

// Get finds the value of a key.
func (m Map[V]) Get(key string) (value V, found bool) {
	p := m.root
	if p == nil {
		return value, false
	}
	for p.children != nil {
		p = p.children[p.below(key)].page
	}
	if at, found := p.position(key); found {
		return p.entries[at].value, true
	}
	return value, false
}

// First is the value of the first key.
func (m Map[V]) First() (value V, found bool) {
	for p := m.root; p != nil; p = p.children[0].page {
		if p.children == nil {
			return p.entries[0].value, true
		}
	}
	return value, false
}

// All goes through the keys that begin with the prefix ("" for all), and their values.
func (m Map[V]) All(prefix string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if m.root != nil {
			m.root.visit(prefix, yield)
		}
	}
}

func (p *page[V]) visit(prefix string, yield func(string, V) bool) bool {
	if p.children == nil {
		at, _ := p.position(prefix)
		for _, e := range p.entries[at:] {
			if !strings.HasPrefix(e.key, prefix) || !yield(e.key, e.value) {
				return false
			}
		}
		return true
	}
	for _, c := range p.children[p.below(prefix):] {
		if !c.page.visit(prefix, yield) {
			return false
		}
	}
	return true
}

// Count is how many keys begin with the prefix. It looks at a few pages only, however many there are.
func (m Map[V]) Count(prefix string) int {
	if m.root == nil {
		return 0
	}
	return m.root.under(prefix)
}

func (p *page[V]) under(prefix string) (count int) {
	if p.children == nil {
		at, _ := p.position(prefix)
		for at+count < len(p.entries) && strings.HasPrefix(p.entries[at+count].key, prefix) {
			count++
		}
		return count
	}
	for at := p.below(prefix); at < len(p.children); at++ {
		c := p.children[at]
		begins := strings.HasPrefix(c.first, prefix)
		switch {
		case begins && at+1 < len(p.children) && strings.HasPrefix(p.children[at+1].first, prefix):
			count += c.page.count // what is between two keys that begin with the prefix does, too
		case begins || c.first < prefix:
			count += c.page.under(prefix)
		default:
			return count
		}
	}
	return count
}

// With is the map with another value for a key.
func (m Map[V]) With(key string, value V) Map[V] {
	if m.root == nil {
		return Map[V]{leaf([]entry[V]{{key, value}})}
	}
	left, right := m.root.with(key, value)
	if right != nil {
		left = branch([]child[V]{{left.first(), left}, {right.first(), right}})
	}
	return Map[V]{left}
}

// Without is the map without a key.
func (m Map[V]) Without(key string) Map[V] {
	if m.root == nil {
		return m
	}
	root := m.root.without(key)
	for root != nil && len(root.children) == 1 {
		root = root.children[0].page
	}
	return Map[V]{root}
}

// position is where a key is among the entries of a leaf, or would be. (The search is written out here and below: it is most of what
// reading costs, and calling a function to compare would double it.)
func (p *page[V]) position(key string) (at int, found bool) {
	end := len(p.entries)
	for at < end {
		if middle := (at + end) / 2; p.entries[middle].key < key {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at, at < len(p.entries) && p.entries[at].key == key
}

// below is the number of the child that holds a key, if any does: the last one whose first key is not behind it.
func (p *page[V]) below(key string) int {
	at, end := 1, len(p.children)
	for at < end {
		if middle := (at + end) / 2; p.children[middle].first <= key {
			at = middle + 1
		} else {
			end = middle
		}
	}
	return at - 1
}

func (p *page[V]) first() string {
	if p.children != nil {
		return p.children[0].first
	}
	return p.entries[0].key
}

// with gives the page with another value for a key, as two pages when one does not hold it any more.
func (p *page[V]) with(key string, value V) (left, right *page[V]) {
	if p.children == nil {
		at, found := p.position(key)
		entries := replaced(p.entries, at, found, entry[V]{key, value})
		cut := halfOf(len(entries), at)
		if cut == 0 {
			return leaf(entries), nil
		}
		return leaf(entries[:cut:cut]), leaf(entries[cut:])
	}
	at := p.below(key)
	left, right = p.children[at].page.with(key, value)
	children := replaced(p.children, at, true, child[V]{left.first(), left})
	if right == nil {
		return branch(children), nil
	}
	children = replaced(children, at+1, false, child[V]{right.first(), right})
	cut := halfOf(len(children), at+1)
	if cut == 0 {
		return branch(children), nil
	}
	return branch(children[:cut:cut]), branch(children[cut:])
}

// halfOf is where a page is cut in two that has just grown at a place; 0 when it is not. One that grew at its end stays as it was, since keys often ascend.
func halfOf(length, at int) int {
	switch {
	case length <= pageWidth:
		return 0
	case at == length-1:
		return at
	}
	return length / 2
}

// replaced is a copy of a list with an element at a place, in the place of the one that is there or before it.
func replaced[E any](list []E, at int, replace bool, element E) []E {
	rest := list[at:]
	if replace {
		rest = rest[1:]
	}
	changed := make([]E, 0, at+1+len(rest))
	changed = append(changed, list[:at]...)
	changed = append(changed, element)
	return append(changed, rest...)
}

// without gives the page without a key: itself when the key is not there, nil when nothing else is.
func (p *page[V]) without(key string) *page[V] {
	if p.children == nil {
		at, found := p.position(key)
		switch {
		case !found:
			return p
		case len(p.entries) == 1:
			return nil
		}
		return leaf(removed(p.entries, at))
	}
	at := p.below(key)
	before := p.children[at].page
	after := before.without(key)
	switch {
	case after == before:
		return p
	case after == nil && len(p.children) == 1:
		return nil
	case after == nil:
		return branch(removed(p.children, at))
	}
	if at+1 < len(p.children) {
		next := p.children[at+1].page
		if len(after.entries)+len(next.entries)+len(after.children)+len(next.children) <= pageWidth/2 {
			joined := &page[V]{entries: slices.Concat(after.entries, next.entries), children: slices.Concat(after.children, next.children), count: after.count + next.count}
			children := removed(p.children, at+1)
			return branch(replaced(children, at, true, child[V]{joined.first(), joined}))
		}
	}
	return branch(replaced(p.children, at, true, child[V]{after.first(), after}))
}

// removed is a list without an element. Lists never change, so the rest of one is as good as a copy.
func removed[E any](list []E, at int) []E {
	if at == 0 {
		return list[1:]
	}
	return slices.Concat(list[:at], list[at+1:])
}
