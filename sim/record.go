package sim

import (
	"hash/fnv"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
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
func digest(parts ...string) string {
	room := make([]byte, 0, 512) // what most take
	for _, part := range parts {
		room = append(append(room, part...), 0)
	}
	hash := fnv.New128a()
	hash.Write(room)
	return string(hash.Sum(room[:0]))
}

// recordEvent writes a Kubernetes Event. One that says the same of the same object again is counted up
// (upstream: client-go/tools/record/events_cache.go).
func recordEvent(r *registry.Registry, event control.Event) {
	tx := r.Tx
	if container.IsAPIDown(tx.View) {
		return // upstream's recorders try for about two minutes
	}
	kind := api.KindOf(event.Regarding)
	regarding := corev1.ObjectReference{
		APIVersion: kind.GroupVersionKind().GroupVersion().String(), Kind: kind.Kind,
		Namespace: event.Regarding.GetNamespace(), Name: event.Regarding.GetName(),
		UID: event.Regarding.GetUID(), ResourceVersion: event.Regarding.GetResourceVersion(),
	}
	namespace := regarding.Namespace
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	now := api.Timestamp(tx.Now())
	same := digest(namespace, kind.Kind, string(regarding.UID), event.Source, event.Host, event.Type, event.Reason, event.Message)
	if row, found := store.GetRow[*recordedEvent](tx.View, recorded, same); found {
		if before, found := store.Get[*corev1.Event](tx.View, row.namespace, row.name); found {
			again := before.DeepCopy()
			again.Count++
			again.LastTimestamp = now
			tx.Put(again)
			return
		}
	}
	if home, found := store.Get[*corev1.Namespace](tx.View, "", namespace); !found || home.DeletionTimestamp != nil {
		return // nothing new is made in a namespace that is ending
	}
	fresh := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace,
			Name:      regarding.Name + "." + strconv.FormatInt(tx.Now().UnixNano()+int64(tx.Identity()), 16),
			UID:       r.NewUID(), CreationTimestamp: now,
		},
		InvolvedObject: regarding, Type: event.Type, Reason: event.Reason, Message: event.Message,
		Source:         corev1.EventSource{Component: event.Source, Host: event.Host},
		FirstTimestamp: now, LastTimestamp: now, Count: 1,
		ReportingController: event.Source, ReportingInstance: event.Host,
	}
	api.Stamp(fresh)
	tx.Put(fresh)
	tx.PutRow(recorded, &recordedEvent{same: same, namespace: fresh.Namespace, name: fresh.Name})
}
