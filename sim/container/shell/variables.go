package shell

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Bounds on what variables hold.
const (
	maxValue     = 1 << 20 // bytes in one value
	maxVariables = 4 << 20 // bytes in all variables of one shell
)

func text(value string) expand.Variable {
	return expand.Variable{Set: true, Kind: expand.String, Str: value}
}

func sizeOf(v expand.Variable) int {
	n := len(v.Str)
	for _, s := range v.List {
		n += len(s) + 16
	}
	for k, s := range v.Map {
		n += len(k) + len(s) + 32
	}
	return n
}

// put stores a variable after it was checked; the attributes of the old one are kept.
func (s *shell) put(name string, v expand.Variable) error {
	if !syntax.ValidName(name) {
		return fmt.Errorf("%s: bad variable name", name)
	}
	old, had := s.variables.get(name)
	if old.ReadOnly {
		if s.bash {
			return fmt.Errorf("%s: readonly variable", name)
		}
		return fmt.Errorf("%s: is read only", name)
	}
	if v.Kind == expand.KeepValue {
		v.Kind, v.Str, v.List, v.Map, v.Indexes, v.Set = old.Kind, old.Str, old.List, old.Map, old.Indexes, old.Set
	} else if !v.Declared() {
		s.size -= sizeOf(old)
		s.variables.remove(name)
		s.environ = nil
		return nil
	} else if had {
		v.Exported, v.Local = v.Exported || old.Exported, v.Local || old.Local
	}
	if s.options.allexport && v.Set {
		v.Exported = true
	}
	size := sizeOf(v)
	if size > maxValue {
		return fmt.Errorf("%s: value too large (more than %d bytes)", name, maxValue)
	}
	if s.size+size-sizeOf(old) > maxVariables {
		return fmt.Errorf("%s: variables too large (more than %d bytes)", name, maxVariables)
	}
	s.size += size - sizeOf(old)
	s.variables.set(name, v)
	if v.Exported || old.Exported {
		s.environ = nil
	}
	if name == "OPTIND" {
		s.getopt = 0
	}
	return nil
}

// value is a plain variable's value.
func (s *shell) value(name string) string {
	v, _ := s.variables.get(name)
	return v.String()
}

// putText stores a value that the shell itself keeps, such as PWD; a read-only one stays.
func (s *shell) putText(name, value string) { _ = s.put(name, text(value)) }

// environment is the view of the variables that an expansion has: special parameters too, and what it assigns itself before that is
// committed.
type environment struct {
	m        *machine
	p        *process
	overlay  map[string]expand.Variable
	order    []string
	random   int // how many of the memo's random numbers were used
	charged  int
	tooBig   bool
	globbing bool // $PWD is the real working directory, whatever the script made of the variable
}

// maxExpansion bounds the bytes that parameters give to the expansion of one word.
const maxExpansion = 8 << 20

func (e *environment) charge(n int) bool {
	e.charged += n
	if e.charged > maxExpansion {
		e.tooBig = true
	}
	return !e.tooBig
}

// Get implements expand.Environ.
func (e *environment) Get(name string) expand.Variable {
	v := e.lookup(name)
	if !e.charge(sizeOf(v)) {
		return text("")
	}
	return v
}

