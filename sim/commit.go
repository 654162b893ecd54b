package sim

import (
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// containerEvent is the kind of the events that the container runtime schedules for itself.
const containerEvent = "container"

// retries is the table of loops and keys whose last sync failed.
const retries store.Table = "retry"

// retry counts how often in a row a loop failed at a key.
type retry struct {
	loop, key string
	failures  int
}

// RowKey implements [store.Row].
func (r *retry) RowKey() string { return r.loop + "/" + r.key }

// The back-off of upstream's work queues (client-go DefaultTypedControllerRateLimiter).
const (
	firstRetry = 5 * time.Millisecond
	lastRetry  = 1000 * time.Second
)

// apply does what a loop wants done.
func (c *Cluster) apply(tx *store.Tx, loop control.Loop, plan control.Plan, record *Record) {
	requests := c.registry(tx)
	requests.Manager = managerOf(loop.Name)
	problem := plan.Carry(
		func(write control.Write) error {
			return c.risk(loop, record.Key, write, func() error { return carryOut(requests, write) })
		},
		func(event control.Event) { recordEvent(requests, event) },
		func(write control.Write, err error) {
			record.Writes = append(record.Writes, Written{Verb: string(write.Verb), Kind: api.KindOf(write.Object).Kind, Name: api.NameOf(write.Object), Error: err})
		})
	if len(plan.Commands) > 0 && (problem == nil || !plan.Careful) {
		world := c.world(tx)
		for _, command := range plan.Commands {
			container.Execute(world, command)
		}
		record.Commands = plan.Commands
	}
	record.Error = problem
	c.reschedule(tx, loop.Name, record.Key, plan.Requeue, problem)
}

// carryOut makes one request of a loop to the API.
func carryOut(r *registry.Registry, write control.Write) error {
	if container.IsAPIDown(r.Tx.View) {
		return errAPIDown
	}
	var err error
	switch write.Verb {
	case control.Create:
		_, err = r.Create(write.Object)
	case control.Update:
		_, err = r.Update(write.Object, "")
	case control.UpdateStatus:
		_, err = r.Update(write.Object, "status")
	case control.Finalize:
		_, err = r.Update(write.Object, "finalize")
	case control.Bind:
		_, err = r.Bind(api.NameOf(write.Object), write.Object.(*corev1.Pod).Spec.NodeName)
	case control.Delete:
		_, _, err = r.Delete(api.KindOf(write.Object), api.NameOf(write.Object), deleteOptions(write.DeleteOptions))
	}
	return err
}

// managerOf is the component that a loop is part of.
func managerOf(loop string) string {
	switch loop {
	case "kubelet", "nodestatus":
		return "kubelet"
	case "scheduler":
		return "kube-scheduler"
	}
	return registry.ControllerManager
}

func deleteOptions(options *control.DeleteOptions) metav1.DeleteOptions {
	var full metav1.DeleteOptions
	if options == nil {
		return full
	}
	full.GracePeriodSeconds = options.GracePeriodSeconds
	if options.Propagation != "" {
		full.PropagationPolicy = &options.Propagation
	}
	if options.UID != "" || options.ResourceVersion != "" {
		full.Preconditions = &metav1.Preconditions{}
	}
	if options.UID != "" {
		full.Preconditions.UID = &options.UID
	}
	if options.ResourceVersion != "" {
		full.Preconditions.ResourceVersion = &options.ResourceVersion
	}
	return full
}

// reschedule calls the loop again: after a back-off when it failed, otherwise when it asked for it.
func (c *Cluster) reschedule(tx *store.Tx, loop, key string, requeue time.Time, problem error) {
	if problem == nil && !store.AnyRow(tx.View, retries) && requeue.IsZero() {
		return
	}
	id := (&retry{loop: loop, key: key}).RowKey()
	if problem == nil {
		tx.DeleteRow(retries, id)
		if !requeue.IsZero() {
			tx.Schedule(requeue, loop, key)
		}
		return
	}
	failures := 0
	if row, found := store.GetRow[*retry](tx.View, retries, id); found {
		failures = row.failures
	}
	delay := lastRetry
	if failures < 18 { // 5 ms doubled 18 times is more than 1000 s
		delay = min(firstRetry<<failures, lastRetry)
	}
	tx.PutRow(retries, &retry{loop: loop, key: key, failures: failures + 1})
	tx.Schedule(tx.Now().Add(delay), loop, key)
	if errors.Is(problem, errAPIDown) && !requeue.IsZero() { // what a kubelet does on its node goes on
		tx.Schedule(requeue, loop, key)
	}
}

// wake schedules the loops that a transaction's changes concern. Changes made while waking are none: loops only look.
func (c *Cluster) wake(tx *store.Tx) {
	changes, rows := tx.Telling(), tx.RowChanges()
	if len(changes) == 0 && len(rows) == 0 {
		return
	}
	if c.waker == nil {
		c.waker = newWaker()
	}
	waker := c.waker
	waker.tx = tx
	for i := range c.order {
		loop := &c.order[i]
		waker.name, waker.due = loop.Name, tx.Now().Add(loop.Latency)
		if loop.Wakes != nil {
			for _, change := range changes {
				loop.Wakes(tx.View, change, waker.wake)
			}
		}
		if loop.RowWakes != nil {
			for _, change := range rows {
				if change.Table != retries && change.Table != recorded && change.Table != registry.Managers { // these are the cluster's own
					loop.RowWakes(tx.View, change, waker.wake)
				}
			}
		}
	}
}

// waker schedules the loop whose turn it is. A cluster has one for all of its loops and events.
type waker struct {
	tx   *store.Tx
	name string // of the loop
	due  time.Time
	wake func(key control.Key)
}

func newWaker() *waker {
	w := &waker{}
	w.wake = func(key control.Key) { w.tx.ScheduleFor(w.due, w.name, key.Namespace, "/", key.Name) }
	return w
}

// formatKey and parseKey write a key as an event carries it: namespace/name.
func formatKey(key control.Key) string { return key.Namespace + "/" + key.Name }

func parseKey(text string) control.Key {
	namespace, name, _ := strings.Cut(text, "/")
	return control.Key{Namespace: namespace, Name: name}
}
