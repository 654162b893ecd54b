package sim_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Going back gives the objects of then; the counters go on, who asks for changes is told to look anew, and the history is still one that can be repeated.
func TestGoingBack(t *testing.T) {
	options := sim.Options{Seed: 3, Nodes: 3}
	var inputs []sim.Recorded
	c := sim.New(options)
	c.Record(func(input sim.Recorded) { inputs = append(inputs, input) })
	if err := c.Apply([]byte(recordedSet)); err != nil {
		t.Fatal(err)
	}
	c.RunFor(5 * time.Second)
	then, instant := c.Fork(), c.Now()
	c.RunFor(time.Minute)
	seen := c.View().Meta()
	if err := c.GoBack(c.Now().Add(time.Second)); err == nil {
		t.Error("the future is no past")
	}
	if err := c.GoBack(c.Options().Start.Add(-time.Second)); err == nil {
		t.Error("there is nothing before the beginning")
	}
	if err := c.GoBack(instant); err != nil {
		t.Fatal(err)
	}
	for _, kind := range api.Kinds() {
		for object := range then.View().Objects(kind, "") {
			now, found := c.View().Object(kind, object.GetNamespace(), object.GetName())
			if !found || now.GetResourceVersion() != object.GetResourceVersion() {
				t.Errorf("%s %s: %v", kind.Kind, api.NameOf(object), now)
			}
		}
	}
	if now := c.View().Meta(); !now.Now.Equal(instant) || now.Revision <= seen.Revision || now.Identities < seen.Identities || now.Objects != then.View().Meta().Objects {
		t.Errorf("counters %+v, before %+v", now, seen)
	}
	if _, err := c.Since(seen.Revision); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("changes since: %v", err)
	}
	c.RunFor(time.Minute)
	for pod := range c.View().Objects(api.KindNamed("Pod"), "") {
		was, found := then.View().Object(api.KindNamed("Pod"), pod.GetNamespace(), pod.GetName())
		unchanged := found && was.GetResourceVersion() == pod.GetResourceVersion()
		if version, _ := strconv.ParseUint(pod.GetResourceVersion(), 10, 64); !unchanged && version <= seen.Revision {
			t.Errorf("%s is at %d", pod.GetName(), version)
		}
	}
	again := sim.New(options)
	for _, input := range inputs {
		if err := again.TakeAt(input); err != nil {
			t.Fatal(err)
		}
	}
	if err := again.RunTo(c.Point()); err != nil {
		t.Fatal(err)
	}
	if found := sim.Difference(c.View(), again.View()); found != "" {
		t.Error(found)
	}
	past, err := c.At(instant.Add(-time.Second)) // before it went back, and the same then
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := then.At(instant.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if found := sim.Difference(past.View(), wanted.View()); found != "" {
		t.Error(found)
	}
}
