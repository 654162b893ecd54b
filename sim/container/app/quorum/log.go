package quorum

// Entry is one thing that was agreed on, or is to be.
type Entry struct {
	Term   uint64  `json:"t"`
	Data   string  `json:"d,omitempty"` // the personality's own; empty for the entry with which a term begins
	Config *Config `json:"c,omitempty"` // from here on these are the members; never changed once it is here
}

// Position is a place in a log: the later term is newer, within a term the longer log.
type Position struct {
	Term  uint64 `json:"t"`
	Index uint64 `json:"i"`
}

// Compare orders positions by what is newer: negative when p is older than other.
func (p Position) Compare(other Position) int {
	switch {
	case p == other:
		return 0
	case p.Term < other.Term || p.Term == other.Term && p.Index < other.Index:
		return -1
	}
	return 1
}

// block is how many entries a full piece of a log has.
const block = 64

// Log is a sequence of entries, numbered from 1. It is immutable: a copy costs nothing, and what is added to one is not seen by the other.
type Log struct {
	full [][]Entry // pieces of block entries, shared by all logs that begin alike
	tail []Entry   // fewer than block
}

// Len is the index of the last entry, 0 for none.
func (l Log) Len() uint64 { return uint64(len(l.full)*block + len(l.tail)) }

// Entry is the entry at an index from 1 to Len.
func (l Log) Entry(index uint64) Entry {
	piece, at := (index-1)/block, (index-1)%block
	if piece < uint64(len(l.full)) {
		return l.full[piece][at]
	}
	return l.tail[at]
}

// At is the position of an index; the zero Position before the log begins and after it ends.
func (l Log) At(index uint64) Position {
	if index == 0 || index > l.Len() {
		return Position{}
	}
	return Position{l.Entry(index).Term, index}
}

// Last is the position of the last entry.
func (l Log) Last() Position { return l.At(l.Len()) }

// Has says whether the log has an entry at that position. Two logs that have the same position are equal up to there.
func (l Log) Has(p Position) bool {
	return p.Index == 0 || p.Index <= l.Len() && l.Entry(p.Index).Term == p.Term
}

// Between are the entries after one index up to another, in a slice of their own.
func (l Log) Between(after, upTo uint64) []Entry {
	if after >= upTo {
		return nil
	}
	entries := make([]Entry, 0, upTo-after)
	for i := after + 1; i <= upTo; i++ {
		entries = append(entries, l.Entry(i))
	}
	return entries
}

// With is the log with further entries.
func (l Log) With(entries ...Entry) Log {
	if len(entries) == 0 {
		return l
	}
	tail := append(append(make([]Entry, 0, len(l.tail)+len(entries)), l.tail...), entries...)
	full := l.full[:len(l.full):len(l.full)]
	for len(tail) >= block {
		full, tail = append(full, tail[:block:block]), tail[block:]
	}
	return Log{full, tail[:len(tail):len(tail)]}
}

// Cut is the log without what comes after an index.
func (l Log) Cut(length uint64) Log {
	if length >= l.Len() {
		return l
	}
	piece := length / block
	if piece < uint64(len(l.full)) {
		rest := length % block
		return Log{l.full[:piece:piece], l.full[piece][:rest:rest]}
	}
	rest := length % block
	return Log{l.full, l.tail[:rest:rest]}
}

// Common is the length of the part that two logs share.
func (l Log) Common(other Log) uint64 {
	index := min(l.Len(), other.Len())
	for index > 0 && l.Entry(index).Term != other.Entry(index).Term {
		index--
	}
	return index
}

// First is the index of the first entry of the term of the entry at an index, by which personalities number what happens within a term.
func (l Log) First(index uint64) uint64 {
	for index > 1 && l.Entry(index-1).Term == l.Entry(index).Term {
		index--
	}
	return index
}
