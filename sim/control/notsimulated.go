package control

import (
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// notSimulatedLatency lets the event come after those of the object's creation.
const notSimulatedLatency = 10 * time.Millisecond

// notSimulated are the kinds that are kept but that nothing comes of, with what to do instead.
var notSimulated = map[string]string{
	"CronJob":                 "no Jobs are created on a schedule; hint: kubectl create job --from=cronjob/NAME creates one",
	"DaemonSet":               "no Pods are created for it; hint: a StatefulSet or Deployment with Pod anti-affinity puts one Pod on each node",
	"HorizontalPodAutoscaler": "nothing is scaled, since there are no metrics; hint: kubectl scale",
	"Ingress":                 "no ingress controller runs; hint: use a Service of type NodePort, or kubectl port-forward",
	"LimitRange":              "Pods get no defaults and no limits from it",
	"NetworkPolicy":           "all connections are allowed",
	"ResourceQuota":           "nothing is counted or refused",
}

// notSimulatedLoop says, once for each object, that nobody works for its kind. It has no counterpart upstream. Keys name the kind: "CronJob/backup".
func notSimulatedLoop() Loop {
	return Loop{Name: "notsimulated", Latency: notSimulatedLatency, Wakes: wakeNotSimulated, Sync: syncNotSimulated}
}

func wakeNotSimulated(_ store.View, change store.Change, wake func(Key)) {
	if change.Old == nil && whatIsMissing(change.New) != "" {
		wake(Key{Namespace: change.New.GetNamespace(), Name: change.Kind.Kind + "/" + change.New.GetName()})
	}
}

func syncNotSimulated(in Input) Plan {
	kind, name, _ := strings.Cut(in.Key.Name, "/")
	row := api.KindNamed(kind)
	if row == nil {
		return Plan{}
	}
	object, found := in.View.Object(row, in.Key.Namespace, name)
	if !found {
		return Plan{}
	}
	return Plan{Events: []Event{{Regarding: object, Type: corev1.EventTypeWarning, Reason: "NotSimulated", Message: whatIsMissing(object), Source: "stsim"}}}
}

// whatIsMissing says what does not come of an object; empty when everything does that is known of.
func whatIsMissing(object api.Object) string {
	kind := api.KindOf(object).Kind
	if missing := notSimulated[kind]; missing != "" {
		return "A " + kind + " is kept but not simulated: " + missing
	}
	if pod, ok := object.(*corev1.Pod); ok && pod.Spec.ShareProcessNamespace != nil && *pod.Spec.ShareProcessNamespace {
		return "A Pod with spec.shareProcessNamespace is run but that is not simulated: its containers do not see each other's processes"
	}
	if job, ok := object.(*batchv1.Job); ok {
		if field := unsupportedInJob(job); field != "" {
			return "A Job with " + field + " is kept but not simulated: no Pods are created for it"
		}
	}
	return ""
}
