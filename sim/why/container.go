package why

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

const (
	imageManager   = "pkg/kubelet/images/image_manager.go"
	runtimeManager = "pkg/kubelet/kuberuntime/kuberuntime_manager.go"
	prober         = "pkg/kubelet/prober/prober.go"
)

// containers goes through a Pod's containers, those for initialising first, as the kubelet starts them.
func (a *asker) containers(pod *corev1.Pod) (held bool) {
	for i := range pod.Status.InitContainerStatuses {
		status := &pod.Status.InitContainerStatuses[i]
		if done := status.State.Terminated; done != nil && done.ExitCode == 0 || status.Ready {
			continue
		}
		a.container(pod, specOf(pod.Spec.InitContainers, status.Name), status, "init container")
		return true
	}
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; !status.Ready {
			a.container(pod, specOf(pod.Spec.Containers, status.Name), status, "container")
			held = true
		}
	}
	if held {
		a.madeVolumes(pod)
	}
	return held
}

func isInit(pod *corev1.Pod, spec *corev1.Container) bool {
	return slices.ContainsFunc(pod.Spec.InitContainers, func(container corev1.Container) bool { return container.Name == spec.Name })
}

func specOf(containers []corev1.Container, name string) *corev1.Container {
	for i := range containers {
		if containers[i].Name == name {
			return &containers[i]
		}
	}
	return &corev1.Container{Name: name}
}

// container is about one container that is not as it should be.
func (a *asker) container(pod *corev1.Pod, spec *corev1.Container, status *corev1.ContainerStatus, what string) {
	who := fmt.Sprintf("%s %s of %s", what, status.Name, of(pod))
	switch {
	case status.State.Waiting != nil:
		a.waiting(pod, spec, status, who)
	case status.State.Terminated != nil:
		a.say(fmt.Sprintf("%s has ended with exit code %d (%s) and is started again", who, status.State.Terminated.ExitCode, status.State.Terminated.Reason), of(pod), "", a.logs(pod, spec))
	case status.State.Running != nil:
		a.notReady(pod, spec, status, who)
	}
}

func (a *asker) waiting(pod *corev1.Pod, spec *corev1.Container, status *corev1.ContainerStatus, who string) {
	waiting := status.State.Waiting
	otherwise := fmt.Sprintf("%s %q", waiting.Reason, waiting.Message)
	switch waiting.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError":
		event := a.eventSaying(pod, "Failed", fmt.Sprintf("Failed to pull image %q", spec.Image))
		if event == nil {
			event = a.event(pod, "InspectFailed", "ErrImageNeverPull")
		}
		a.say(fmt.Sprintf("the image %s of %s cannot be had (%s)", spec.Image, who, waiting.Reason), a.template(pod), told(event, otherwise, imageManager), a.setImage(pod, spec))
		a.madePulls(pod)
	case "CrashLoopBackOff":
		rule := fmt.Sprintf("%s keeps ending and is started again after a back-off of 10 s, doubled up to 5 minutes; %d restarts", who, status.RestartCount)
		if last := status.LastTerminationState.Terminated; last != nil {
			rule += fmt.Sprintf(", last exit code %d (%s)", last.ExitCode, last.Reason)
			if last.Message != "" {
				rule += ": " + last.Message
			}
		}
		a.say(rule, a.template(pod), told(a.event(pod, "BackOff"), otherwise, runtimeManager), a.logs(pod, spec)+" --previous")
		if probe := a.event(pod, "Unhealthy"); probe != nil && (spec.LivenessProbe != nil || spec.StartupProbe != nil) {
			a.say(fmt.Sprintf("what stops %s is a probe that fails", who), a.template(pod), told(probe, "", prober), a.kubectl(pod.Namespace, "describe pod %s", pod.Name))
			a.madeProbe(pod, spec.Name, container.LivenessProbe)
			a.madeProbe(pod, spec.Name, container.StartupProbe)
		}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		holds, command, hint := a.named(pod.Namespace, waiting.Message)
		if holds == "" {
			holds, command = a.template(pod), a.kubectl(pod.Namespace, "describe pod %s", pod.Name)
		}
		a.say(fmt.Sprintf("%s cannot be made (%s): %s%s", who, waiting.Reason, waiting.Message, hint), holds, told(a.event(pod, "Failed"), otherwise, "pkg/kubelet/kuberuntime/kuberuntime_container.go"), command)
	default:
		a.say(fmt.Sprintf("%s is about to start (%s)", who, waiting.Reason), "", told(a.event(pod, "Pulling", "Pulled"), "", imageManager), "")
		a.madePulls(pod)
	}
}

// notReady is about a container that runs.
func (a *asker) notReady(pod *corev1.Pod, spec *corev1.Container, status *corev1.ContainerStatus, who string) {
	probe := "readiness"
	if status.Started != nil && !*status.Started && spec.StartupProbe != nil {
		probe = "startup"
	}
	if spec.RestartPolicy == nil && isInit(pod, spec) {
		a.say(fmt.Sprintf("%s still runs: the containers after it start when it has ended", who), of(pod), "", a.logs(pod, spec))
		return
	}
	if spec.ReadinessProbe == nil && probe == "readiness" {
		a.say(fmt.Sprintf("%s is about to become ready", who), "", "", "")
		return
	}
	event := a.event(pod, "Unhealthy")
	if event == nil {
		a.say(fmt.Sprintf("%s runs, and its %s probe has not succeeded yet", who, probe), of(pod), "", a.kubectl(pod.Namespace, "describe pod %s", pod.Name))
		return
	}
	a.say(fmt.Sprintf("the %s probe of %s fails", probe, who), of(pod), told(event, "", prober), a.logs(pod, spec))
	a.madeProbe(pod, spec.Name, probe)
}

// template is the object in which a container is described: that which controls the Pod, unless it describes it otherwise by now.
func (a *asker) template(pod *corev1.Pod) string {
	if a.outdated(pod) {
		return of(pod)
	}
	for _, owner := range pod.OwnerReferences {
		if owner.Controller != nil && *owner.Controller {
			return fmt.Sprintf("%s %s/%s", owner.Kind, pod.Namespace, owner.Name)
		}
	}
	return of(pod)
}

// setImage gives a container another image. A StatefulSet with OrderedReady does not replace the broken Pod by itself.
func (a *asker) setImage(pod *corev1.Pod, spec *corev1.Container) string {
	if a.outdated(pod) {
		return a.kubectl(pod.Namespace, "delete pod %s", pod.Name)
	}
	for _, owner := range pod.OwnerReferences {
		if owner.Controller != nil && *owner.Controller && owner.Kind == "StatefulSet" {
			return a.kubectl(pod.Namespace, "set image statefulset/%s %s=IMAGE", owner.Name, spec.Name) + ", then " + a.kubectl(pod.Namespace, "delete pod %s", pod.Name)
		}
	}
	return a.kubectl(pod.Namespace, "set image pod/%s %s=IMAGE", pod.Name, spec.Name)
}

// outdated says whether the template has changed since a StatefulSet's Pod was made.
func (a *asker) outdated(pod *corev1.Pod) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil || owner.Kind != "StatefulSet" {
		return false
	}
	set, found := store.Get[*appsv1.StatefulSet](a.view, pod.Namespace, owner.Name)
	return found && set.UID == owner.UID && revisionOf(pod) != a.updateRevision(set)
}

func (a *asker) logs(pod *corev1.Pod, spec *corev1.Container) string {
	return a.kubectl(pod.Namespace, "logs %s -c %s", pod.Name, spec.Name)
}
