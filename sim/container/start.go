package container

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// Reasons of a container that never ran.
const (
	reasonConfig = "CreateContainerConfigError" // the kubelet could not make its configuration
	reasonCreate = "CreateContainerError"       // the runtime could not make the container
	reasonStart  = "StartError"                 // its command could not be run
)

// createContainer begins to start a container.
func (w *World) createContainer(command Command) {
	sandbox, found := w.sandbox(command.UID)
	if !found || !sandbox.Ready {
		return
	}
	spec, found := w.currentSpec(sandbox, command.Container)
	if !found {
		return
	}
	row := &Container{
		UID: command.UID, Name: command.Container, Attempt: command.Attempt, Node: sandbox.Node,
		ID: w.identifier(64), Image: spec.Image, ImageID: imageID(spec.Image), State: Created, CreatedAt: w.now(),
		Backoff: command.Backoff,
		Config:  &Config{},
	}
	if old, found := w.container(row.RowKey()); found && (old.State != Exited || !old.StartedAt.IsZero()) {
		return // only a run that never came to be is tried again under its number
	}
	w.Tx.PutRow(Containers, row)
	w.schedule(w.now().Add(w.Settings.Timings.ContainerStart), startDone, row.RowKey())
}

// currentSpec finds a container as the Pod has it now: somebody may have changed its image, or have added an ephemeral container, since the Pod runs. From then
// on the sandbox knows the Pod with it.
func (w *World) currentSpec(sandbox *Sandbox, name string) (*corev1.Container, bool) {
	known, found := specOf(sandbox.Pod, name)
	pod, exists := store.Get[*corev1.Pod](w.Tx.View, sandbox.Pod.Namespace, sandbox.Pod.Name)
	if !exists || pod.UID != sandbox.UID {
		return known, found
	}
	if now, wanted := specOf(pod, name); !wanted || found && now.Image == known.Image {
		return known, found
	}
	changed := *sandbox
	changed.Pod = sandbox.Pod.DeepCopy()
	changed.Pod.Spec.InitContainers, changed.Pod.Spec.Containers = pod.Spec.InitContainers, pod.Spec.Containers
	changed.Pod.Spec.EphemeralContainers = pod.Spec.EphemeralContainers
	w.Tx.PutRow(Sandboxes, &changed)
	return specOf(changed.Pod, name)
}

// start runs a container's main process.
func (w *World) start(key string) {
	row, found := w.container(key)
	if !found || row.State != Created {
		return
	}
	sandbox, found := w.sandbox(row.UID)
	if !found {
		return
	}
	spec, _ := specOf(sandbox.Pod, row.Name)
	img := w.imageOf(row.Image)
	config, err := w.configure(sandbox, spec, img)
	if err != nil {
		w.neverRan(key, reasonConfig, err.Error())
		return
	}
	started := *row
	started.Config, started.Root = config, w.rootShape(img, spec, config).Of(&managed{sandbox, w.Settings, w.now()})
	guest := w.guestOf(&started, sandbox)
	if err := guest.files.MountError(); err != nil {
		w.neverRan(key, reasonCreate, "failed to generate container: "+err.Error())
		return
	}
	started.Root = guest.files.Mounts()[0].Tree // with the mount points
	server, err := resolve(guest, config.Args, spec)
	if err != nil {
		w.neverRan(key, reasonStart, "failed to create containerd task: failed to create shim task: OCI runtime create failed: "+
			"runc create failed: unable to start container process: error during container init: "+err.Error()+": unknown")
		return
	}
	started.State, started.StartedAt = Running, w.now()
	w.launch(&started, launch{role: Main, args: config.Args, server: server, tty: config.TTY, stdin: config.Stdin, guest: guest})
	if c, found := w.container(key); found && c.State == Running {
		w.startHook(c, spec, PostStart)
	}
}

// rootShape is the root of a container's file system, as far as it is the same for all that are like it: with the image's files, those that the kubelet and the
// runtime put there, and the places of its mounts.
func (w *World) rootShape(img *app.Image, spec *corev1.Container, config *Config) storage.Tree {
	var room [512]byte
	key := append(append(append(room[:0], spec.TerminationMessagePath...), 0), config.Dir...)
	places := 0
	for _, mount := range config.Mounts {
		if mount.SubPath != "" { // what it shows, and whether that is a directory, depends on the volume
			break
		}
		key = append(append(key, 0), mount.Path...)
		places++
	}
	return w.catalogue().RootShape(img, string(key), func() storage.Tree {
		root := img.Root().Shape().Draft()
		for i, file := range managedFiles {
			root = root.WithLate(file, uint8(i+1), 0o644)
		}
		if messages := spec.TerminationMessagePath; messages != "" {
			if _, found := root.Lookup(messages); !found {
				root = root.With(messages, nil, 0o666)
			}
		}
		if _, found := root.Lookup(config.Dir); !found {
			root = root.WithDir(config.Dir, 0o755)
		}
		mounts := []storage.Mount{{Path: "/", Tree: root.Done()}}
		for _, mount := range config.Mounts[:places] {
			mounts = append(mounts, storage.Mount{Path: mount.Path})
		}
		files := storage.NewFileSystem(mounts, storage.Identity{}, time.Time{})
		if files.MountError() != nil {
			return mounts[0].Tree
		}
		return files.Mounts()[0].Tree
	})
}

// neverRan notes that a container could not be started.
func (w *World) neverRan(key, reason, message string) {
	w.changeContainer(key, func(c *Container) {
		c.State, c.Reason, c.Message, c.ExitCode, c.FinishedAt = Exited, reason, message, 128, w.now()
	})
}

