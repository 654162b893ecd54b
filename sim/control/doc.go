// Package control holds the control loops of the simulated cluster, one file (or a few that begin alike) per loop.
//
// A [Loop] is a pure function from what it sees to what it wants done: (view, key, now) -> [Plan]. It changes nothing
// itself, keeps no state between two calls, reads no clock, and asks the one Chooser where it could go more than one way.
// What it saw is in the view; what it decided is in the Plan; the cluster commits the Plan (package sim). A loop is therefore
// tested by handing it rows and looking at what comes back, and a stale cache is simply an older view.
//
// Each loop says itself what wakes it ([Loop.Wakes]): given one committed change, the keys it wants to look at. Keys that
// are woken several times before the loop comes to look are looked at once.
//
// To add a loop: write a file with a constructor that returns a Loop, add it to [Loops], and describe each behaviour in
// a test of its own.
package control
