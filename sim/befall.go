package sim

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// onMachine is a fault of the machine behind a node. What the cluster makes of one that stops takes its time: about 45 s until the node is NotReady, and
// another five minutes until its Pods are deleted. One that has no power stays as it is when it loses it. A kubelet that starts also registers
// its node when somebody has deleted it; one that was only cut off does not.
func onMachine(fault func(w *container.World, node string)) func(*Cluster, *store.Tx, Fault) error {
	return func(c *Cluster, tx *store.Tx, f Fault) error {
		if err := knowsNode(tx.View, f.Node); err != nil {
			return err
		}
		fault(c.world(tx), f.Node)
		return nil
	}
}

// knowsNode gives an error for a name that is neither that of a Node nor that of a machine whose Node was deleted.
func knowsNode(view store.View, name string) error {
	if _, found := store.Get[*corev1.Node](view, "", name); found {
		return nil
	}
	var names []string
	for machine := range store.Rows[*container.Machine](view, container.Machines, "") {
		if machine.Node == name {
			return nil
		}
		names = append(names, machine.Node)
	}
	return notThere("the name of a node", name, names)
}

// mostNames is how many names an error lists.
const mostNames = 10

// notThere is the error for a name that nothing has.
func notThere(expected, found string, names []string) error {
	hint := didYouMean(found, names, "")
	switch {
	case hint != "":
	case len(names) == 0:
		hint = "there is none"
	case len(names) == 1:
		hint = "there is " + names[0]
	case len(names) > mostNames:
		hint = fmt.Sprintf("there are %s and %d more", strings.Join(names[:mostNames], ", "), len(names)-mostNames)
	default:
		hint = "there are " + strings.Join(names, ", ")
	}
	return &FaultError{Expected: expected, Found: shown(found), Hint: hint}
}

// podOf is the Pod a fault is about.
func podOf(view store.View, f Fault) (*corev1.Pod, error) {
	if pod, found := store.Get[*corev1.Pod](view, f.Namespace, f.Name); found {
		return pod, nil
	}
	var names []string
	for pod := range store.List[*corev1.Pod](view, f.Namespace) {
		names = append(names, pod.Name)
	}
	return nil, notThere("the name of a Pod of the namespace "+f.Namespace, f.Name, names)
}

// containerOf is the container a fault is about: the one it names, otherwise as kubectl chooses.
func containerOf(pod *corev1.Pod, f Fault) (*corev1.Container, error) {
	name := f.Container
	if name == "" {
		if name = pod.Annotations["kubectl.kubernetes.io/default-container"]; name == "" {
			return &pod.Spec.Containers[0], nil
		}
	}
	spec, found := container.SpecOf(pod, name)
	if !found {
		return nil, notThere("the name of a container of Pod "+pod.Name, name, container.NamesOf(pod))
	}
	return spec, nil
}

// crash kills the main process of a container. Reason is what the runtime says of it; empty for what it says of a process that was killed.
func crash(reason string) func(*Cluster, *store.Tx, Fault) error {
	return func(c *Cluster, tx *store.Tx, f Fault) error {
		pod, err := podOf(tx.View, f)
		if err != nil {
			return err
		}
		spec, err := containerOf(pod, f)
		if err != nil {
			return err
		}
		run, found := container.Newest(tx.View, pod.UID, spec.Name)
		if !found || run.State != container.Running {
			state := "one that has not been started"
			if found {
				state = map[container.State]string{container.Created: "one that is being started", container.Exited: "one that has ended"}[run.State]
			}
			return &FaultError{
				Expected: fmt.Sprintf("a container that runs (%s of Pod %s)", spec.Name, pod.Name), Found: state, Hint: "let virtual time pass until it runs",
			}
		}
		container.Crash(c.world(tx), run, reason)
		return nil
	}
}

func failProbe(c *Cluster, tx *store.Tx, f Fault) error {
	pod, err := podOf(tx.View, f)
	if err != nil {
		return err
	}
	spec, err := containerOf(pod, f)
	if err != nil {
		return err
	}
	if has := container.ProbesOf(spec); !slices.Contains(has, f.Probe) {
		return &FaultError{
			Expected: "a probe that container " + spec.Name + " of Pod " + pod.Name + " has", Found: shown(f.Probe),
			Hint: "it has " + orNone(has),
		}
	}
	container.FailProbe(c.world(tx), f.about(), spec.Name, f.Probe)
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// healProbe needs no Pod: it may be gone. Without a container it heals this probe of all of them.
func healProbe(c *Cluster, tx *store.Tx, f Fault) error {
	if !container.HealProbe(c.world(tx), f.about(), f.Container, f.Probe) {
		return nothingWrong(tx.View, "a "+f.Probe+" probe of Pod "+f.Name+" that was made to fail")
	}
	return nil
}

// nothingWrong is the error for the end of a fault that is not there.
func nothingWrong(view store.View, expected string) error {
	var list []string
	for _, fault := range faults(view) {
		list = append(list, fault.String())
	}
	hint := "nothing is wrong"
	if len(list) > 0 {
		hint = "what is wrong: " + strings.Join(list[:min(len(list), mostNames)], ", ")
	}
	return &FaultError{Expected: expected, Found: "none", Hint: hint}
}