// configure works out what a container is started with. Its errors are those of CreateContainerConfigError.
func (w *World) configure(sandbox *Sandbox, spec *corev1.Container, img *app.Image) (*Config, error) {
	env, err := w.environment(sandbox, spec)
	if err != nil {
		return nil, err
	}
	config := &Config{TTY: spec.TTY, Stdin: spec.Stdin, Dir: spec.WorkingDir}
	if config.Identity, config.UserName, err = identityOf(sandbox.Pod, spec, img); err != nil {
		return nil, err
	}
	if security := spec.SecurityContext; security != nil && security.ReadOnlyRootFilesystem != nil {
		config.ReadOnly = *security.ReadOnlyRootFilesystem
	}
	if config.Dir == "" {
		config.Dir = img.Dir
	}
	if config.Mounts, err = w.bindings(sandbox, spec, env); err != nil {
		return nil, err
	}
	for _, arg := range spec.Command {
		config.Args = append(config.Args, expand(arg, env))
	}
	if len(spec.Command) == 0 {
		config.Args = append(config.Args, img.Entrypoint...)
	}
	for _, arg := range spec.Args {
		config.Args = append(config.Args, expand(arg, env))
	}
	if len(spec.Command) == 0 && len(spec.Args) == 0 {
		config.Args = append(config.Args, img.Command...)
	}
	all := map[string]string{"PATH": defaultPath, "HOSTNAME": sandboxHostname(sandbox, w.Settings.Zone), "HOME": homeOf(config.UserName)}
	if config.TTY {
		all["TERM"] = "xterm"
	}
	for _, variable := range img.Env {
		name, value, _ := strings.Cut(variable, "=")
		all[name] = value
	}
	maps.Copy(all, env)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		config.Env = append(config.Env, name+"="+all[name])
	}
	return config, nil
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func homeOf(user string) string {
	if user == "root" {
		return "/root"
	}
	return "/"
}

// launch is a process to be started in a container.
type launch struct {
	role       Role
	probe      string
	args       []string
	server     app.Server // nil for what the shell package runs
	tty, stdin bool
	timeout    int32  // seconds; 0 for none
	guest      *Guest // the world as it sees it, if somebody has looked already
}

// launch starts a process and lets it run to its end or its first wait. The container of a main process is not in the store yet; it is put there.
func (w *World) launch(c *Container, l launch) int {
	p := &Process{
		Number: int(w.Tx.Identity()), UID: c.UID, Container: c.Name, Attempt: c.Attempt, Role: l.role, Probe: l.probe,
		PID: w.nextPID(c), Args: l.args, Started: w.now(), TTY: l.tty,
	}
	env := c.Config.Env
	if l.tty && !slices.ContainsFunc(env, func(v string) bool { return strings.HasPrefix(v, "TERM=") }) {
		env = append(slices.Clip(env), "TERM=xterm")
		slices.Sort(env)
	}
	if l.timeout > 0 {
		p.Deadline = w.now().Add(seconds(l.timeout))
	}
	if l.server == nil {
		p.Shell = shell.Start(shell.Spec{
			Args: l.args, Env: env, Dir: c.Config.Dir, TTY: l.tty, Stdin: l.stdin, Process: p.PID,
			Init: l.role == Main, User: c.Config.UserName, Prompt: w.imageOf(c.Image).Prompt,
		})
	}
	w.Tx.PutRow(Processes, p)
	if l.role == Main {
		c.Processes = []int{p.Number}
		w.Tx.PutRow(Containers, c)
	}
	a := w.activateAs(p, l.guest)
	if l.server != nil {
		a.startServer(l.server, l.args, env, c.Config.Dir)
	}
	a.advance()
	a.settle()
	if l.role != Main {
		if p, found := w.process(p.Number); found && !p.Ended {
			w.changeContainer(c.RowKey(), func(c *Container) { c.Processes = append(slices.Clip(c.Processes), p.Number) })
		}
	}
	return p.Number
}

// nextPID is a process number that nothing in the container has.
func (w *World) nextPID(c *Container) int {
	last := 0
	for p := range w.processesOf(c) {
		for _, info := range p.tree(c) {
			last = max(last, info.Process)
		}
	}
	return last + 1
}

// processesOf goes through the live processes of a container.
func (w *World) processesOf(c *Container) func(yield func(*Process) bool) {
	return func(yield func(*Process) bool) {
		for _, number := range c.Processes {
			if p, found := w.process(number); found && !yield(p) {
				return
			}
		}
	}
}

// lookPath finds the file of a command as execvp does. The errors are runc's.
func lookPath(files *storage.FileSystem, env []string, dir, name string) (string, error) {
	files = files.In(dir)
	if strings.Contains(name, "/") {
		info, err := files.Stat(name)
		switch {
		case err != nil:
			return "", fmt.Errorf("exec: %q: stat %s: no such file or directory", name, name)
		case info.IsDir():
			return "", fmt.Errorf("exec: %q: is a directory", name)
		case info.Mode&0o111 == 0 || files.Access(name, storage.CanExecute) != nil:
			return "", fmt.Errorf("exec: %q: permission denied", name)
		}
		return name, nil
	}
	search := defaultPath
	for _, variable := range env {
		if value, found := strings.CutPrefix(variable, "PATH="); found {
			search = value
		}
	}
	for _, directory := range strings.Split(search, ":") {
		candidate := path.Join("/", directory, name)
		if info, err := files.Stat(candidate); err == nil && !info.IsDir() && info.Mode&fs.FileMode(0o111) != 0 {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}
