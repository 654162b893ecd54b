package shell

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// StubPrefix begins a file that stands for a program: the name of an applet, or of a command that System.Command knows, follows.
const StubPrefix = "#!applet "

// Stub is the content of an executable file that stands for the program of that name. Images are made of such files.
func Stub(name string) []byte { return []byte(StubPrefix + name + "\n") }

// defaultPath is where commands are looked for when there is no $PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func isShell(name string) bool {
	switch name {
	case "sh", "bash", "ash", "dash":
		return true
	}
	return false
}

// program is what a command name was found to be: a shell, an applet, or a script.
type program struct {
	shell  string        // name of the shell it is, or
	applet applet.Applet // what it does
	argv   []string
}

// lookupError says why a command cannot be run, with the status for it.
type lookupError struct {
	code int
	text string
}

// find looks a command up: in the files, by path or along $PATH, and then among what needs no file, if that is allowed.
func (m *machine) lookup(name, dir, searchPath string) (full string, failure *lookupError) {
	check := func(file string) *lookupError {
		info, err := m.files.Stat(file)
		switch {
		case errors.Is(err, fs.ErrNotExist) || storage.ErrnoOf(err) == storage.ErrNotDirectory:
			return &lookupError{127, "not found"}
		case err != nil:
			return &lookupError{126, reason(err)}
		case info.IsDir():
			return &lookupError{126, storage.ErrPermission.Error()}
		case info.Mode&0o111 == 0 || m.files.Access(file, storage.CanExecute) != nil:
			return &lookupError{126, storage.ErrPermission.Error()}
		}
		return nil
	}
	if strings.Contains(name, "/") {
		full = name
		if !path.IsAbs(full) {
			full = path.Join(dir, name)
		}
		return full, check(full)
	}
	failure = &lookupError{127, "not found"}
	for _, d := range strings.Split(searchPath, ":") {
		if !path.IsAbs(d) {
			d = path.Join(dir, d)
		}
		full = strings.TrimSuffix(d, "/") + "/" + name
		problem := check(full)
		if problem == nil {
			return full, nil
		}
		if problem.code == 126 {
			if info, err := m.files.Stat(full); err == nil && !info.IsDir() {
				failure = problem
			}
		}
	}
	return "", failure
}

// named finds what a stub stands for.
func (m *machine) named(name string) (program, bool) {
	if isShell(name) {
		return program{shell: name}, true
	}
	if a := applet.Named(name); a != nil {
		return program{applet: a}, true
	}
	if a := m.system.Command(name); a != nil {
		return program{applet: a}, true
	}
	return program{}, false
}

// resolve finds the program for an argv.
func (m *machine) resolve(argv []string, dir, searchPath string, depth int) (program, *lookupError) {
	if len(argv) == 0 || argv[0] == "" {
		return program{}, &lookupError{127, "not found"}
	}
	full, failure := m.lookup(argv[0], dir, searchPath)
	if failure != nil {
		if failure.code == 127 && m.spec.Builtins && !strings.Contains(argv[0], "/") {
			if p, ok := m.named(argv[0]); ok {
				p.argv = argv
				return p, nil
			}
		}
		return program{}, failure
	}
	shown := full // what a script sees as $0
	if strings.Contains(argv[0], "/") {
		shown = argv[0]
	}
	content, err := m.files.ReadText(full)
	if err != nil {
		return program{}, &lookupError{126, reason(err)}
	}
	if name, ok := strings.CutPrefix(content, StubPrefix); ok {
		name, _, _ = strings.Cut(name, "\n")
		p, ok := m.named(strings.TrimSpace(name))
		if !ok {
			return program{}, &lookupError{126, "this program is not simulated"}
		}
		p.argv = argv
		if p.shell != "" && isShell(path.Base(argv[0])) {
			p.shell = path.Base(argv[0])
		}
		return p, nil
	}
	if line, ok := strings.CutPrefix(content, "#!"); ok {
		if depth >= 4 {
			return program{}, &lookupError{126, storage.ErrLoop.Error()}
		}
		line, _, _ = strings.Cut(line, "\n")
		interpreter, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
		next := []string{interpreter}
		if argument = strings.TrimSpace(argument); argument != "" {
			next = append(next, argument)
		}
		next = append(append(next, shown), argv[1:]...)
		p, failure := m.resolve(next, dir, searchPath, depth+1)
		if failure != nil {
			if name := path.Base(interpreter); failure.code == 127 && (isShell(name) || name == "env") && m.spec.Builtins {
				p, _ = m.named(name)
				p.argv = next
				return p, nil
			}
		}
		return p, failure
	}
	if strings.IndexByte(content[:min(len(content), 512)], 0) >= 0 {
		return program{}, &lookupError{126, "cannot execute binary file: only scripts and stubs of simulated programs can be run"}
	}
	return program{shell: "sh", argv: append([]string{"sh", shown}, argv[1:]...)}, nil // no #! line: a shell script
}

