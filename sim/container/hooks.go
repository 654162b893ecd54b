package container

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/app"
)

// startHook runs a container's postStart or preStop hook, if it has one.
func (w *World) startHook(c *Container, spec *corev1.Container, hook Role) {
	if spec == nil || spec.Lifecycle == nil {
		return
	}
	handler := spec.Lifecycle.PostStart
	if hook == PreStop {
		handler = spec.Lifecycle.PreStop
	}
	if handler == nil {
		return
	}
	key := c.RowKey()
	w.changeContainer(key, func(c *Container) { c.Hook = hook })
	switch {
	case handler.Exec != nil:
		guest := w.inContainer(c)
		server, err := resolve(guest, handler.Exec.Command, spec)
		if err != nil {
			w.hookDone(key, hook, fmt.Sprintf("Exec lifecycle hook (%v) for Container %q in Pod %q failed - error: rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: %v: unknown, message: %q",
				handler.Exec.Command, c.Name, w.podText(c), err, ""))
			return
		}
		w.launch(c, launch{role: hook, args: handler.Exec.Command, server: server})
	case handler.HTTPGet != nil:
		failure := ""
		if _, problem := w.httpGet(c, spec, handler.HTTPGet, "lifecycle"); problem != "" {
			failure = fmt.Sprintf("HTTP lifecycle hook (%s) for Container %q in Pod %q failed - error: %s", handler.HTTPGet.Path, c.Name, w.podText(c), problem)
		}
		w.hookDone(key, hook, failure)
	case handler.Sleep != nil:
		w.schedule(w.now().Add(seconds(int32(handler.Sleep.Seconds))), hookSlept, key)
	default: // tcpSocket is accepted by the API and does nothing
		w.hookDone(key, hook, "Cannot run handler: invalid handler: tcpSocket is not supported in a lifecycle hook")
	}
}

// hookSlept is when a sleep hook is over.
func (w *World) hookSlept(key string) {
	if c, found := w.container(key); found && c.State == Running && c.Hook != "" {
		w.hookDone(key, c.Hook, "")
	}
}

// hookEnded is when the process of an exec hook has ended.
func (w *World) hookEnded(p *Process) {
	key := ContainerKey(p.UID, p.Container, p.Attempt)
	c, found := w.container(key)
	if !found || c.State != Running || c.Hook != p.Role {
		return
	}
	failure := ""
	if p.ExitCode != 0 {
		failure = fmt.Sprintf("Exec lifecycle hook (%v) for Container %q in Pod %q failed - error: command '%s' exited with %d: %s, message: %q",
			p.Args, c.Name, w.podText(c), strings.Join(p.Args, " "), p.ExitCode, p.text(Stderr), p.text(Stdout)+p.text(Stderr))
	}
	w.hookDone(key, p.Role, failure)
}

// hookDone goes on after a hook. A failed postStart hook stops the container; a failed preStop hook changes nothing.
func (w *World) hookDone(key string, hook Role, failure string) {
	w.changeContainer(key, func(c *Container) {
		c.Hook = ""
		if hook == PostStart {
			c.HookError = failure
		} else {
			c.StopError = failure
		}
	})
	switch {
	case hook == PreStop:
		w.afterPreStop(key)
	case failure != "":
		c, _ := w.container(key)
		grace := corev1.DefaultTerminationGracePeriodSeconds
		if sandbox, found := w.sandbox(c.UID); found && sandbox.Pod.Spec.TerminationGracePeriodSeconds != nil {
			grace = int(*sandbox.Pod.Spec.TerminationGracePeriodSeconds)
		}
		w.stop(key, seconds(int32(grace)))
	}
}

// abandonHook forgets a hook that takes too long; its process is killed.
func (w *World) abandonHook(key string) {
	w.changeContainer(key, func(c *Container) { c.Hook = "" })
	c, _ := w.container(key)
	for p := range w.processesOf(c) {
		if p.Role == PreStop && !p.Ended {
			w.ended(p, 128+app.SIGKILL, app.SIGKILL)
			return
		}
	}
}

// text is all output of one stream of a process.
func (p *Process) text(stream int) string {
	var b strings.Builder
	chunks, _ := p.Output.Chunks(0)
	for _, chunk := range chunks {
		if chunk.Stream == stream {
			b.WriteString(chunk.Data)
		}
	}
	return b.String()
}

// podText names a Pod as the kubelet's messages do: name_namespace(uid).
func (w *World) podText(c *Container) string {
	sandbox, found := w.sandbox(c.UID)
	if !found {
		return string(c.UID)
	}
	return fmt.Sprintf("%s_%s(%s)", sandbox.Pod.Name, sandbox.Pod.Namespace, c.UID)
}
