// Package door lets clients that have goroutines of their own use a cluster, which has none.
//
// A [Door] owns one [sim.Cluster] and gives turns. A request takes one turn with [Door.Do]. A client that must wait for something
// to happen (a watch, an exec, a followed log) says so with [Door.Wait]; virtual time passes only while somebody waits.
//
// Who lets it pass is somebody else's decision:
//
//   - [Door.Drive] is for clients in this process, such as the embedded kubectl. It takes the next event only when all
//     goroutines of the process are blocked: then everything that the last event caused has been read and printed, and the
//     transcript comes out the same on a quiet machine and on a busy one.
//   - A pacer (cmd/stsim) takes events as the wall clock goes, for clients in other processes.
//
// This package and those above it are the only ones with goroutines.
package door
