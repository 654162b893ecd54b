package container

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/app"
)

// minimumGrace is what a container gets after its preStop hook at least (upstream: kuberuntime_container.go).
const minimumGrace = 2 * time.Second

// The longest termination messages (upstream: pkg/kubelet/container/runtime.go).
const (
	maxMessage      = 4096
	maxMessageInLog = 2048
	maxMessageLines = 80
)

// stop ends a container the polite way: preStop hook, SIGTERM, and SIGKILL when the grace period is over. Asked again with
// a shorter grace period, the shorter one counts.
func (w *World) stop(key string, grace time.Duration) {
	c, found := w.container(key)
	if !found || c.State == Exited {
		return
	}
	if c.State == Created {
		w.neverRan(key, "Error", "")
		return
	}
	spec := w.specOf(c)
	hook := spec != nil && spec.Lifecycle != nil && spec.Lifecycle.PreStop != nil && grace > 0
	if !hook {
		grace = max(grace, minimumGrace)
	}
	deadline := w.now().Add(grace)
	if c.Stopping {
		if deadline.Before(c.KillAt) {
			w.changeContainer(key, func(c *Container) { c.KillAt = deadline })
			w.schedule(deadline, graceOver, key)
		}
		return
	}
	w.changeContainer(key, func(c *Container) { c.Stopping, c.KillAt = true, deadline })
	w.schedule(deadline, graceOver, key)
	if hook {
		c, _ = w.container(key)
		w.startHook(c, spec, PreStop)
		return
	}
	w.terminate(key)
}

// terminate sends SIGTERM to the main process.
func (w *World) terminate(key string) {
	c, found := w.container(key)
	if !found || c.State != Running || len(c.Processes) == 0 {
		return
	}
	signal := app.SIGTERM
	if spec := w.specOf(c); spec != nil && spec.Lifecycle != nil && spec.Lifecycle.StopSignal != nil {
		if number := app.SignalNumber(string(*spec.Lifecycle.StopSignal)); number > 0 {
			signal = number
		}
	}
	if p, found := w.process(c.Processes[0]); found && !p.Ended {
		w.signal(p, p.PID, signal)
	}
}

// graceOver is when a container's time is up: a preStop hook that still runs is given up and SIGTERM gets the minimum; after that comes SIGKILL.
func (w *World) graceOver(key string) {
	c, found := w.container(key)
	if !found || c.State != Running || !c.Stopping || c.KillAt.After(w.now()) {
		return
	}
	if c.Hook != PreStop {
		w.kill(key)
		return
	}
	w.abandonHook(key)
	w.afterPreStop(key)
}

// afterPreStop goes on when the hook is over: SIGTERM now, SIGKILL when what is left of the grace period is.
func (w *World) afterPreStop(key string) {
	c, found := w.container(key)
	if !found || c.State != Running {
		return
	}
	if least := w.now().Add(minimumGrace); c.KillAt.Before(least) {
		w.changeContainer(key, func(c *Container) { c.KillAt = least })
		w.schedule(least, graceOver, key)
	}
	w.terminate(key)
}

// kill ends a container with SIGKILL.
func (w *World) kill(key string) {
	c, found := w.container(key)
	if !found || c.State == Exited {
		return
	}
	if c.State == Created {
		w.neverRan(key, "Error", "")
		return
	}
	for p := range w.processesOf(c) {
		if p.Role == Main && !p.Ended {
			w.ended(p, 128+app.SIGKILL, app.SIGKILL)
		}
	}
}

// exit is what follows from the end of the main process: all others are killed, and the container has exited.
func (w *World) exit(key string, code, signal int) {
	c, found := w.container(key)
	if !found || c.State == Exited {
		return
	}
	spec := w.specOf(c)
	message := ""
	if spec != nil {
		message = w.terminationMessage(c, spec, code)
	}
	others := slices.Clone(c.Processes)
	w.changeContainer(key, func(c *Container) {
		c.State, c.FinishedAt, c.ExitCode, c.Signal, c.Message = Exited, w.now(), code, signal, message
		c.Reason = "Completed"
		if code != 0 {
			c.Reason = "Error"
		}
		c.Hook, c.Log = "", c.Log.ended(w.now())
		c.Processes = c.Processes[:min(1, len(c.Processes))]
	})
	for _, number := range others {
		if p, found := w.process(number); found && p.Role != Main && !p.Ended {
			w.ended(p, 128+app.SIGKILL, app.SIGKILL)
		}
	}
}

// terminationMessage is the content of terminationMessagePath or, with the policy FallbackToLogsOnError, the end of the log.
func (w *World) terminationMessage(c *Container, spec *corev1.Container, code int) string {
	if spec.TerminationMessagePath != "" {
		inVolume := func(b Binding) bool {
			return strings.HasPrefix(spec.TerminationMessagePath, strings.TrimSuffix(b.Path, "/"))
		}
		text, found := c.Root.Content(spec.TerminationMessagePath)
		if !found || slices.ContainsFunc(c.Config.Mounts, inVolume) {
			text, _ = w.inContainer(c).files.ReadText(spec.TerminationMessagePath)
		}
		if text != "" {
			return text[max(0, len(text)-maxMessage):]
		}
	}
	if spec.TerminationMessagePolicy != corev1.TerminationMessageFallbackToLogsOnError || code == 0 {
		return ""
	}
	lines, _ := c.Log.ended(w.now()).Lines(0)
	var b strings.Builder
	for _, line := range lines[max(0, len(lines)-maxMessageLines):] {
		b.WriteString(line.Text + "\n")
	}
	text := b.String()
	return text[max(0, len(text)-maxMessageInLog):]
}

// specOf is a container's part of its Pod, nil when its sandbox is gone.
func (w *World) specOf(c *Container) *corev1.Container {
	sandbox, found := w.sandbox(c.UID)
	if !found {
		return nil
	}
	spec, _ := specOf(sandbox.Pod, c.Name)
	return spec
}
