package api

import (
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/utils/ptr"
)

var statefulSetPrinter = printed(
	func(set *appsv1.StatefulSet, now time.Time) []any {
		names, images := containerCells(set.Spec.Template.Spec.Containers)
		return []any{set.Name, readyOf(set.Status.ReadyReplicas, set.Spec.Replicas), ageOf(set, now), names, images}
	},
	nameColumn,
	textColumn("Ready", "Number of the pod with ready state"),
	ageColumn,
	containersColumn,
	imagesColumn,
)

var deploymentPrinter = printed(
	func(deployment *appsv1.Deployment, now time.Time) []any {
		names, images := containerCells(deployment.Spec.Template.Spec.Containers)
		// Unlike its siblings, a Deployment has a word of its own for a broken selector and none for an empty one.
		selected := "<invalid>"
		if selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector); err == nil {
			selected = selector.String()
		}
		return []any{
			deployment.Name, readyOf(deployment.Status.ReadyReplicas, deployment.Spec.Replicas),
			int64(deployment.Status.UpdatedReplicas), int64(deployment.Status.AvailableReplicas), ageOf(deployment, now),
			names, images, selected,
		}
	},
	nameColumn,
	textColumn("Ready", "Number of the pod with ready state"),
	textColumn("Up-to-date", describe(appsv1.DeploymentStatus{}, "updatedReplicas")),
	textColumn("Available", describe(appsv1.DeploymentStatus{}, "availableReplicas")),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(appsv1.DeploymentSpec{}, "selector")),
)

// readyOf is the READY column x/y. Stored objects have their replicas filled in.
func readyOf(ready int32, desired *int32) string {
	return fmt.Sprintf("%d/%d", ready, ptr.Deref(desired, 0))
}

var replicaSetPrinter = printed(
	func(set *appsv1.ReplicaSet, now time.Time) []any {
		names, images := containerCells(set.Spec.Template.Spec.Containers)
		return []any{
			set.Name, int64(ptr.Deref(set.Spec.Replicas, 0)), int64(set.Status.Replicas), int64(set.Status.ReadyReplicas),
			ageOf(set, now), names, images, metav1.FormatLabelSelector(set.Spec.Selector),
		}
	},
	nameColumn,
	column("Desired", "integer", describe(appsv1.ReplicaSetSpec{}, "replicas")),
	column("Current", "integer", describe(appsv1.ReplicaSetStatus{}, "replicas")),
	column("Ready", "integer", describe(appsv1.ReplicaSetStatus{}, "readyReplicas")),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(appsv1.ReplicaSetSpec{}, "selector")),
)

var replicationControllerPrinter = printed(
	func(controller *corev1.ReplicationController, now time.Time) []any {
		names, images := "", ""
		if template := controller.Spec.Template; template != nil {
			names, images = containerCells(template.Spec.Containers)
		}
		return []any{
			controller.Name, int64(ptr.Deref(controller.Spec.Replicas, 0)), int64(controller.Status.Replicas),
			int64(controller.Status.ReadyReplicas), ageOf(controller, now),
			names, images, labels.FormatLabels(controller.Spec.Selector),
		}
	},
	nameColumn,
	column("Desired", "integer", describe(corev1.ReplicationControllerSpec{}, "replicas")),
	column("Current", "integer", describe(corev1.ReplicationControllerStatus{}, "replicas")),
	column("Ready", "integer", describe(corev1.ReplicationControllerStatus{}, "readyReplicas")),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(corev1.ReplicationControllerSpec{}, "selector")),
)

var daemonSetPrinter = printed(
	func(set *appsv1.DaemonSet, now time.Time) []any {
		names, images := containerCells(set.Spec.Template.Spec.Containers)
		status := set.Status
		return []any{
			set.Name, int64(status.DesiredNumberScheduled), int64(status.CurrentNumberScheduled), int64(status.NumberReady),
			int64(status.UpdatedNumberScheduled), int64(status.NumberAvailable),
			labels.FormatLabels(set.Spec.Template.Spec.NodeSelector), ageOf(set, now),
			names, images, metav1.FormatLabelSelector(set.Spec.Selector),
		}
	},
	nameColumn,
	column("Desired", "integer", describe(appsv1.DaemonSetStatus{}, "desiredNumberScheduled")),
	column("Current", "integer", describe(appsv1.DaemonSetStatus{}, "currentNumberScheduled")),
	column("Ready", "integer", describe(appsv1.DaemonSetStatus{}, "numberReady")),
	column("Up-to-date", "integer", describe(appsv1.DaemonSetStatus{}, "updatedNumberScheduled")),
	column("Available", "integer", describe(appsv1.DaemonSetStatus{}, "numberAvailable")),
	textColumn("Node Selector", describe(corev1.PodSpec{}, "nodeSelector")),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(appsv1.DaemonSetSpec{}, "selector")),
)

