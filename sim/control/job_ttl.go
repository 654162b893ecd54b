package control

import (
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// finishedJobLoop deletes Jobs, and their Pods with them, spec.ttlSecondsAfterFinished seconds after they have ended
// (upstream: pkg/controller/ttlafterfinished).
func finishedJobLoop() Loop {
	return Loop{Name: "ttlafterfinished", Latency: jobLatency, Wakes: wakeFinishedJob, Sync: syncFinishedJob}
}

func wakeFinishedJob(_ store.View, change store.Change, wake func(Key)) {
	if job, ok := change.New.(*batchv1.Job); ok && job.DeletionTimestamp == nil && job.Spec.TTLSecondsAfterFinished != nil && jobEnded(job) != nil {
		wake(api.NameOf(job))
	}
}

func syncFinishedJob(in Input) (plan Plan) {
	job, found := store.Get[*batchv1.Job](in.View, in.Key.Namespace, in.Key.Name)
	if !found || job.DeletionTimestamp != nil || job.Spec.TTLSecondsAfterFinished == nil {
		return plan
	}
	ended := jobEnded(job)
	if ended == nil {
		return plan
	}
	due := ended.LastTransitionTime.Add(time.Duration(*job.Spec.TTLSecondsAfterFinished) * time.Second)
	if due.After(in.Now) {
		plan.Requeue = due
		return plan
	}
	plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: job, Tolerate: []string{"NotFound"},
		DeleteOptions: &DeleteOptions{UID: job.UID, Propagation: metav1.DeletePropagationForeground}})
	return plan
}
