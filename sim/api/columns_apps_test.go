package api

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// twoContainers is a pod template of two containers.
var twoContainers = corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
	{Name: "web", Image: "nginx:1"}, {Name: "log", Image: "busybox"},
}}}

// selectsWeb is the selector app=web.
var selectsWeb = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}

func TestWorkloadRows(t *testing.T) {
	checkRows(t, "StatefulSet", []checkRow{
		{"two of three replicas are ready", &appsv1.StatefulSet{ObjectMeta: aged("web"),
			Spec:   appsv1.StatefulSetSpec{Replicas: ptr.To[int32](3), Template: twoContainers},
			Status: appsv1.StatefulSetStatus{Replicas: 3, ReadyReplicas: 2}}, "web | 2/3 | 5m | [web,log] | [nginx:1,busybox]"},
		{"more are ready than are wanted while it shrinks", &appsv1.StatefulSet{ObjectMeta: aged("web"),
			Spec:   appsv1.StatefulSetSpec{Replicas: ptr.To[int32](0)},
			Status: appsv1.StatefulSetStatus{Replicas: 1, ReadyReplicas: 1}}, "web | 1/0 | 5m | [] | []"},
	})
	checkRows(t, "Deployment", []checkRow{
		{"a rollout under way", &appsv1.Deployment{ObjectMeta: aged("web"),
			Spec:   appsv1.DeploymentSpec{Replicas: ptr.To[int32](3), Template: twoContainers, Selector: selectsWeb},
			Status: appsv1.DeploymentStatus{ReadyReplicas: 3, UpdatedReplicas: 1, AvailableReplicas: 2},
		}, "web | 3/3 | 1 | 2 | 5m | [web,log] | [nginx:1,busybox] | [app=web]"},
		{"a selector that makes no sense", &appsv1.Deployment{ObjectMeta: aged("web"), Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To[int32](1), Selector: &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Like"}}},
		}}, "web | 0/1 | 0 | 0 | 5m | [] | [] | [<invalid>]"},
	})
	checkRows(t, "ReplicaSet", []checkRow{
		{"wanted, existing and ready", &appsv1.ReplicaSet{ObjectMeta: aged("web-5d8"),
			Spec:   appsv1.ReplicaSetSpec{Replicas: ptr.To[int32](3), Template: twoContainers, Selector: selectsWeb},
			Status: appsv1.ReplicaSetStatus{Replicas: 2, ReadyReplicas: 1},
		}, "web-5d8 | 3 | 2 | 1 | 5m | [web,log] | [nginx:1,busybox] | [app=web]"},
	})
	checkRows(t, "ReplicationController", []checkRow{
		{"wanted, existing and ready", &corev1.ReplicationController{ObjectMeta: aged("web"),
			Spec: corev1.ReplicationControllerSpec{Replicas: ptr.To[int32](3), Template: &twoContainers,
				Selector: map[string]string{"app": "web"}},
			Status: corev1.ReplicationControllerStatus{Replicas: 2, ReadyReplicas: 1},
		}, "web | 3 | 2 | 1 | 5m | [web,log] | [nginx:1,busybox] | [app=web]"},
		{"no template at all", &corev1.ReplicationController{ObjectMeta: aged("web")}, "web | 0 | 0 | 0 | 5m | [] | [] | [<none>]"},
	})
	onDisk := *twoContainers.DeepCopy()
	onDisk.Spec.NodeSelector = map[string]string{"zone": "a", "disk": "ssd"}
	checkRows(t, "DaemonSet", []checkRow{
		{"one of each number", &appsv1.DaemonSet{ObjectMeta: aged("agent"),
			Spec: appsv1.DaemonSetSpec{Template: onDisk, Selector: selectsWeb},
			Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 5, CurrentNumberScheduled: 4, NumberReady: 3,
				UpdatedNumberScheduled: 2, NumberAvailable: 1},
		}, "agent | 5 | 4 | 3 | 2 | 1 | disk=ssd,zone=a | 5m | [web,log] | [nginx:1,busybox] | [app=web]"},
	})
}

func TestControllerRevisionRows(t *testing.T) {
	owned := func(apiVersion, kind string, controls bool) *appsv1.ControllerRevision {
		revision := &appsv1.ControllerRevision{ObjectMeta: aged("web-7f9"), Revision: 2}
		revision.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: "web", Controller: &controls}}
		return revision
	}
	checkRows(t, "ControllerRevision", []checkRow{
		{"the controller is named with its group", owned("apps/v1", "StatefulSet", true), "web-7f9 | statefulset.apps/web | 2 | 5m"},
		{"a controller of the core group", owned("v1", "Pod", true), "web-7f9 | pod/web | 2 | 5m"},
		{"a controller of no kind", owned("", "", true), "web-7f9 | web | 2 | 5m"},
		{"a controller whose API version is nonsense", owned("a/b/c", "StatefulSet", true), "web-7f9 | statefulset/web | 2 | 5m"},
		{"an owner that is no controller", owned("apps/v1", "StatefulSet", false), "web-7f9 | <none> | 2 | 5m"},
	})
}

