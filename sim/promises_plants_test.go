package sim

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/control"
)

// What is there before a promise is broken. Checking is off meanwhile.

type loopOf = control.Loop

var two = intstr.FromInt32(2)

func wantFour(p *planting) {
	p.set(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(4)) })
}

func wantOne(p *planting) {
	p.set(func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(1)) })
}

func partition(p *planting, ordinal int32) {
	p.set(func(set *appsv1.StatefulSet) { set.Spec.UpdateStrategy.RollingUpdate.Partition = &ordinal })
}

// nextRevision is a revision that the set has yet to go to.
func nextRevision(p *planting) {
	add(p, find[*appsv1.StatefulSet](p, "web").Status.CurrentRevision, "web-next", func(revision *appsv1.ControllerRevision) { revision.Revision = 2 })
}

// stopped lets web-1 have written a file, and ends its container.
func stopped(p *planting) {
	row := p.volume("www-web-1")
	row.Tree = row.Tree.With("index.html", []byte("web-1\n"), 0o644)
	p.tx.PutRow(container.Volumes, &row)
	run := p.run("web-1")
	run.State = container.Exited
	p.tx.PutRow(container.Containers, &run)
}

func (p *planting) volumeName(claim string) string {
	return find[*corev1.PersistentVolumeClaim](p, claim).Spec.VolumeName
}

func evict(pod *corev1.Pod) {
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
		Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI"})
}

// endpoint changes the endpoint of web-0, as the loop that writes them.
func (p *planting) endpoint(edit func(*discoveryv1.Endpoint)) {
	p.Helper()
	p.who, p.key = endpointSlices, "default/nginx"
	change(p, p.sliceOf("nginx"), func(slice *discoveryv1.EndpointSlice) {
		for i := range slice.Endpoints {
			if slice.Endpoints[i].TargetRef.Name == "web-0" {
				edit(&slice.Endpoints[i])
			}
		}
	})
}
