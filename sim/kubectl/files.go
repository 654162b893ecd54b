package kubectl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Files are the files that a command may name.
type Files interface {
	// Read gives the content of a file. The error is one of fs.ErrNotExist's kind when there is none.
	Read(name string) ([]byte, error)
	// List gives the regular files below a directory, by paths that begin with its name, and says whether name is a directory.
	List(name string) (below []string, directory bool)
	// Write makes or replaces a file, for kubectl cp.
	Write(name string, content []byte) error
}

// staged are the files of one command, copied to a private directory that lasts as long as the command: kubectl opens files
// by itself, and shall find those of the page under the names it is given, and no others.
type staged struct {
	args    []string
	from    Files
	dir     string            // "" as long as nothing was staged
	shown   map[string]string // path in dir -> name as typed
	outputs map[string]string // path in dir -> name in Files, to be brought back
	count   int
}

// stage replaces the file names among the arguments by those of copies.
func stage(command Command) (*staged, error) {
	s := &staged{from: command.Files, shown: map[string]string{}, outputs: map[string]string{}}
	called, _ := calledCommand(command.Args)
	input := func() ([]byte, error) { return io.ReadAll(command.Stdin) }
	err := s.rewrite(called, command.Args, input)
	if err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// fileFlags say how the value of a flag names a file.
var fileFlags = map[string]func(s *staged, value string, input func() ([]byte, error)) (string, error){
	"-f": (*staged).manifests, "--filename": (*staged).manifests, "-Rf": (*staged).manifests,
	"-k": (*staged).kustomization, "--kustomize": (*staged).kustomization,
	"--from-file": (*staged).keyed, "--from-env-file": (*staged).plain, "--patch-file": (*staged).plain,
	"--cert": (*staged).plain, "--key": (*staged).plain,
	"-o": (*staged).template, "--output": (*staged).template,
}

func (s *staged) rewrite(called string, args []string, input func() ([]byte, error)) error {
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			s.args = append(s.args, args[i:]...)
			return nil
		}
		flag, value, joined := splitFlag(args[i])
		convert := fileFlags[flag]
		if convert == nil || called == "logs" && flag == "-f" { // logs -f follows
			s.args = append(s.args, args[i])
			continue
		}
		if !joined {
			if i++; i == len(args) {
				s.args = append(s.args, flag)
				return nil // kubectl says what is missing
			}
			value = args[i]
		}
		converted, err := convert(s, value, input)
		if err != nil {
			return err
		}
		s.args = append(s.args, flag, converted)
	}
	switch called {
	case "cp":
		return s.copies()
	case "kustomize":
		return s.kustomized()
	}
	return nil
}

// splitFlag takes --flag=value and -fvalue apart; joined is false when the value is the next argument.
func splitFlag(arg string) (flag, value string, joined bool) {
	if strings.HasPrefix(arg, "--") {
		return cut(arg)
	}
	for _, short := range []string{"-f", "-k", "-o"} {
		if strings.HasPrefix(arg, short) && len(arg) > len(short) {
			return short, strings.TrimPrefix(arg[len(short):], "="), true
		}
	}
	return arg, "", false
}

func cut(arg string) (flag, value string, joined bool) {
	flag, value, joined = strings.Cut(arg, "=")
	return flag, value, joined
}

// manifests stages what -f names: files, directories, or - for standard input.
func (s *staged) manifests(value string, input func() ([]byte, error)) (string, error) {
	var names []string
	for _, name := range strings.Split(value, ",") {
		var at string
		var err error
		switch {
		case name == "-":
			var content []byte
			if content, err = input(); err == nil {
				at, err = s.put("STDIN", "stdin.yaml", content)
			}
		case strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://"):
			return "", fmt.Errorf("cannot read %s: there is no network here (hint: put the manifest into the page as a file)", name)
		default:
			at, err = s.tree(name)
		}
		if err != nil {
			return "", err
		}
		names = append(names, at)
	}
	return strings.Join(names, ","), nil
}

// kustomization stages everything the page has: a kustomization may name files above its own directory.
func (s *staged) kustomization(value string, _ func() ([]byte, error)) (string, error) {
	if clean := path.Clean(value); clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("the path %q is above the directory of the command (hint: cd there first)", value)
	}
	if _, err := s.tree("."); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, "1", filepath.FromSlash(path.Clean(value))), nil
}