func TestJobRows(t *testing.T) {
	job := func(meta metav1.ObjectMeta, spec batchv1.JobSpec, status batchv1.JobStatus) *batchv1.Job {
		spec.Selector = selectsWeb
		return &batchv1.Job{ObjectMeta: meta, Spec: spec, Status: status}
	}
	conditions := func(types ...batchv1.JobConditionType) (list []batchv1.JobCondition) {
		for _, of := range types {
			list = append(list, batchv1.JobCondition{Type: of, Status: corev1.ConditionTrue})
		}
		return list
	}
	begun, ended := ago(4*time.Minute), ago(3*time.Minute)
	const rest = " | 5m | [] | [] | [app=web]"
	checkRows(t, "Job", []checkRow{
		{"a job that has not begun", job(aged("pi"), batchv1.JobSpec{Completions: ptr.To[int32](3)}, batchv1.JobStatus{}),
			"pi | Running | 0/3 | " + rest},
		{"a job under way counts its time until now", job(aged("pi"), batchv1.JobSpec{Completions: ptr.To[int32](3)},
			batchv1.JobStatus{Succeeded: 1, StartTime: &begun}), "pi | Running | 1/3 | 4m" + rest},
		{"a complete job counts its time until its end", job(aged("pi"), batchv1.JobSpec{Completions: ptr.To[int32](3)},
			batchv1.JobStatus{Succeeded: 3, StartTime: &begun, CompletionTime: &ended, Conditions: conditions("SuccessCriteriaMet", "Complete")}),
			"pi | Complete | 3/3 | 60s" + rest},
		{"several workers of which one success is enough", job(aged("pi"), batchv1.JobSpec{Parallelism: ptr.To[int32](4)}, batchv1.JobStatus{}),
			"pi | Running | 0/1 of 4 | " + rest},
		{"one worker of which one success is enough", job(aged("pi"), batchv1.JobSpec{Parallelism: ptr.To[int32](1)}, batchv1.JobStatus{}),
			"pi | Running | 0/1 | " + rest},
		{"a job that failed", job(aged("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("FailureTarget", "Failed")}),
			"pi | Failed | 0/1 | " + rest},
		{"a job that is about to fail", job(aged("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("FailureTarget")}),
			"pi | FailureTarget | 0/1 | " + rest},
		{"a job that is about to be complete", job(aged("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("SuccessCriteriaMet")}),
			"pi | SuccessCriteriaMet | 0/1 | " + rest},
		{"a suspended job", job(aged("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("Suspended")}),
			"pi | Suspended | 0/1 | " + rest},
		{"a suspended job that was told to go", job(agedAndDeleted("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("Suspended")}),
			"pi | Terminating | 0/1 | " + rest},
		{"a failed job that was told to go", job(agedAndDeleted("pi"), batchv1.JobSpec{}, batchv1.JobStatus{Conditions: conditions("Failed")}),
			"pi | Failed | 0/1 | " + rest},
	})
}

func TestCronJobRows(t *testing.T) {
	last := ago(30 * time.Second)
	spec := batchv1.CronJobSpec{Schedule: "*/5 * * * *", Suspend: ptr.To(false)}
	spec.JobTemplate.Spec.Template = twoContainers
	abroad := spec
	abroad.TimeZone, abroad.Suspend = ptr.To("Europe/Paris"), ptr.To(true)
	checkRows(t, "CronJob", []checkRow{
		{"never run", &batchv1.CronJob{ObjectMeta: aged("tidy"), Spec: spec},
			"tidy | */5 * * * * | <none> | False | 0 | <none> | 5m | [web,log] | [nginx:1,busybox] | [<none>]"},
		{"running, in a time zone, and suspended since", &batchv1.CronJob{ObjectMeta: aged("tidy"), Spec: abroad,
			Status: batchv1.CronJobStatus{LastScheduleTime: &last, Active: make([]corev1.ObjectReference, 2)}},
			"tidy | */5 * * * * | Europe/Paris | True | 2 | 30s | 5m | [web,log] | [nginx:1,busybox] | [<none>]"},
		{"nobody said whether it is suspended", &batchv1.CronJob{ObjectMeta: aged("tidy")},
			"tidy |  | <none> | <unset> | 0 | <none> | 5m | [] | [] | [<none>]"},
	})
}
