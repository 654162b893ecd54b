package sim

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

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