// load makes a process run a program: it replaces its frames and, for a shell, its state.
func (m *machine) load(p *process, found program, env []string, dir string) {
	if found.shell == "" {
		p.shell = nil
		p.command = found.argv
		p.frames = []frame{&appletFrame{run: found.applet, args: found.argv, env: env, dir: dir, process: true}}
		return
	}
	p.command = found.argv
	m.loadShell(p, found, env, dir)
}

// launchFrame starts the program of the Spec; it is the first frame of the first process.
type launchFrame struct{}

func (f *launchFrame) clone() frame { return f }

func (f *launchFrame) step(m *machine, p *process) {
	p.pop()
	p.started = m.now
	env := m.spec.Env
	searchPath := defaultPath
	for _, e := range env {
		if value, ok := strings.CutPrefix(e, "PATH="); ok {
			searchPath = value
		}
	}
	found, failure := m.resolve(m.spec.Args, m.spec.Dir, searchPath, 0)
	if failure != nil {
		name := ""
		if len(m.spec.Args) > 0 {
			name = m.spec.Args[0]
		}
		m.stderr(p, name+": "+failure.text+"\n")
		m.end(p, failure.code, 0)
		return
	}
	m.load(p, found, env, m.spec.Dir)
}

// path is the shell's $PATH.
func (s *shell) path() string {
	if v, ok := s.variables.get("PATH"); ok && v.Set {
		return v.String()
	}
	return defaultPath
}

// external runs a program as a child process, or in place of a shell that was made for it.
func (m *machine) external(p *process, f *callFrame) {
	s := p.shell
	found, failure := m.resolve(f.args, s.dir, s.path(), 0)
	if failure != nil {
		m.notFound(p, f.args[0], failure)
		return
	}
	env := s.exported()
	if p.last() {
		f.forget(m)
		m.load(p, found, env, s.dir)
		return
	}
	if !m.canSpawn(p) {
		return
	}
	c := m.spawn(p, found.argv)
	c.shell = nil
	m.load(c, found, env, s.dir)
	p.push(&childFrame{number: c.number})
}

func (m *machine) notFound(p *process, name string, failure *lookupError) {
	p.status = failure.code
	switch {
	case failure.code == 127 && p.shell.bash && !strings.Contains(name, "/"):
		m.complain(p, "%s: command not found", name)
	case failure.code == 127 && p.shell.bash:
		m.complain(p, "%s: %s", name, storage.ErrNotExist.Error())
	default:
		m.complain(p, "%s: %s", name, failure.text)
	}
}

// loadShell makes a process a fresh shell: it knows its environment and nothing else.
func (m *machine) loadShell(p *process, found program, env []string, dir string) {
	s := &shell{name: found.argv[0], number: p.number, parent: p.parent, dir: dir, umask: 0o022, begun: m.now, substatus: -1}
	s.bash = found.shell == "bash"
	p.shell, p.status, p.frames = s, 0, nil
	for _, e := range env {
		name, value, ok := strings.Cut(e, "=")
		if ok && syntax.ValidName(name) {
			v := text(value)
			v.Exported = true
			_ = s.put(name, v)
		}
	}
	if pwd := s.value("PWD"); pwd != dir {
		if real, err := m.files.RealPath(pwd); err == nil && path.IsAbs(pwd) && real == dir {
			s.dir = pwd
		}
	}
	s.defaults(m)
	m.shellArguments(p, found)
}

// defaults are the variables a shell sets itself.
func (s *shell) defaults(m *machine) {
	for _, d := range [...]struct{ name, value string }{
		{"IFS", " \t\n"}, {"OPTIND", "1"}, {"PS2", "> "}, {"PS4", "+ "}, {"PWD", s.dir},
	} {
		if d.name == "PWD" {
			v := text(d.value)
			v.Exported = true
			_ = s.put(d.name, v)
		} else {
			s.variables.set(d.name, text(d.value))
		}
	}
	if v, ok := s.variables.get("PATH"); !ok || !v.Set {
		s.putText("PATH", defaultPath)
	}
	if _, ok := s.variables.get("SHLVL"); !ok {
		_ = s.put("SHLVL", expand.Variable{Set: true, Kind: expand.String, Str: "1", Exported: true})
	}
	if s.bash {
		s.putText("BASH_VERSION", "5.2.15(1)-release")
	}
}
