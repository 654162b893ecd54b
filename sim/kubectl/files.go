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
	"strings"
	"sync"
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
	from    Files
	input   io.Reader
	dir     string            // "" as long as nothing was staged
	outputs map[string]string // path in dir -> name in Files, to be brought back
	count   int

	mu    sync.Mutex
	shown map[string]string // path in dir -> name as typed
}

// newStaged stages nothing yet; see confined.go.
func newStaged(from Files, input io.Reader) *staged {
	return &staged{from: from, input: input, shown: map[string]string{}, outputs: map[string]string{}}
}

// manifest stages what -f names: a file, a directory, or - for standard input.
func (s *staged) manifest(name string) (string, error) {
	switch {
	case name == "-":
		content, err := io.ReadAll(s.input)
		if err != nil {
			return "", err
		}
		return s.put("STDIN", "stdin.yaml", content)
	case strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://"):
		return "", fmt.Errorf("cannot read %s: there is no network here (hint: put the manifest into the page as a file)", name)
	}
	return s.tree(name)
}

// kustomization stages everything the page has: a kustomization may name files above its own directory.
func (s *staged) kustomization(value string) (string, error) {
	if strings.Contains(value, "://") || strings.Contains(value, "github.com") || strings.HasPrefix(value, "git@") {
		return "", fmt.Errorf("cannot read %s: there is no network here (hint: put the files into the page)", value)
	}
	if clean := path.Clean(value); clean == ".." || strings.HasPrefix(clean, "../") {
		return "", fmt.Errorf("the path %q is above the directory of the command (hint: cd there first)", value)
	}
	if _, err := s.tree("."); err != nil {
		return "", err
	}
	return filepath.Join(s.dir, "1", filepath.FromSlash(path.Clean(value))), nil
}

// kustomized stages what kubectl kustomize names: its one argument, or the current directory.
func (s *staged) kustomized(args []string) ([]string, error) {
	switch len(args) {
	case 0:
		args = []string{"."}
	case 1:
	default:
		return nil, fmt.Errorf("specify one path to %s", kustomizations[0])
	}
	at, err := s.kustomization(args[0])
	return []string{at}, err
}

func (s *staged) keyed(value string) (string, error) {
	key, name, named := strings.Cut(value, "=")
	if !named {
		return s.tree(value)
	}
	at, err := s.tree(name)
	return key + "=" + at, err
}

// copies stages the local side of kubectl cp.
func (s *staged) copies(args []string) ([]string, error) {
	if len(args) != 2 {
		return args, nil // kubectl says what is missing
	}
	switch source, target := args[0], args[1]; {
	case !strings.Contains(source, ":"):
		at, err := s.tree(source)
		args[0] = at
		return args, err
	case !strings.Contains(target, ":"):
		at, err := s.place(target, path.Base(target))
		s.outputs[at], args[1] = target, at
		return args, err
	}
	return args, nil
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
	s.mu.Lock()
	defer s.mu.Unlock()
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
func (s *staged) output(to io.Writer) io.Writer { return &renaming{to, s} }

type renaming struct {
	to    io.Writer
	files *staged
}

// Write implements [io.Writer]. kubectl prints a name in one write.
func (r *renaming) Write(data []byte) (int, error) {
	if _, err := r.to.Write(r.files.renamed(data)); err != nil {
		return 0, err
	}
	return len(data), nil
}

func (s *staged) renamed(data []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at, shown := range s.shown {
		data = bytes.ReplaceAll(data, []byte(at), []byte(shown))
	}
	return data
}
