// Package applet holds the commands of the simulated shell: what a person gets when they type ls, grep, curl or
// nslookup inside a container of the simulated cluster, or on its host.
//
// # How a command runs
//
// An [Applet] is a function from a [Call] to an [Outcome]. It never waits. Where a real command would (sleep, tail -f,
// a read from a terminal) it returns an Outcome with a [Block] and is called again, with the State it left behind, once
// the reason has come. So one run is one event of the simulation, and a waiting command is a plain value.
//
// A command touches nothing but its [System]: files are a storage.FileSystem, the clock is virtual, TCP is
// System.Exchange, names resolve by System.Resolver, and every random number is a System.Choose. Nothing here reads
// the host. The same world gives the same bytes.
//
// # What they print
//
// Texts and exit codes follow GNU coreutils, grep, sed, findutils and diffutils, curl, and bind9's dig and host.
// Three follow busybox, because the images that tutorials use carry it: wget, nc and nslookup (NslookupOld has
// the shape of busybox up to 1.28). A flag that is not simulated is an error that names the flags that are.
//
// # Bounds
//
// sed stops after the work of maxSedSteps, awk after about a thousand times maxAwkPolls instructions or maxOutput bytes, seq and
// printf after maxOutput bytes. Each says so. Only yes ends in silence, like the real one whose reader has gone away.
// What awk's variables hold is bounded by its instructions alone.
//
// # Not simulated
//
// TLS, HTTP/2, ICMP (ping asks by TCP whether a host is there), memory (free), back-references in
// search patterns, awk's pipes, files and more than one input file, and languages other than C. An awk "for (k in a)" goes through the keys in order:
// numbers first, then text, where a real awk has no order one can rely on.
package applet