// kustomized stages what kubectl kustomize names: its one argument, or the current directory.
func (s *staged) kustomized() error {
	at := slices.IndexFunc(s.args, func(arg string) bool { return !strings.HasPrefix(arg, "-") && arg != "kustomize" })
	if at < 0 {
		s.args = append(s.args, ".")
		at = len(s.args) - 1
	}
	staged, err := s.kustomization(s.args[at], nil)
	s.args[at] = staged
	return err
}

func (s *staged) keyed(value string, input func() ([]byte, error)) (string, error) {
	key, name, named := strings.Cut(value, "=")
	if !named {
		return s.plain(value, input)
	}
	at, err := s.plain(name, input)
	return key + "=" + at, err
}

func (s *staged) plain(value string, _ func() ([]byte, error)) (string, error) { return s.tree(value) }

// template stages the file that an output format names, e.g. go-template-file=x.
func (s *staged) template(value string, _ func() ([]byte, error)) (string, error) {
	format, name, named := strings.Cut(value, "=")
	if !named || !strings.HasSuffix(format, "-file") {
		return value, nil
	}
	at, err := s.tree(name)
	return format + "=" + at, err
}

// copies stages the local side of kubectl cp: the last two arguments that are no flags.
func (s *staged) copies() error {
	var operands []int
	for i, arg := range s.args {
		if !strings.HasPrefix(arg, "-") && arg != "cp" {
			operands = append(operands, i)
		}
	}
	if len(operands) < 2 {
		return nil
	}
	source, target := operands[len(operands)-2], operands[len(operands)-1]
	switch {
	case !strings.Contains(s.args[source], ":"):
		at, err := s.tree(s.args[source])
		s.args[source] = at
		return err
	case !strings.Contains(s.args[target], ":"):
		at, err := s.place(s.args[target], path.Base(s.args[target]))
		s.outputs[at] = s.args[target]
		s.args[target] = at
		return err
	}
	return nil
}

// tree stages a file or a directory with all that is below it.
func (s *staged) tree(name string) (string, error) {
	if s.from == nil {
		return "", fmt.Errorf("the path %q does not exist", name)
	}
	below, directory := s.from.List(name)
	if !directory {
		content, err := s.from.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the path %q does not exist", name)
		} else if err != nil {
			return "", fmt.Errorf("the path %q cannot be accessed: %w", name, err)
		}
		return s.put(name, path.Base(name), content)
	}
	root, err := s.place(name, ".")
	if err != nil {
		return "", err
	}
	for _, file := range below {
		content, err := s.from.Read(file)
		if err != nil {
			return "", fmt.Errorf("the path %q cannot be accessed: %w", file, err)
		}
		relative := strings.TrimPrefix(strings.TrimPrefix(path.Clean(file), path.Clean(name)), "/")
		if err := confined(relative, content, among(below, name)); err != nil {
			return "", err
		}
		at := filepath.Join(root, filepath.FromSlash(relative))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(at, content, 0o600); err != nil {
			return "", err
		}
	}
	return root, nil
}

func (s *staged) put(shown, base string, content []byte) (string, error) {
	at, err := s.place(shown, base)
	if err != nil {
		return "", err
	}
	return at, os.WriteFile(at, content, 0o600)
}

// place makes a directory of its own for a staged file, so that the file keeps its base name.
func (s *staged) place(shown, base string) (string, error) {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "stsim-")
		if err != nil {
			return "", err
		}
		s.dir = dir
	}
	s.count++
	parent := filepath.Join(s.dir, fmt.Sprint(s.count))
	if err := os.Mkdir(parent, 0o700); err != nil {
		return "", err
	}
	at := filepath.Join(parent, filepath.Base(filepath.FromSlash(base)))
	s.shown[at] = shown
	return at, nil
}

// bringBack copies what kubectl cp wrote to where the person wanted it.
func (s *staged) bringBack(to Files) {
	for at, name := range s.outputs {
		_ = filepath.WalkDir(at, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return to.Write(path.Join(name, filepath.ToSlash(strings.TrimPrefix(file, at))), content)
		})
	}
}

func (s *staged) remove() {
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// output shows the names as typed in place of those of the copies.
func (s *staged) output(to io.Writer) io.Writer {
	if s.dir == "" {
		return to
	}
	return &renaming{to: to, shown: s.shown}
}

type renaming struct {
	to    io.Writer
	shown map[string]string
}

// Write implements [io.Writer]. kubectl prints a name in one write.
func (r *renaming) Write(data []byte) (int, error) {
	out := data
	for at, shown := range r.shown {
		out = bytes.ReplaceAll(out, []byte(at), []byte(shown))
	}
	if _, err := r.to.Write(out); err != nil {
		return 0, err
	}
	return len(data), nil
}
