package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/stsim/stsim/sim/api"
)

// untold are kinds that the cluster keeps for itself, or that show elsewhere: endpoints in DNS, revisions in the Pods.
var untold = []string{"Event", "EndpointSlice", "Endpoints", "Lease", "ControllerRevision", "VolumeAttachment", "CSINode"}

// first are the kinds to tell of before all others, in this order.
var first = []string{"Namespace", "Node", "StatefulSet", "Deployment", "ReplicaSet", "DaemonSet", "Job", "Pod", "Service", "PersistentVolumeClaim", "PersistentVolume"}

// toldKinds are the kinds to tell of, in the order of the telling.
func toldKinds() []*api.Kind {
	var kinds []*api.Kind
	for _, name := range first {
		kinds = append(kinds, api.KindNamed(name))
	}
	for _, kind := range api.Kinds() {
		if !slices.Contains(untold, kind.Kind) && !slices.Contains(first, kind.Kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// isOwn says whether the cluster makes such an object in every namespace.
func isOwn(object api.Object) bool {
	switch object.(type) {
	case *corev1.ServiceAccount:
		return object.GetName() == "default"
	case *corev1.ConfigMap:
		return object.GetName() == "kube-root-ca.crt"
	}
	return false
}

// called is the name of an object as one tells it: that of a volume which was made for a claim is made up, and says nothing.
func called(object api.Object) string {
	if volume, is := object.(*corev1.PersistentVolume); is && volume.Spec.ClaimRef != nil && strings.HasPrefix(volume.Name, "pvc-") {
		return "of " + in(volume.Spec.ClaimRef.Namespace, volume.Spec.ClaimRef.Name)
	}
	return object.GetName()
}

// in is a name with its namespace, unless that is default.
func in(namespace, name string) string {
	if namespace == "" || namespace == "default" {
		return name
	}
	return namespace + "/" + name
}

// fact is something that is so of an object, and was not asked for.
type fact struct{ label, value string }

// String is how a fact is told of something new.
func (f fact) String() string { return strings.TrimPrefix(f.label+" "+f.value, " ") }

// factsOf are what a status says, as people say it.
func factsOf(object api.Object) []fact {
	var facts []fact
	switch object := object.(type) {
	case *corev1.Pod:
		facts = podFacts(object)
	case *appsv1.StatefulSet:
		facts = append(facts, replicaFacts(object.Spec.Replicas, object.Status.ReadyReplicas, object.Status.UpdatedReplicas, object.Status.CurrentRevision != object.Status.UpdateRevision)...)
	case *appsv1.Deployment:
		facts = append(facts, replicaFacts(object.Spec.Replicas, object.Status.ReadyReplicas, object.Status.UpdatedReplicas, object.Status.UpdatedReplicas != object.Status.Replicas)...)
	case *appsv1.ReplicaSet:
		facts = append(facts, replicaFacts(object.Spec.Replicas, object.Status.ReadyReplicas, 0, false)...)
	case *corev1.PersistentVolumeClaim:
		facts = append(facts, fact{"", cell(object, "Status")})
		if size := object.Status.Capacity.Storage(); !size.IsZero() {
			facts = append(facts, fact{"of", size.String()})
		}
	case *corev1.PersistentVolume, *corev1.Node, *corev1.Namespace:
		facts = append(facts, fact{"", cell(object, "Status")})
	case *policyv1.PodDisruptionBudget:
		facts = append(facts, fact{"disruptions allowed:", strconv.Itoa(int(object.Status.DisruptionsAllowed))})
	}
	if _, isPod := object.(*corev1.Pod); object.GetDeletionTimestamp() != nil && !isPod {
		facts = append(facts, fact{"", "being deleted"})
	}
	return facts
}

func podFacts(pod *corev1.Pod) []fact {
	state, ready, restarts := cell(pod, "Status"), 0, 0
	for _, status := range pod.Status.ContainerStatuses {
		restarts += int(status.RestartCount)
		if status.Ready {
			ready++
		}
	}
	switch all := len(pod.Spec.Containers); {
	case state != "Running":
	case ready == all:
		state += ", Ready"
	case all == 1:
		state += ", not Ready"
	default:
		state += fmt.Sprintf(", %d of %d containers ready", ready, all)
	}
	facts := []fact{{"", state}}
	if restarts > 0 {
		facts = append(facts, fact{"restarts:", strconv.Itoa(restarts)})
	}
	return facts
}

func replicaFacts(wanted *int32, ready, updated int32, rollsOut bool) []fact {
	all := int32(1)
	if wanted != nil {
		all = *wanted
	}
	facts := []fact{{"ready", fmt.Sprintf("%d of %d", ready, all)}}
	if rollsOut {
		facts = append(facts, fact{"updated", fmt.Sprintf("%d of %d", updated, all)})
	}
	return facts
}

// cell is what kubectl get shows in a column.
func cell(object api.Object, column string) string {
	kind := api.KindOf(object)
	cells := kind.Row(object, object.GetCreationTimestamp().Time)
	for i, at := range kind.Columns {
		if at.Name == column && i < len(cells) {
			return fmt.Sprint(cells[i])
		}
	}
	return ""
}
