package container

import (
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/store"
)

// ExecError says why a command could not be run in a container, in the words of the kubelet or the runtime.
type ExecError struct {
	Message string
	// Code is what runc exits with when the fault lies with the command: 127 for one that is not there, 126 for one that cannot be run; 0 otherwise.
	Code int
}

func (e *ExecError) Error() string { return e.Message }

// Exec runs a command in a container of a Pod (kubectl exec). It runs to its end or to its first wait at once; then Output has what it said so far. container may be
// empty: the Pod's first. The number given back is for Input, Signal, Output and Close.
//
// Errors: an *ExecError.
func Exec(w *World, pod api.Name, container string, args []string, tty, stdin bool) (process int, err error) {
	c, spec, err := running(w.Tx.View, pod, container)
	if err != nil {
		return 0, err
	}
	guest := w.inContainer(c)
	if len(args) == 0 {
		return 0, &ExecError{Message: "you must specify at least one command for the container"}
	}
	server, problem := resolve(guest, args, &corev1.Container{Ports: spec.Ports})
	if problem != nil {
		code := 126
		if _, err := guest.files.In(guest.config.Dir).Stat(args[0]); err != nil {
			code = 127
		}
		return 0, &ExecError{Code: code, Message: fmt.Sprintf(
			"failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: unable to start container process: %v: unknown", w.identifier(64), problem)}
	}
	number := w.launch(c, launch{role: Executed, args: args, server: server, tty: tty, stdin: stdin})
	w.wakeWatchers()
	return number, nil
}

// Attach finds the main process of a container, for Input and Output. An interactive door prints only what comes from now on, or everything
// when the process was started for it (kubectl run -it).
//
// Errors: an *ExecError.
func Attach(view store.View, pod api.Name, container string) (process int, err error) {
	c, _, err := running(view, pod, container)
	if err != nil {
		return 0, err
	}
	if len(c.Processes) == 0 {
		return 0, &ExecError{Message: fmt.Sprintf("unable to upgrade connection: container %s not found in pod %s_%s", container, pod.Name, pod.Namespace)}
	}
	return c.Processes[0], nil
}

// running finds the running container of a Pod.
func running(view store.View, name api.Name, container string) (*Container, *corev1.Container, error) {
	pod, found := store.Get[*corev1.Pod](view, name.Namespace, name.Name)
	if !found {
		return nil, nil, &ExecError{Message: fmt.Sprintf("pods %q not found", name.Name)}
	}
	if container == "" && len(pod.Spec.Containers) > 0 {
		container = pod.Spec.Containers[0].Name
	}
	spec, found := specOf(pod, container)
	if !found {
		return nil, nil, &ExecError{Message: fmt.Sprintf("container %s is not valid for pod %s", container, name.Name)}
	}
	if _, problem := unreachable(view, pod.Spec.NodeName); problem != "" {
		return nil, nil, &ExecError{Message: "error dialing backend: " + problem}
	}
	c, found := Newest(view, pod.UID, container)
	if !found || c.State != Running {
		return nil, nil, &ExecError{Message: fmt.Sprintf("unable to upgrade connection: container not found (%q)", container)}
	}
	return c, spec, nil
}

// Input types into a process; end says that nothing more will come. A process that has ended does not hear it.
func Input(w *World, process int, data []byte, end bool) {
	p, found := w.process(process)
	if !found || p.Ended || p.Shell == nil {
		return
	}
	a := w.activate(p)
	a.shell = a.shell.Input(data, end)
	a.advance()
	a.settle()
	w.wakeWatchers()
}

// Signal sends a signal to a process by the number Exec or Attach gave.
func Signal(w *World, process int, signal int) {
	if p, found := w.process(process); found && !p.Ended {
		w.signal(p, p.PID, signal)
		w.wakeWatchers()
	}
}

// Output is what a process has written from a position on: 0 is the beginning, and next is the position for the next call. ended says that nothing will
// follow; a process that nobody knows (any more) has ended with 137.
func Output(view store.View, process int, from int) (chunks []Chunk, next int, ended bool, exitCode int) {
	p, found := store.GetRow[*Process](view, Processes, processKey(process))
	if !found {
		return nil, from, true, 128 + app.SIGKILL
	}
	log := p.Output
	if p.Role == Main {
		if c, found := store.GetRow[*Container](view, Containers, ContainerKey(p.UID, p.Container, p.Attempt)); found {
			log = c.Log
		}
	}
	chunks, next = log.Chunks(from)
	return chunks, next, p.Ended, p.ExitCode
}

