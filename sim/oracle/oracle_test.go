package oracle

import (
	"flag"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

var (
	count    = flag.Int("oracle.n", 2000, "how many histories are compared")
	seed     = flag.Uint64("oracle.seed", 1, "the first history's seed; the next ones follow")
	length   = flag.Int("oracle.length", 60, "how many steps a history has at most")
	requests = flag.Int("oracle.requests", 100, "how many requests of each kind are compared, of Pods and StatefulSets four times as many")
	most     = flag.Int("oracle.differences", 1, "after how many differences to stop")
)

// TestHistories compares upstream's controller with the simulator's, history by history.
func TestHistories(t *testing.T) {
	klog.SetLogger(logr.Discard()) // upstream logs what fails
	found, steps := 0, 0
	for i := range *count {
		told := newStory(*seed+uint64(i), *length)
		steps += len(told.steps)
		if difference, _ := told.run(nil); difference == "" {
			continue
		}
		short := told.shorten()
		var trace strings.Builder
		difference, _ := short.run(&trace)
		t.Errorf("seed %d: ours at the left, upstream's at the right\n%s%s", *seed+uint64(i), trace.String(), difference)
		if found++; found >= *most {
			break
		}
	}
	t.Logf("%d histories, %d steps", *count, steps)
}
