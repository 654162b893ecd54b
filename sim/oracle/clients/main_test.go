package clients

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/klog/v2"

	"github.com/stsim/stsim/sim/oracle/served"
)

func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard()) // what clients tell their operators is not looked at
	os.Exit(served.Main(m))
}

// patience is how long, by the wall clock, a test waits for what must come.
const patience = time.Minute

// eventually waits until a condition holds. What it says is why it does not yet.
func eventually(t *testing.T, what string, holds func(ctx context.Context) (because string, err error)) {
	t.Helper()
	var last string
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		because, err := holds(ctx)
		if err != nil {
			because = err.Error()
		}
		last = because
		return because == "", nil
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("%s: not within %s: %s", what, patience, last)
	}
}
