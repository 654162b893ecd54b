package sim

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// This file is the door for faults: what befalls the machines behind the nodes. Like a request from outside each is one transaction. What the cluster makes
// of it takes its time: about 45 s until the node is NotReady, and another five minutes until its Pods are deleted.

// StopNode takes the machine of a node its power: all that runs on it ends at once. One that has none stays as it is.
//
// Errors: there is no such node.
func (c *Cluster) StopNode(name string) error { return c.befall(name, DoStopNode) }

// CutNode takes the machine of a node its network. Its processes run on, where nobody reaches them and the API hears nothing of them; its kubelet rests, so that
// a container that ends stays down. (A real one restarts it.)
//
// Errors: there is no such node.
func (c *Cluster) CutNode(name string) error { return c.befall(name, DoCutNode) }

// ReturnNode gives the machine of a node power and network. Its kubelet reports that it is ready, ends what was deleted in the meantime, and, after a power
// failure, starts anew what is still to run. A kubelet that starts also registers its node when somebody has deleted it; one that
// was only cut off does not. On a machine that runs the kubelet is restarted.
//
// Errors: there is no such node.
func (c *Cluster) ReturnNode(name string) error { return c.befall(name, DoReturnNode) }

func (c *Cluster) befall(node string, what Operation) error {
	_, err := c.take(Input{Do: what, Name: api.Name{Name: node}}, false)
	return err
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
	return fmt.Errorf("expected the name of a node, found %q; there are %s", name, strings.Join(names, ", "))
}

// Ghost is a container that runs although the API does not know of it, or cannot know: nothing keeps another one of its identity from running as well.
type Ghost struct {
	Pod       api.Name
	UID       api.UID
	Container string
	Node      string
	Deleted   bool // the Pod's object is gone: somebody deleted it without waiting for its kubelet
	Cut       bool // its node is out of reach
}

// Why is what makes it a ghost, in words.
func (g Ghost) Why() string {
	var why []string
	if g.Deleted {
		why = append(why, "its Pod was deleted by force")
	}
	if g.Cut {
		why = append(why, "its node is cut off")
	}
	return strings.Join(why, ", ")
}

// Ghosts lists them, ordered by the uids of their Pods and by the names of the containers.
func (c *Cluster) Ghosts() []Ghost { return ghosts(c.View()) }

func ghosts(view store.View) []Ghost {
	var list []Ghost
	for run := range store.Rows[*container.Container](view, container.Containers, "") {
		if run.State != container.Running {
			continue
		}
		if ghost, is := asGhost(view, run); is {
			list = append(list, ghost)
		}
	}
	return list
}

// asGhost says whether a container that runs is a ghost.
func asGhost(view store.View, run *container.Container) (Ghost, bool) {
	sandbox, found := store.GetRow[*container.Sandbox](view, container.Sandboxes, string(run.UID))
	if !found {
		return Ghost{}, false
	}
	name := api.NameOf(sandbox.Pod)
	pod, found := store.Get[*corev1.Pod](view, name.Namespace, name.Name)
	machine, known := store.GetRow[*container.Machine](view, container.Machines, run.Node)
	ghost := Ghost{
		Pod: name, UID: run.UID, Container: run.Name, Node: run.Node,
		Deleted: !found || pod.UID != run.UID, Cut: known && !machine.Connected,
	}
	return ghost, ghost.Deleted || ghost.Cut
}
