package ordered

import (
	"iter"
	"strings"
)

// pageWidth is how many entries a page holds at most: what one write copies per level.
const pageWidth = 24

// Map is an immutable map from strings that lists its values in the order of their keys. The zero value is empty.
type Map[V any] struct{ root *page[V] }

// page is a leaf with entries, or has children. It has at least one of either, and changes only for its owner.
type page[V any] struct {
	entries  []entry[V]
	children []child[V]
	count    int // of the entries here and below
	owner    *Owner
}

func leaf[V any](owner *Owner, entries []entry[V]) *page[V] {
	return &page[V]{entries: entries, count: len(entries), owner: owner}
}

func branch[V any](owner *Owner, children []child[V]) *page[V] {
	p := &page[V]{children: children, owner: owner}
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

// Find is Get for a key that lies in bytes, and gives the key as the map keeps it: who looks first and then puts needs to make no text of it.
func (m Map[V]) Find(key []byte) (kept string, value V, found bool) {
	p := m.root
	if p == nil {
		return "", value, false
	}
	for p.children != nil {
		at, end := 1, len(p.children)
		for at < end {
			if middle := (at + end) / 2; p.children[middle].first <= string(key) {
				at = middle + 1
			} else {
				end = middle
			}
		}
		p = p.children[at-1].page
	}
	at, end := 0, len(p.entries)
	for at < end {
		if middle := (at + end) / 2; p.entries[middle].key < string(key) {
			at = middle + 1
		} else {
			end = middle
		}
	}
	if at < len(p.entries) && p.entries[at].key == string(key) {
		return p.entries[at].key, p.entries[at].value, true
	}
	return "", value, false
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
	return func(yield func(string, V) bool) { m.Each(prefix, yield) }
}

// Each is All as a call, until the function says false.
func (m Map[V]) Each(prefix string, visit func(key string, value V) bool) {
	if m.root != nil {
		m.root.visit(prefix, visit)
	}
}

// Empty says whether there are no keys.
func (m Map[V]) Empty() bool { return m.root == nil }

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
	m.Put(nil, key, value)
	return m
}

// Without is the map without a key.
func (m Map[V]) Without(key string) Map[V] {
	m.Remove(nil, key)
	return m
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
