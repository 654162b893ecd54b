package kubectl_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mvdan.cc/sh/v3/shell"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/kubectl"
)

var update = flag.Bool("update", false, "write what is printed into the transcripts")

// The transcripts are what a person would see: a command line after "$ ", then what it prints. Further marks:
//
//	## text           a remark
//	@ 5m              virtual time that passes
//	[exit 1]          last line of an output: the exit status, when it is not 0
//	^C after 3 lines  last line of an output: there the person interrupts the command
//	< text            first lines of an output: standard input; "<" alone: standard input is a terminal that nobody types at
//	=== name          a file, up to the next mark or the end
//
// A command line is one of kubectl's, and a second passes before it. With -update, outputs are rewritten and marks are kept.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no transcripts", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			played := play(t, string(source))
			if played == string(source) {
				return
			}
			if *update {
				if err := os.WriteFile(name, []byte(played), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			t.Errorf("%s: %s", name, firstDifference(string(source), played))
		})
	}
}

// play gives the transcript as it would be today.
func play(t testing.TB, source string) string {
	body, files := split(source)
	p := newPlayer(t, files)
	lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
	var out strings.Builder
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		fmt.Fprintln(&out, line)
		if duration, found := strings.CutPrefix(line, "@ "); found {
			pass, err := time.ParseDuration(duration)
			if err != nil {
				t.Fatal(err)
			}
			p.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(pass) })
		}
		typed, found := strings.CutPrefix(line, "$ kubectl")
		if !found {
			continue
		}
		step := step{line: typed, after: -1}
		for i+1 < len(lines) && !strings.HasPrefix(lines[i+1], "$ ") && !strings.HasPrefix(lines[i+1], "## ") && !strings.HasPrefix(lines[i+1], "@ ") {
			i++
			switch text, isInput := strings.CutPrefix(lines[i], "< "); {
			case isInput:
				step.input += text + "\n"
				fmt.Fprintln(&out, lines[i])
			case lines[i] == "<":
				step.terminal = true
				fmt.Fprintln(&out, lines[i])
			case strings.HasPrefix(lines[i], "^C after "):
				_, _ = fmt.Sscanf(lines[i], "^C after %d", &step.after)
			}
		}
		out.WriteString(p.run(t, step))
	}
	return out.String() + source[len(body):]
}

// split takes the files at the end off.
func split(source string) (body string, files tree) {
	files = tree{}
	body, rest, found := strings.Cut(source, "=== ")
	for found {
		var file string
		file, rest, found = strings.Cut(rest, "\n=== ")
		if name, content, ok := strings.Cut(file, "\n"); ok {
			files[name] = strings.TrimSuffix(content, "\n") + "\n"
		}
	}
	return body, files
}

// tree is the person's files.
type tree map[string]string

func (f tree) Read(name string) ([]byte, error) {
	content, found := f[path.Clean(name)]
	if !found {
		return nil, fs.ErrNotExist
	}
	return []byte(content), nil
}

func (f tree) List(name string) (below []string, directory bool) {
	if name = path.Clean(name); name == "." {
		name = ""
	} else {
		name += "/"
	}
	for file := range f {
		if strings.HasPrefix(file, name) {
			below = append(below, file)
		}
	}
	slices.Sort(below)
	return below, len(below) > 0
}

func (f tree) Write(name string, content []byte) error {
	f[path.Clean(name)] = string(content)
	return nil
}

// player is a person at a cluster.
type player struct {
	door   *door.Door
	client *kubectl.Client
	files  tree
}

func newPlayer(t testing.TB, files tree) *player {
	d := door.New(sim.New(sim.Options{Seed: 1, History: -1}))
	client, err := kubectl.New(d)
	if err != nil {
		t.Fatal(err)
	}
	return &player{d, client, files}
}

// step is one command.
type step struct {
	line     string
	input    string
	terminal bool
	after    int // interrupted after so many lines; -1: never
}

// screen collects what both streams print.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(data)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (p *player) run(t testing.TB, step step) string {
	args, err := shell.Fields(step.line, func(string) string { return "" })
	if err != nil {
		t.Fatalf("%s: %v", step.line, err)
	}
	p.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(time.Second) })
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	shown := &screen{}
	code := 0
	client := func() {
		code = p.client.Run(ctx, kubectl.Command{
			Args: args, Stdin: strings.NewReader(step.input), Stdout: shown, Stderr: shown, Terminal: step.terminal, Files: p.files,
		})
	}
	interrupted, text := false, ""
	rest, done := p.door.Drive(client, 24*time.Hour, func() bool {
		if interrupted || step.after < 0 || strings.Count(shown.String(), "\n") < step.after {
			return false
		}
		interrupted, text = true, shown.String() // a kubectl that is interrupted says no more
		interrupt()
		return true
	})
	if rest != door.Done {
		interrupt()
		<-done
	}
	if !interrupted {
		text = shown.String()
	}
	switch {
	case text != "" && !strings.HasSuffix(text, "\n"):
		text += "\n"
	}
	switch {
	case interrupted:
		text += fmt.Sprintf("^C after %d lines\n", step.after)
	case rest != door.Done:
		text += fmt.Sprintf("[%s]\n", rest)
	case code != 0:
		text += fmt.Sprintf("[exit %d]\n", code)
	}
	return text
}

func firstDifference(want, got string) string {
	wanted, found := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := range min(len(wanted), len(found)) {
		if strings.HasPrefix(found[i], "$ ") {
			command = found[i]
		}
		if wanted[i] != found[i] {
			return fmt.Sprintf("line %d: %s\nexpected %q\nfound    %q", i+1, command, wanted[i], found[i])
		}
	}
	return "one is longer than the other"
}