func (e *environment) lookup(name string) expand.Variable {
	s := e.p.shell
	if e.globbing && name == "PWD" {
		return text(s.dir)
	}
	if v, ok := e.overlay[name]; ok {
		return v
	}
	if v, ok := s.variables.get(name); ok {
		return v
	}
	if name == "" {
		return expand.Variable{}
	}
	if c := name[0]; c >= '0' && c <= '9' {
		n, err := strconv.Atoi(name)
		if err != nil || n > len(s.args) {
			return expand.Variable{}
		}
		if n == 0 {
			return text(s.name)
		}
		return text(s.args[n-1])
	}
	switch name {
	case "@", "*":
		return expand.Variable{Set: true, Kind: expand.Indexed, List: s.args}
	case "#":
		return text(strconv.Itoa(len(s.args)))
	case "?":
		return text(strconv.Itoa(e.p.status))
	case "$":
		return text(strconv.Itoa(s.number))
	case "!":
		if s.lastJob == 0 {
			return expand.Variable{}
		}
		return text(strconv.Itoa(s.lastJob))
	case "-":
		return text(s.flags())
	case "_":
		return text(s.underscore)
	case "PIPESTATUS":
		if !s.bash {
			return expand.Variable{}
		}
		v := expand.Variable{Set: true, Kind: expand.Indexed, List: []string{strconv.Itoa(e.p.status)}}
		if s.pipes != nil {
			v.List = nil
			for _, code := range s.pipes {
				v.List = append(v.List, strconv.Itoa(code))
			}
		}
		return v
	case "BASHPID":
		return text(strconv.Itoa(e.p.number))
	case "PPID":
		return text(strconv.Itoa(s.parent))
	case "RANDOM":
		return text(strconv.Itoa(e.nextRandom()))
	case "SECONDS":
		return text(strconv.FormatInt(int64(e.m.now.Sub(s.begun).Seconds()), 10))
	case "EPOCHSECONDS":
		return text(strconv.FormatInt(e.m.now.Unix(), 10))
	case "HOSTNAME":
		return text(e.m.system.Hostname())
	case "LINENO":
		return text(strconv.Itoa(s.line))
	case "UID", "EUID":
		return text(strconv.Itoa(e.m.files.Identity().UID))
	}
	if user, ok := strings.CutPrefix(name, "HOME "); ok {
		// Always an answer: the library would ask the host for its users otherwise.
		if dir, ok := e.m.homeOf(user); ok {
			return text(dir)
		}
		return text("~" + user)
	}
	return expand.Variable{}
}

func (e *environment) nextRandom() int {
	known := e.p.memo.randoms
	if e.random == len(known) {
		e.p.memo.randoms = append(known, e.m.system.Choose("RANDOM", 32768))
	}
	e.random++
	return e.p.memo.randoms[e.random-1]
}

// Each implements expand.Environ.
func (e *environment) Each(visit func(string, expand.Variable) bool) {
	for _, name := range e.p.shell.variables.names() {
		if _, ok := e.overlay[name]; ok {
			continue
		}
		v, _ := e.p.shell.variables.get(name)
		if !visit(name, v) {
			return
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.overlay)) {
		if !visit(name, e.overlay[name]) {
			return
		}
	}
}

// Set implements expand.WriteEnviron. What is set shows at once to the rest of the word, and to others when the word is complete.
func (e *environment) Set(name string, v expand.Variable) error {
	if !syntax.ValidName(name) {
		return fmt.Errorf("%s: this assignment within an expression is not simulated; assign with NAME=value", name)
	}
	if old, _ := e.p.shell.variables.get(name); old.ReadOnly {
		return fmt.Errorf("%s: is read only", name)
	}
	if !e.charge(sizeOf(v)) {
		return errTooBig
	}
	if e.overlay == nil {
		e.overlay = map[string]expand.Variable{}
	}
	if _, ok := e.overlay[name]; !ok {
		e.order = append(e.order, name)
	}
	e.overlay[name] = v
	return nil
}

// commit makes the assignments of an expansion real.
func (e *environment) commit(s *shell) error {
	for _, name := range e.order {
		if err := s.put(name, e.overlay[name]); err != nil {
			return err
		}
	}
	return nil
}

// homeOf looks a user's home directory up in the container's /etc/passwd.
func (m *machine) homeOf(user string) (string, bool) {
	passwd, err := m.files.ReadText("/etc/passwd")
	if err == nil {
		for line := range strings.Lines(passwd) {
			if f := strings.Split(strings.TrimRight(line, "\n"), ":"); len(f) >= 6 && f[0] == user {
				return f[5], true
			}
		}
	}
	return "/root", user == "root" && err != nil
}
