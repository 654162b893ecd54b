package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// garbagePercent lets the heap grow to five times what is in use. Most objects of a simulated cluster are short-lived, and at Go's default a third of
// the time would go into collecting them.
const garbagePercent = 400

// With a large cluster that would be gigabytes. So there is not more garbage than mostGarbage, or, where so little would have all that lives looked at over and over, than
// a third of what lives: ten thousand Pods (290 MB) fit into 400 MB, for a third more time.
const (
	mostGarbage = 96 << 20
	leastShare  = 3
)

// boundGarbage sets the limit of memory anew after each collection, when it is known how much lives.
func boundGarbage() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(live)
	inUse := live[0].Value.Uint64()
	rest := live[1].Value.Uint64() // what is not for objects: stacks, the collector's own
	for _, part := range live[2:] {
		rest -= part.Value.Uint64()
	}
	debug.SetMemoryLimit(int64(inUse + max(mostGarbage, inUse/leastShare) + rest))
	type collected struct{ _ *collected }
	runtime.AddCleanup(new(collected), func(int) { boundGarbage() }, 0)
}
