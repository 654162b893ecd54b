// Package kernel holds the two ideas that make a simulated cluster repeatable: time is a list of pending events, and
// whatever could go more than one way is asked of one Chooser.
//
// An [Event] is data: when it is due, its place among the events of the same instant, and the name and key of what
// should happen. It is never a closure, so a set of pending events can be stored, copied, printed and taken up again
// in another process. The order of events is total (see [Event.Before]): two runs with the same events take them in the
// same order on every machine.
//
// A [Chooser] has four implementations: [Seeded] draws from a seed, [Labelled] draws so that leaving out one question changes no other answer,
// [Tape] plays back (and records) a list of choices, and [Odometer] goes through every list of choices there is.
//
// The package imports the standard library only. Nothing in it reads the clock of the machine.
package kernel
