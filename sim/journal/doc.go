// Package journal keeps the history of a cluster in a file, so that it can be taken up or looked at again.
//
// A cluster is repeatable: its options and what came in from outside ([sim.Input]), each with the [sim.Point] at which it came, are its whole
// history. That is what the file holds; it holds no states. Between inputs there may be marks: points that the cluster has reached.
//
// # The file
//
// It begins with the line "stsim journal 1", whose number is the format. Then follow frames, which are only ever added:
//
//	4 bytes   a marker
//	4 bytes   number of the frame, from 0, little-endian like all of these
//	4 bytes   length of the content
//	4 bytes   CRC-32C of the twelve bytes before and the content
//	          the content
//
// Frame 0 holds the [Header] as JSON: the program that writes the file and the cluster's options. Every other one holds a point (events taken, virtual
// time in nanoseconds since 1970, resource version, identities handed out, as variable-length numbers), and an input as [sim.Input.MarshalBinary] writes it, or
// nothing for a mark.
//
// A process that ends in the middle of a write leaves a torn tail: the beginning of a frame, and nothing after it. It is cut off; nobody was told that
// what it held was done. A frame that is damaged and has whole frames after it is something else, a file that cannot be trusted, and is refused.
//
// The secrets of a served cluster are not in the file, so that it can be handed to others.
//
// [File] writes: it locks the file, and lets all who wait at the same time share one fsync. [Reader] reads, also a file that another process writes.
package journal
