package applet

import (
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

// findState is where find goes on when a command it runs waits. Actions that were done for the current path are
// not done again; their results are kept.
type findState struct {
	paths   []string
	at      int
	results []bool
	inner   any
	batch   []string // paths collected for "-exec ... +"
	code    int
}

// findRun is one use of find.
type findRun struct {
	*Call
	roots     []string
	test      findTest
	maxDepth  int
	minDepth  int
	depth     bool
	batchExec []string // command of "-exec ... +"
	acts      bool     // there is an action besides -print

	state   findState
	action  int // number of the action within the current path
	blocked *Block
}

// findFile is the file that is looked at.
type findFile struct {
	path string
	info storage.Info
}

// findTest is a test or action; when an action waits, blocked is set and the result means nothing.
type findTest func(r *findRun, file findFile) bool

// find goes through directories and does things with what it finds.
func find(c *Call) Outcome {
	r := &findRun{Call: c, maxDepth: -1}
	if err := r.parse(c.Args[1:]); err != nil {
		return c.fail(1, "%v", err)
	}
	state, resumed := c.State.(findState)
	if !resumed {
		for _, root := range r.roots {
			state.code = max(state.code, r.collect(root, &state.paths))
		}
	}
	r.state = state
	r.state.results = append([]bool(nil), state.results...)
	r.state.batch = append([]string(nil), state.batch...)
	for ; r.state.at < len(r.state.paths); r.state.at++ {
		name := r.state.paths[r.state.at]
		info, err := c.files().Lstat(name)
		if err != nil {
			continue // gone since
		}
		r.action = 0
		matched := r.test(r, findFile{name, info})
		if r.blocked != nil {
			return Outcome{Block: r.blocked, State: r.state}
		}
		if matched && !r.acts {
			c.print(name + "\n")
		}
		r.state.results, r.state.inner = nil, nil
	}
	if r.batchExec != nil && len(r.state.batch) > 0 {
		argv := append(append([]string(nil), r.batchExec...), r.state.batch...)
		outcome := c.Run(argv, c.Env, c.stdin(), c.Stdout, c.Stderr, r.state.inner)
		if outcome.Block != nil {
			r.state.inner = outcome.State
			return Outcome{Block: outcome.Block, State: r.state}
		}
		if outcome.Code != 0 {
			r.state.code = 1
		}
	}
	return Exit(r.state.code)
}

// collect lists a directory and everything below it; the exit code tells of what could not be read.
func (r *findRun) collect(root string, paths *[]string) int {
	info, err := r.files().Lstat(root)
	if err != nil {
		r.errorf("%s: %s", quote(root), reason(err))
		return 1
	}
	code := 0
	var visit func(name string, info storage.Info, depth int)
	visit = func(name string, info storage.Info, depth int) {
		if depth >= r.minDepth && !r.depth {
			*paths = append(*paths, name)
		}
		if info.IsDir() && (r.maxDepth < 0 || depth < r.maxDepth) && !r.pruned(findFile{name, info}) {
			list, err := r.files().ReadDir(name)
			if err != nil {
				r.errorf("%s: %s", quote(name), reason(err))
				code = 1
			}
			for _, below := range list {
				visit(joinPath(name, below.Name), below, depth+1)
			}
		}
		if depth >= r.minDepth && r.depth {
			*paths = append(*paths, name)
		}
	}
	visit(root, info, 0)
	return code
}

// pruned evaluates the tests without their actions, to learn whether -prune is reached.
func (r *findRun) pruned(file findFile) bool {
	probe := &findRun{Call: r.Call, action: -1}
	r.test(probe, file)
	return probe.action == -2
}

// do does an action once for the current path. A dry run, which looks for -prune, does nothing.
func (r *findRun) do(act func() (bool, *Outcome)) bool {
	if r.action < 0 {
		return true
	}
	r.action++
	if r.action <= len(r.state.results) {
		return r.state.results[r.action-1]
	}
	result, waits := act()
	if waits != nil {
		r.blocked, r.state.inner = waits.Block, waits.State
		return false
	}
	r.state.inner = nil
	r.state.results = append(r.state.results, result)
	return result
}

func findPrint(end string) findTest {
	return func(r *findRun, file findFile) bool {
		return r.do(func() (bool, *Outcome) {
			r.print(file.path + end)
			return true, nil
		})
	}
}

func findDelete(r *findRun, file findFile) bool {
	return r.do(func() (bool, *Outcome) {
		if err := r.files().Remove(file.path); err != nil && path.Base(file.path) != "." {
			r.errorf("cannot delete %s: %s", quote(file.path), reason(err))
			r.state.code = 1
			return false, nil
		}
		return true, nil
	})
}

// findExec runs a command for each path, in which {} stands for it.
func findExec(command []string) findTest {
	return func(r *findRun, file findFile) bool {
		return r.do(func() (bool, *Outcome) {
			argv := make([]string, len(command))
			for i, word := range command {
				argv[i] = strings.ReplaceAll(word, "{}", file.path)
			}
			outcome := r.Run(argv, r.Env, r.stdin(), r.Stdout, r.Stderr, r.state.inner)
			if outcome.Block != nil {
				return false, &outcome
			}
			return outcome.Code == 0, nil
		})
	}
}

// findBatch collects paths for one command at the end.
func findBatch(r *findRun, file findFile) bool {
	return r.do(func() (bool, *Outcome) {
		r.state.batch = append(r.state.batch, file.path)
		return true, nil
	})
}

func findPrune(r *findRun, _ findFile) bool {
	if r.action < 0 {
		r.action = -2
	}
	return true
}

// findKind is the letter of -type.
func findKind(info storage.Info) byte {
	switch {
	case info.IsDir():
		return 'd'
	case info.Mode&fs.ModeSymlink != 0:
		return 'l'
	case info.Device != "":
		return 'c'
	}
	return 'f'
}

// compareSigned does the +n, -n, n of find.
func compareSigned(sign byte, value, wanted int64) bool {
	switch sign {
	case '+':
		return value > wanted
	case '-':
		return value < wanted
	}
	return value == wanted
}

// age is how many whole units ago a file changed.
func (r *findRun) age(info storage.Info, unit time.Duration) int64 {
	return int64(r.System.Now().Sub(info.ModTime) / unit)
}
