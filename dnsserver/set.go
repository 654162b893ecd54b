package dnsserver

// set remembers what has been added. The few members of a usual answer are compared one by one, without an
// allocation; only a large set gets a map.
type set[T comparable] struct {
	few     [8]T
	fewUsed int
	many    map[T]struct{}
}

// newSet returns a set for about so many members.
func newSet[T comparable](size int) *set[T] {
	s := &set[T]{}
	if size > len(s.few) {
		s.many = make(map[T]struct{}, size)
	}
	return s
}

// add adds a member and tells whether it is new.
func (s *set[T]) add(member T) bool {
	if s.many != nil {
		before := len(s.many)
		s.many[member] = struct{}{}
		return len(s.many) > before
	}
	for _, present := range s.few[:s.fewUsed] {
		if present == member {
			return false
		}
	}
	if s.fewUsed == len(s.few) {
		s.many = make(map[T]struct{}, 2*len(s.few))
		for _, present := range s.few {
			s.many[present] = struct{}{}
		}
		s.many[member] = struct{}{}
		return true
	}
	s.few[s.fewUsed] = member
	s.fewUsed++
	return true
}