// Position is where the output of a process ends now, for a door that wants only what comes after.
func Position(view store.View, process int) int {
	_, next, _, _ := Output(view, process, 0)
	return next
}

// Close ends the use of a process that Exec started: what it said is forgotten. One that still runs goes on unseen, as on a
// real node when the connection breaks.
func Close(w *World, process int) {
	if p, found := w.process(process); found && p.Role == Executed && p.Ended {
		w.Tx.DeleteRow(Processes, p.RowKey())
	}
}

// Logs is what kubectl logs shows of a container, from a position on (0 is the beginning); previous asks for the run before the newest. ended says that nothing will follow.
//
// The errors are the API server's and the kubelet's.
func Logs(view store.View, name api.Name, container string, previous bool, from int) (lines []Line, next int, ended bool, err error) {
	pod, found := store.Get[*corev1.Pod](view, name.Namespace, name.Name)
	if !found {
		return nil, 0, true, fmt.Errorf("pods %q not found", name.Name)
	}
	if container == "" && len(pod.Spec.Containers) > 0 {
		container = pod.Spec.Containers[0].Name
	}
	if _, found := specOf(pod, container); !found {
		return nil, 0, true, fmt.Errorf("container %s is not valid for pod %s", container, name.Name)
	}
	if address, problem := unreachable(view, pod.Spec.NodeName); problem != "" {
		return nil, 0, true, fmt.Errorf("Get \"https://%s/containerLogs/%s/%s/%s\": %s", address, pod.Namespace, pod.Name, container, problem)
	}
	var newest, before *Container
	for c := range store.Rows[*Container](view, Containers, string(pod.UID)+"/"+container+"/") {
		newest, before = c, newest
	}
	if previous {
		newest = before
		if newest == nil {
			return nil, 0, true, fmt.Errorf("previous terminated container %q in pod %q not found", container, name.Name)
		}
	}
	if newest == nil || newest.State == Created {
		reason := "ContainerCreating"
		for _, status := range pod.Status.ContainerStatuses {
			if status.Name == container && status.State.Waiting != nil && status.State.Waiting.Reason != "" {
				reason = status.State.Waiting.Reason
			}
		}
		return nil, 0, true, fmt.Errorf("container %q in pod %q is waiting to start: %s", container, name.Name, reason)
	}
	lines, next = newest.Log.Lines(from)
	return lines, next, newest.State == Exited, nil
}

// Request opens a connection from outside of the Pods (curl on the host to a NodePort; from is the zero Addr) or from a given address, sends payload, and gives back all that comes.
//
// Errors: an *applet.NetworkError.
func Request(w *World, from netip.Addr, to netip.AddrPort, payload []byte) ([]byte, error) {
	answer, failure := w.connect(origin{address: from}, to, payload)
	w.wakeWatchers()
	if failure != nil {
		return nil, failure
	}
	return answer, nil
}

// Forward opens a connection to a port inside of a Pod, as kubectl port-forward does: to its loopback address.
//
// Errors: an *ExecError when the Pod does not run, else an *applet.NetworkError.
func Forward(w *World, pod api.Name, port uint16, payload []byte) ([]byte, error) {
	object, found := store.Get[*corev1.Pod](w.Tx.View, pod.Namespace, pod.Name)
	if !found {
		return nil, &ExecError{Message: fmt.Sprintf("pods %q not found", pod.Name)}
	}
	if _, problem := unreachable(w.Tx.View, object.Spec.NodeName); problem != "" {
		return nil, &ExecError{Message: "error dialing backend: " + problem}
	}
	sandbox, found := w.sandbox(object.UID)
	if !found || !sandbox.Ready {
		return nil, &ExecError{Message: fmt.Sprintf("unable to forward port because pod is not running. Current status=%s", object.Status.Phase)}
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	answer, failure := w.connect(origin{sandbox: sandbox, node: sandbox.Node, address: loopback}, netip.AddrPortFrom(loopback, port), payload)
	w.wakeWatchers()
	if failure != nil {
		return nil, failure
	}
	return answer, nil
}

// DeleteVolume destroys the content of a PersistentVolume, for a reclaim policy Delete. With Retain the content stays, and an object of that
// name that is made later finds it again.
func DeleteVolume(w *World, persistentVolume string) {
	w.Tx.DeleteRow(Volumes, "pv/"+persistentVolume)
}
