// Package explore looks for histories in which a promise is broken: what no cluster can do, because it can neither be copied nor gone back.
//
// A [World] is what is explored: manifests, a cluster for them, one's own properties, what may happen. A [History] is one life of it as data:
// a seed, what was done or befell the cluster and when ([Action]), and where chance went otherwise than on a quiet day (the odd answers to
// the questions of sim.Disorder). [World.Live] runs a history; the same history always comes out the same.
//
//   - [World.Draw] makes up a history from a seed, with its own few kinds of trouble and its own wild odds. First everything may go
//     wrong, and every promise is asked after every event; then all trouble ends, and the sets must come up again within a bound.
//   - [World.Exhaust] goes through all orders of events, caches that lag behind, requests that get lost, and up to so many faults, of a world small enough for
//     it. Two states that differ only in times, addresses and resource versions are one (digest.go says exactly when). [World.Retell] makes a history of
//     the way to what it finds broken.
//   - [World.Shrink] makes a history that breaks a promise as short as it can, while it still breaks the same one.
//
// # What is checked
//
// All of sim.Promises, the expectations of this package (see [Expectations]), and the properties that people give. A property counts from the first
// moment at which it holds, so that "count(ready(web)) >= 2" does not complain about the beginning.
package explore
