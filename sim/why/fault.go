package why

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// fault says that what was told before has a cause that somebody made on purpose, and what ends it.
func (a *asker) fault(rule, fault, cure string) {
	a.say(rule, "the fault "+fault, "", "stsim fault "+cure)
}

// madeProbe is about a probe that was made to fail.
func (a *asker) madeProbe(pod *corev1.Pod, name, probe string) {
	if container.MadeToFail(a.view, api.NameOf(pod), name, probe) {
		about := fmt.Sprintf("%s %s %s", argument(pod.Namespace, pod.Name), name, probe)
		a.fault(fmt.Sprintf("this %s probe was made to fail: it says nothing about the container", probe), "probe-fails "+about, "probe-heals "+about)
	}
}

// madePulls is about image pulls that were made to fail or to be slow.
func (a *asker) madePulls(pod *corev1.Pod) {
	fault := container.PoorPullsOf(a.view, pod.Spec.NodeName)
	switch {
	case fault == nil:
	case fault.Delay > 0:
		a.fault(fmt.Sprintf("image pulls of node %s were made slow: each takes %s", fault.Node, api.FormatDuration(fault.Delay)),
			fmt.Sprintf("pulls-slow %s %s", fault.Node, api.FormatDuration(fault.Delay)), "pulls-heal "+fault.Node)
	default:
		a.fault(fmt.Sprintf("node %s was made to reach no image registry: it has the images that it had", fault.Node), "pulls-fail "+fault.Node, "pulls-heal "+fault.Node)
	}
}

// madeSilent is about a machine that was switched off or cut off.
func (a *asker) madeSilent(node *corev1.Node) {
	machine, found := store.GetRow[*container.Machine](a.view, container.Machines, node.Name)
	switch {
	case !found || machine.Runs():
	case !machine.Powered:
		a.fault("the machine of "+of(node)+" was switched off: nothing runs on it", "node-down "+node.Name, "node-up "+node.Name)
	default:
		a.fault("the machine of "+of(node)+" was cut off from the network: what ran on it runs on", "node-cut "+node.Name, "node-up "+node.Name)
	}
}

// madeVolume is about the volume of a claim that was filled or broken.
func (a *asker) madeVolume(claim *corev1.PersistentVolumeClaim) {
	if claim.Spec.VolumeName == "" {
		return
	}
	volume, err := container.VolumeOf(a.view, claim)
	if err != nil {
		return // such a volume cannot have been
	}
	fault := container.BadVolumeOf(a.view, volume)
	name := argument(claim.Namespace, claim.Name)
	switch {
	case fault == nil:
	case fault.Taken > 0:
		a.fault("the volume of "+of(claim)+" was filled by something else: No space left on device", "volume-full "+name, "volume-heals "+name)
	default:
		a.fault("the volume of "+of(claim)+" was broken: Input/output error", "volume-fails "+name, "volume-heals "+name)
	}
}

// madeVolumes is about the volumes of a Pod that is not well.
func (a *asker) madeVolumes(pod *corev1.Pod) {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		if claim, found := store.Get[*corev1.PersistentVolumeClaim](a.view, pod.Namespace, volume.PersistentVolumeClaim.ClaimName); found {
			a.madeVolume(claim)
		}
	}
}

// madeSilentAPI is about an API server that was stopped.
func (a *asker) madeSilentAPI() {
	if container.IsAPIDown(a.view) {
		a.fault("the API server was stopped: all objects stay as they are, whatever happens to containers", "api-down", "api-up")
	}
}

// argument is a name as the words of faults have it.
func argument(namespace, name string) string {
	if namespace == "default" {
		return name
	}
	return namespace + "/" + name
}
