// Package ordered is an immutable map in the order of its keys: a B+ tree whose pages are shared by all versions of a map.
//
// A change gives a new [Map] and leaves the old one as it was, at the price of one page per level: about a microsecond, and a handful of
// allocations. Copying a map is free. That is what makes file trees, the rows of a simulated world and its pending events
// values.
//
// Most versions of a map are never looked at: nobody keeps the state between two events of a world. So a writer that
// knows which copies it has given away can be the [Owner] of the pages it makes, and change these in place until it gives
// away a copy ([Map.Put], [Map.Remove]).
//
// An immutable radix tree does the same at several times the price, since it has a node for every letter at which keys part.
package ordered
