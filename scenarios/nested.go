package scenarios

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/sim/kubectl"
	"github.com/stsim/stsim/storage"
)

// nestedProcess is the number of an editor or a diff that kubectl runs.
const nestedProcess = shellProcess + 1

// programsOfPage are the commands of the host as kubectl runs them. The host belongs to the goroutine of the shell: kubectl asks, and waits for it.
type programsOfPage struct {
	host    *host
	program *program
}

// nested is a program that kubectl wants to run.
type nested struct {
	program kubectl.Program
	ran     chan kubectl.Ran
}

var _ kubectl.Programs = programsOfPage{}

// Temporary implements [kubectl.Programs].
func (p programsOfPage) Temporary(pattern string) string {
	digits := fmt.Sprint(1_000_000_000 + p.host.Choose("temporary file", 1_000_000_000))
	return "/tmp/" + strings.Replace(pattern, "*", digits, 1)
}

// Run implements [kubectl.Programs].
func (p programsOfPage) Run(ctx context.Context, program kubectl.Program) kubectl.Ran {
	asked := &nested{program: program, ran: make(chan kubectl.Ran, 1)}
	p.program.mu.Lock()
	p.program.nested = asked
	p.program.mu.Unlock()
	select {
	case ran := <-asked.ran:
		return ran
	case <-ctx.Done():
		return kubectl.Ran{Code: kubectl.Interrupted}
	}
}

// takeNested gives the program that kubectl wants to run, once it was published.
func (p *program) takeNested() *nested {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.nestedKnown {
		return nil
	}
	asked := p.nested
	p.nested, p.nestedKnown = nil, false
	return asked
}

// runNested runs a program to its end, with the environment and in the directory of the kubectl that wants it.
func (h *host) runNested(asked *nested, call *applet.Call) {
	program := asked.program
	command := program.Otherwise
	for _, name := range slices.Backward(program.Variables) {
		for _, variable := range call.Env {
			if value, is := strings.CutPrefix(variable, name+"="); is && value != "" {
				command = value
			}
		}
	}
	ran := kubectl.Ran{Command: command, Code: 1, Files: map[string][]byte{}}
	defer func() { asked.ran <- ran }()
	for name, content := range program.Files {
		if err := h.place(name, content); err != nil {
			fmt.Fprintf(program.Stderr, "stsim: %v\n", err)
			return
		}
	}
	process := shell.Start(shell.Spec{
		Args: append([]string{"sh", "-c", command + ` "$@"`, "sh"}, program.Args...), Env: call.Env, Dir: call.Dir, Builtins: true, User: "user", Process: nestedProcess, Parent: shellProcess,
		Limits: shell.Limits{Output: maxCommandOutput - 1<<10},
	})
	out := &nestedOutput{program: program}
	for process = process.Run(h, out); process.State().Ready; process = process.Run(h, out) {
	}
	if exited := process.State().Exited; exited != nil {
		ran.Code = exited.Code
	} else {
		fmt.Fprintf(program.Stderr, "stsim: stopped %s, which waits for something (hint: an editor that needs nobody, such as sed -i s/old/new/)\n", command)
	}
	if ran.Code != kubectl.NotFound {
		_, _ = program.Stderr.Write(out.errors)
	}
	for name := range program.Files {
		if content, err := h.files.ReadFile(name); err == nil {
			ran.Files[name] = content
		}
	}
	for name := range program.Files {
		_ = h.files.Remove(name)
	}
	for _, name := range program.Args {
		_ = h.files.Remove(name) // a directory, and empty now
	}
}

func (h *host) place(name string, content []byte) error {
	if err := h.Files().MkdirAll(path.Dir(name), os.ModePerm); err != nil {
		return err
	}
	return h.files.WriteFile(name, content, 0o600, storage.Write|storage.Create|storage.Truncate)
}

// nestedOutput passes on what a program prints. That a program is not found shows on standard error, and kubectl says it in its own words.
type nestedOutput struct {
	program kubectl.Program
	errors  []byte
}

// Write implements [shell.Output].
func (o *nestedOutput) Write(stream int, data []byte) {
	if stream == 2 {
		o.errors = append(o.errors, data...)
		return
	}
	_, _ = o.program.Stdout.Write(data)
}
