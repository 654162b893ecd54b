package oracle

import (
	"regexp"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/control"
	"github.com/stsim/stsim/sim/kernel"
)

var ourLoop = func() control.Loop {
	loops := control.Loops()
	return loops[slices.IndexFunc(loops, func(loop control.Loop) bool { return loop.Name == "statefulset" })]
}()

// syncOurs lets the simulator's loop look at the set once, and carries its Plan out.
func syncOurs(s *server) (requeue time.Duration, err error) {
	now := s.tx.Now()
	plan := ourLoop.Sync(control.Input{
		View: s.cache(), Key: control.Key{Namespace: namespace, Name: setName}, Now: now, Settings: s.world.settings,
		Choose: kernel.NewTape(nil).Choose,
	})
	err = plan.Carry(func(write control.Write) error { return carryOut(s, write) },
		func(event control.Event) {
			s.events = append(s.events, eventText(event.Type, event.Reason, event.Message))
		},
		func(control.Write, error) {})
	if err == nil && !plan.Requeue.IsZero() {
		requeue = plan.Requeue.Sub(now)
	}
	return requeue, err
}

func carryOut(s *server, write control.Write) (err error) {
	switch write.Verb {
	case control.Create:
		_, err = s.createObject(write.Object, write.Batch, write.Part)
	case control.Update:
		_, err = s.updateObject(write.Object, "", write.Batch, write.Part)
	case control.UpdateStatus:
		_, err = s.updateObject(write.Object, "status", write.Batch, write.Part)
	case control.Delete:
		err = s.deleteObject(write.Object, metav1.DeleteOptions{}, write.Batch, write.Part)
	default:
		panic("unexpected verb " + string(write.Verb))
	}
	return err
}

var memberName = regexp.MustCompile(`^(.*)-([0-9]+)$`)

// isMember is upstream's isMemberOf.
func isMember(set *appsv1.StatefulSet, pod *corev1.Pod) bool {
	parts := memberName.FindStringSubmatch(pod.Name)
	return len(parts) == 3 && parts[1] == set.Name
}
