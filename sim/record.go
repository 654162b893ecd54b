package sim

import (
	"encoding/binary"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// recorded is the table that finds the Event object to count up when something happens again.
const recorded store.Table = "recorded"

type recordedEvent struct {
	same            string // digest of what makes two Events the same
	namespace, name string // of the Event object
}

// RowKey implements [store.Row].
func (r *recordedEvent) RowKey() string { return r.same }

// digest tells lists of texts apart. Texts of Events are long, and every one is kept for good.
func digest(parts ...string) (sum [16]byte) {
	high, low := uint64(1), uint64(1)
	for _, part := range parts {
		for len(part) >= 8 {
			word := uint64(part[0]) | uint64(part[1])<<8 | uint64(part[2])<<16 | uint64(part[3])<<24 |
				uint64(part[4])<<32 | uint64(part[5])<<40 | uint64(part[6])<<48 | uint64(part[7])<<56
			high, low = kernel.Mix(high^word), kernel.Mix(low+word)
			part = part[8:]
		}
		word := uint64(len(part)) << 56
		for i := range len(part) {
			word |= uint64(part[i]) << (8 * i)
		}
		high, low = kernel.Mix(high^word), kernel.Mix(low+word)
	}
	binary.BigEndian.PutUint64(sum[:8], high)
	binary.BigEndian.PutUint64(sum[8:], low)
	return sum
}

// recordEvent writes a Kubernetes Event. One that says the same of the same object again is counted up
// (upstream: client-go/tools/record/events_cache.go).
func recordEvent(r *registry.Registry, event control.Event) {
	tx := r.Tx
	if container.IsAPIDown(tx.View) {
		return // upstream's recorders try for about two minutes
	}
	regarding := event.Regarding
	kind, namespace, now := api.KindOf(regarding), regarding.GetNamespace(), api.Timestamp(tx.Now())
	cluster := namespace == ""
	if cluster {
		namespace = metav1.NamespaceDefault
	}
	sum := digest(namespace, kind.Kind, string(regarding.GetUID()), event.Source, event.Host, event.Type, event.Reason, event.Message)
	if row, found := store.FindRow[*recordedEvent](tx.View, recorded, sum[:]); found && countUp(tx, row, now) {
		return
	}
	if home, found := store.Get[*corev1.Namespace](tx.View, "", namespace); !found || home.DeletionTimestamp != nil {
		return // nothing new is made in a namespace that is ending
	}
	revision, _ := strconv.ParseUint(regarding.GetResourceVersion(), 10, 64) // 0 for none
	name := make([]byte, 0, 128)
	name = append(append(name, regarding.GetName()...), '.')
	name = strconv.AppendInt(name, tx.Now().UnixNano()+int64(tx.Identity()), 16)
	row := &recordedEvent{same: string(sum[:]), namespace: namespace, name: string(name)}
	tx.PutEvent(store.Event{
		Namespace: namespace, Name: row.name, UID: r.NewRawUID(),
		Kind: kind, Subject: regarding.GetName(), SubjectUID: regarding.GetUID(), SubjectRevision: revision, Cluster: cluster,
		Reason: event.Reason, Message: event.Message, Warning: event.Type == corev1.EventTypeWarning,
		Component: event.Source, Host: event.Host, First: now.Unix(), Last: now.Unix(), Count: 1,
	})
	tx.PutRow(recorded, row)
}

// countUp notes that what an Event tells of happened again, and says whether there is such an Event.
func countUp(tx *store.Tx, row *recordedEvent, now metav1.Time) bool {
	if event, found := tx.Event(row.namespace, row.name); found {
		event.Count++
		event.Last = now.Unix()
		tx.PutEvent(event)
		return true
	}
	before, found := store.Get[*corev1.Event](tx.View, row.namespace, row.name)
	if !found {
		return false
	}
	again := before.DeepCopy() // somebody has written into it
	again.Count++
	again.LastTimestamp = now
	tx.Put(again)
	return true
}
