package explore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stsim/stsim/sim/kernel"
)

// TestTellsATale looks at the whole of what people see of one history.
func TestTellsATale(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: []byte(web)})
	if err != nil {
		t.Fatal(err)
	}
	h := History{
		Ready: true, Odd: []kernel.Answer{{Label: "late statefulset default/web", Nth: 20, Taken: 3}},
		Actions: []Action{
			{At: 14 * time.Second, Operation: Operation{Verb: "force-delete-pod", Name: "default/web-1"}},
			{At: 20 * time.Second, Operation: Operation{Verb: "node-down", Name: "node-2"}},
			{At: 4 * time.Minute, Operation: Operation{Verb: "node-up", Name: "node-2"}},
		},
		End: 5 * time.Minute,
	}
	tale := w.Tell(h)
	if diff := cmp.Diff(wantPicture, "\n"+tale.Timeline()); diff != "" {
		t.Errorf("%s\n%s", tale.Timeline(), diff)
	}
	if diff := cmp.Diff(wantStory, "\n"+tale.Story()); diff != "" {
		t.Errorf("%s\n%s", tale.Story(), diff)
	}
}

const wantPicture = `
                  13.2s  14s   14.5s 17s       18s   20s   1m10s 4m        4m1s  5m
                  +------+-----+~~~~~+---------+~~~~~+~~~~~+~~~~~+---------+~~~~~+  on
web-0             =========================================----------------=======  node-2
web-1             =======            ..........===================================  node-1
  a former web-1         !!!!!!                                                     node-1
web-2             ================================================================  node-3
node-2            ===================================oooooooooooo=================
                         a                           b           c
                  . pending   - running   = Ready   ! runs on though its Pod is gone   o without power   ~ longer than it looks
      14s a kubectl delete pod web-1 --force --grace-period=0
      20s b node-2 loses power
       4m c node-2 comes back
`

const wantStory = `
  13.205s   all sets are Ready
      14s a kubectl delete pod web-1 --force --grace-period=0
      14s   web-1 is being deleted
      14s   web-1 is gone; its container runs on at node-1
   14.01s   the StatefulSet controller's 21st look at web comes 3s late
   17.01s   web-1 is created by the StatefulSet controller
  17.015s   web-1 goes to node-1
  18.045s   web-1 is Ready
      20s b node-2 loses power
    1m10s   node node-2 is not Ready
    1m10s   web-0 is no longer Ready
       4m c node-2 comes back
  4m0.01s   node node-2 is Ready
  4m1.03s   web-0 is Ready
`
