package ordered

import "slices"

// Owner is who may change pages in place: those that were made for it. A copy of a map that was taken while an owner wrote shares its
// pages, and must not be looked at after that owner writes again; so whoever gives a copy away writes from then on for a new owner.
// Owners are told apart by their addresses.
type Owner struct{ _ byte }

// owns says whether a page may be changed in place. Nobody (nil) owns nothing.
func owns[V any](owner *Owner, p *page[V]) bool { return owner != nil && p.owner == owner }

// Put sets the value of a key in this map. Other copies of the map stay as they were, except those that share pages of the owner; with
// no owner (nil) all of them do.
func (m *Map[V]) Put(owner *Owner, key string, value V) {
	if m.root == nil {
		m.root = leaf(owner, []entry[V]{{key, value}})
		return
	}
	left, right := m.root.put(owner, key, value)
	if right != nil {
		left = branch(owner, []child[V]{{left.first(), left}, {right.first(), right}})
	}
	m.root = left
}

// Remove takes a key out of this map, and says whether it was there. Other copies of the map are safe as they are from Put.
func (m *Map[V]) Remove(owner *Owner, key string) bool {
	if m.root == nil {
		return false
	}
	root, found := m.root.remove(owner, key)
	for root != nil && len(root.children) == 1 {
		root = root.children[0].page
	}
	m.root = root
	return found
}

// put gives the page with another value for a key, as two pages when one does not hold it any more.
func (p *page[V]) put(owner *Owner, key string, value V) (left, right *page[V]) {
	if p.children == nil {
		at, found := p.position(key)
		entries := with(owns(owner, p), p.entries, at, found, entry[V]{key, value})
		cut := halfOf(len(entries), at)
		if cut == 0 {
			return p.asLeaf(owner, entries), nil
		}
		left, right := halves(entries, cut)
		return p.asLeaf(owner, left), leaf(owner, right)
	}
	at := p.below(key)
	before := p.children[at].page.count
	left, right = p.children[at].page.put(owner, key, value)
	count := p.count - before + left.count
	children := with(owns(owner, p), p.children, at, true, child[V]{min(p.children[at].first, key), left})
	if right == nil {
		return p.asBranch(owner, children, count), nil
	}
	children = with(true, children, at+1, false, child[V]{right.first(), right}) // a copy already, or the owner's
	count += right.count
	cut := halfOf(len(children), at+1)
	if cut == 0 {
		return p.asBranch(owner, children, count), nil
	}
	behind, rest := halves(children, cut)
	right = branch(owner, rest)
	return p.asBranch(owner, behind, count-right.count), right
}

// asLeaf is the page with other entries: the same one for its owner.
func (p *page[V]) asLeaf(owner *Owner, entries []entry[V]) *page[V] {
	if owns(owner, p) {
		p.entries, p.count = entries, len(entries)
		return p
	}
	return leaf(owner, entries)
}

// asBranch is the page with other children: the same one for its owner.
func (p *page[V]) asBranch(owner *Owner, children []child[V], count int) *page[V] {
	if owns(owner, p) {
		p.children, p.count = children, count
		return p
	}
	return &page[V]{children: children, count: count, owner: owner}
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

// halves are the two parts of a list, which share nothing: either may grow.
func halves[E any](list []E, cut int) (left, right []E) {
	right = slices.Clone(list[cut:])
	clear(list[cut:])
	return list[:cut], right
}

// with is a list with an element at a place, in the place of the one that is there or before it: the same list, or a copy.
func with[E any](same bool, list []E, at int, replace bool, element E) []E {
	switch {
	case same && replace:
		list[at] = element
		return list
	case same && len(list) < cap(list):
		list = list[:len(list)+1]
		copy(list[at+1:], list[at:])
		list[at] = element
		return list
	}
	room := len(list)
	if same { // it grows, and what grows will grow again; a page never holds more than one too many
		room = min(2*room, pageWidth)
	}
	rest := list[at:]
	if replace {
		rest = rest[1:]
	}
	changed := make([]E, 0, max(at+1+len(rest), room))
	changed = append(changed, list[:at]...)
	changed = append(changed, element)
	return append(changed, rest...)
}

// remove gives the page without a key: nil when nothing else is there.
func (p *page[V]) remove(owner *Owner, key string) (rest *page[V], found bool) {
	if p.children == nil {
		at, found := p.position(key)
		switch {
		case !found:
			return p, false
		case len(p.entries) == 1:
			return nil, true
		}
		return p.asLeaf(owner, without(owns(owner, p), p.entries, at)), true
	}
	at := p.below(key)
	after, found := p.children[at].page.remove(owner, key)
	same := owns(owner, p)
	switch {
	case !found:
		return p, false
	case after == nil && len(p.children) == 1:
		return nil, true
	case after == nil:
		return p.asBranch(owner, without(same, p.children, at), p.count-1), true
	}
	children := p.children
	if at+1 < len(children) {
		next := children[at+1].page
		if len(after.entries)+len(next.entries)+len(after.children)+len(next.children) <= pageWidth/2 {
			after = &page[V]{entries: slices.Concat(after.entries, next.entries), children: slices.Concat(after.children, next.children), count: after.count + next.count, owner: owner}
			children = without(same, children, at+1)
			same = true // a copy already, or the owner's
		}
	}
	return p.asBranch(owner, with(same, children, at, true, child[V]{after.first(), after}), p.count-1), true
}

// without is a list without an element: the same list, or a copy. Queues are taken from in front, which moves nothing.
func without[E any](same bool, list []E, at int) []E {
	switch {
	case same && at == 0:
		clear(list[:1])
		return list[1:]
	case same:
		return slices.Delete(list, at, at+1)
	}
	return slices.Concat(list[:at], list[at+1:])
}
