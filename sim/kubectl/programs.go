package kubectl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/kubectl/pkg/cmd/diff"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/utils/exec"
)

// Programs are the person's own programs that kubectl runs: an editor, a diff.
type Programs interface {
	// Temporary gives a file name, with random digits in the place of its star, that no file has.
	Temporary(pattern string) string
	// Run runs a program to its end.
	Run(ctx context.Context, program Program) Ran
}

// Program is one call of a program.
type Program struct {
	Variables      []string          // of the environment; the first that is set and not empty holds the command
	Otherwise      string            // the command when none is
	Args           []string          // behind the command
	Files          map[string][]byte // that are there when it begins, by their absolute names, and gone when it has ended
	Stdout, Stderr io.Writer
}

// Ran is what became of it.
type Ran struct {
	Command string // with which it was called, without Args
	Code    int    // exit status; [NotFound] when there is no such program
	Files   map[string][]byte
}

// NotFound is the exit status of a program that there is not.
const NotFound = 127

var errNoPrograms = errors.New("it runs a program of this machine, which is not available here")

// newDiff is kubectl's command with the person's diff in place of that of this machine, which it would also take from this machine's environment.
func newDiff(f factory, s streams, t *transport) *cobra.Command {
	command := diff.NewCmdDiff(f, s)
	command.Run = func(command *cobra.Command, args []string) {
		o := diff.NewDiffOptions(s)
		o.Diff.Exec = &differ{transport: t}
		util.CheckDiffErr(takeFlags(o, command))
		util.CheckDiffErr(o.Complete(f, command, args))
		util.CheckDiffErr(o.Validate())
		err := o.Run()
		var different exec.ExitError
		if errors.As(err, &different) && different.ExitStatus() <= 1 {
			util.CheckErr(util.ErrExit)
		}
		util.CheckDiffErr(err)
	}
	return command
}

// takeFlags gives other options the values of a command's flags.
func takeFlags(o *diff.DiffOptions, command *cobra.Command) (err error) {
	flags := command.Flags()
	read := func(problem error) {
		if err == nil {
			err = problem
		}
	}
	var problem error
	o.FilenameOptions.Filenames, problem = flags.GetStringSlice("filename")
	read(problem)
	o.FilenameOptions.Kustomize, problem = flags.GetString("kustomize")
	read(problem)
	o.FilenameOptions.Recursive, problem = flags.GetBool("recursive")
	read(problem)
	o.ShowManagedFields, problem = flags.GetBool("show-managed-fields")
	read(problem)
	o.ShowSecrets, problem = flags.GetBool("show-secrets")
	read(problem)
	o.Selector, problem = flags.GetString("selector")
	read(problem)
	o.FieldManager, problem = flags.GetString("field-manager")
	read(problem)
	o.Concurrency = 1 // objects are told in one order
	return err
}

// differ runs the person's diff where kubectl would run that of this machine.
type differ struct {
	exec.Interface
	*transport
}

// Command implements [exec.Interface]. What kubectl read from the environment of this machine stands around the two directories, and does not count.
func (d *differ) Command(_ string, args ...string) exec.Cmd {
	at := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(filepath.Base(arg), "LIVE-") })
	return &diffCommand{transport: d.transport, directories: args[at : at+2]}
}

// diffCommand is a diff of two directories that kubectl has made.
type diffCommand struct {
	exec.Cmd
	*transport
	directories    []string
	stdout, stderr io.Writer
}

// SetStdout implements [exec.Cmd].
func (c *diffCommand) SetStdout(to io.Writer) { c.stdout = to }

// SetStderr implements [exec.Cmd].
func (c *diffCommand) SetStderr(to io.Writer) { c.stderr = to }

// Run implements [exec.Cmd].
func (c *diffCommand) Run() error {
	if c.programs == nil {
		util.CheckDiffErr(errNoPrograms)
	}
	program := Program{Variables: []string{"KUBECTL_EXTERNAL_DIFF"}, Otherwise: "diff -u -N", Files: map[string][]byte{}, Stdout: c.stdout, Stderr: c.stderr}
	for _, directory := range c.directories {
		prefix, _, _ := strings.Cut(filepath.Base(directory), "-")
		shown := c.programs.Temporary(prefix + "-*")
		program.Args = append(program.Args, shown)
		err := filepath.WalkDir(directory, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(file)
			program.Files[path.Join(shown, entry.Name())] = content
			return err
		})
		util.CheckDiffErr(err)
	}
	ran := c.programs.Run(c.ctx, program)
	name, _, _ := strings.Cut(ran.Command, " ")
	switch {
	case ran.Code == 0:
		return nil
	case ran.Code == NotFound: // kubectl would name the program that this machine's environment names
		util.CheckDiffErr(fmt.Errorf("failed to run %q: %w", name, exec.ErrExecutableNotFound))
	case ran.Code > 1:
		util.CheckDiffErr(fmt.Errorf("failed to run %q: exit status %d", name, ran.Code))
	}
	return exec.CodeExitError{Err: fmt.Errorf("exit status %d", ran.Code), Code: ran.Code}
}