var controllerRevisionPrinter = printed(
	func(revision *appsv1.ControllerRevision, now time.Time) []any {
		return []any{revision.Name, controllerOf(revision), revision.Revision, ageOf(revision, now)}
	},
	nameColumn,
	textColumn("Controller", "Controller of the object"),
	textColumn("Revision", describe(appsv1.ControllerRevision{}, "revision")),
	ageColumn,
)

// controllerOf names an object's controller with its kind and group: statefulset.apps/web.
func controllerOf(object metav1.Object) string {
	owner := metav1.GetControllerOfNoCopy(object)
	if owner == nil {
		return cellNone
	}
	kind := schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind()
	if kind.Empty() {
		return owner.Name
	}
	return strings.ToLower(kind.String()) + "/" + owner.Name
}

var jobPrinter = printed(
	func(job *batchv1.Job, now time.Time) []any {
		names, images := containerCells(job.Spec.Template.Spec.Containers)
		return []any{
			job.Name, jobStatus(job), jobCompletions(job), jobDuration(job, now), ageOf(job, now),
			names, images, metav1.FormatLabelSelector(job.Spec.Selector),
		}
	},
	nameColumn,
	textColumn("Status", "Status of the job."),
	textColumn("Completions", describe(batchv1.JobStatus{}, "succeeded")),
	textColumn("Duration", "Time required to complete the job."),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(batchv1.JobSpec{}, "selector")),
)

func jobStatus(job *batchv1.Job) string {
	conditions := map[batchv1.JobConditionType]bool{}
	for _, condition := range job.Status.Conditions {
		if _, seen := conditions[condition.Type]; !seen {
			conditions[condition.Type] = condition.Status == corev1.ConditionTrue
		}
	}
	switch {
	case conditions[batchv1.JobComplete]:
		return "Complete"
	case conditions[batchv1.JobFailed]:
		return "Failed"
	case job.DeletionTimestamp != nil:
		return "Terminating"
	case conditions[batchv1.JobSuspended]:
		return "Suspended"
	case conditions[batchv1.JobFailureTarget]:
		return "FailureTarget"
	case conditions[batchv1.JobSuccessCriteriaMet]:
		return "SuccessCriteriaMet"
	}
	return "Running"
}

// jobCompletions is succeeded/wanted. A job without completions is done with its first success; with several workers
// that is said as "0/1 of 3".
func jobCompletions(job *batchv1.Job) string {
	wanted := "1"
	if job.Spec.Completions != nil {
		wanted = fmt.Sprint(*job.Spec.Completions)
	} else if workers := ptr.Deref(job.Spec.Parallelism, 0); workers > 1 {
		wanted = fmt.Sprintf("1 of %d", workers)
	}
	return fmt.Sprintf("%d/%s", job.Status.Succeeded, wanted)
}

// jobDuration runs from the start until the completion, or until now; it is empty before the start.
func jobDuration(job *batchv1.Job, now time.Time) string {
	started, end := job.Status.StartTime, now
	if started == nil {
		return ""
	}
	if job.Status.CompletionTime != nil {
		end = job.Status.CompletionTime.Time
	}
	return duration.HumanDuration(end.Sub(started.Time))
}

var cronJobPrinter = printed(
	func(job *batchv1.CronJob, now time.Time) []any {
		template := job.Spec.JobTemplate.Spec
		names, images := containerCells(template.Template.Spec.Containers)
		suspended, scheduled := cellUnset, cellNone
		if job.Spec.Suspend != nil {
			suspended = "False"
			if *job.Spec.Suspend {
				suspended = "True"
			}
		}
		if job.Status.LastScheduleTime != nil {
			scheduled = elapsed(job.Status.LastScheduleTime.Time, now)
		}
		return []any{
			job.Name, job.Spec.Schedule, valueOr(job.Spec.TimeZone, cellNone), suspended, int64(len(job.Status.Active)),
			scheduled, ageOf(job, now), names, images, metav1.FormatLabelSelector(template.Selector),
		}
	},
	nameColumn,
	textColumn("Schedule", describe(batchv1.CronJobSpec{}, "schedule")),
	textColumn("Timezone", describe(batchv1.CronJobSpec{}, "timeZone")),
	column("Suspend", "boolean", describe(batchv1.CronJobSpec{}, "suspend")),
	column("Active", "integer", describe(batchv1.CronJobStatus{}, "active")),
	textColumn("Last Schedule", describe(batchv1.CronJobStatus{}, "lastScheduleTime")),
	ageColumn,
	containersColumn,
	imagesColumn,
	wideColumn("Selector", describe(batchv1.JobSpec{}, "selector")),
)
