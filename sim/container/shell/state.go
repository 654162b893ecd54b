package shell

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// table is a map that copies share until one of them writes.
type table[V any] struct {
	entries map[string]V
	shared  bool
}

func (t *table[V]) get(name string) (V, bool) {
	v, ok := t.entries[name]
	return v, ok
}

func (t *table[V]) own() {
	if t.shared || t.entries == nil {
		copied := make(map[string]V, len(t.entries)+4)
		maps.Copy(copied, t.entries)
		t.entries, t.shared = copied, false
	}
}

func (t *table[V]) set(name string, v V) { t.own(); t.entries[name] = v }

func (t *table[V]) remove(name string) {
	if _, ok := t.entries[name]; ok {
		t.own()
		delete(t.entries, name)
	}
}

func (t *table[V]) names() []string { return slices.Sorted(maps.Keys(t.entries)) }

// shell is the state of one shell process.
type shell struct {
	name        string   // $0
	args        []string // $1 and on
	number      int      // $$
	parent      int      // $PPID
	bash        bool     // speaks as bash does where the texts differ
	interactive bool
	lines       bool // messages name the line
	line        int

	variables  table[expand.Variable]
	size       int // bytes held by variables
	functions  table[*syntax.Stmt]
	aliases    table[string]
	options    options
	dir        string // logical working directory
	previous   []string
	umask      uint32
	traps      []trap
	jobs       []job
	lastJob    int // $!
	nextJob    int
	underscore string
	substatus  int // status of the last command substitution, -1 if there was none
	begun      time.Time
	environ    []string // cached exported variables; nil when out of date
	getopt     int      // position within a group of options
	depth      int
	level      int   // command substitutions around this shell
	pipes      []int // statuses of the last pipeline's stages, nil after another command
}

// options are what set -o and shopt switch.
type options struct {
	allexport, errexit, noclobber, noexec, noglob, nounset, pipefail, verbose, xtrace bool
	dotglob, extglob, globstar, nocaseglob, nocasematch, nullglob, expandAliases      bool
}

type trap struct {
	signal int // 0 is EXIT
	action string
}

// job is a command that was started with &.
type job struct {
	id, process int
	text        string
	done        bool
	status      int
	foreign     bool // of the shell this one was copied from: it can be seen, not waited for
}

func (s *shell) clone() *shell {
	c := *s
	c.variables.shared, c.functions.shared, c.aliases.shared = true, true, true
	c.previous = slices.Clip(s.previous)
	c.traps = slices.Clone(s.traps)
	c.jobs = slices.Clone(s.jobs)
	return &c
}

// fork is the copy a subshell begins with. The original may go on in the same run, so both now share.
func (s *shell) fork() *shell {
	s.variables.shared, s.functions.shared, s.aliases.shared = true, true, true
	c := s.clone()
	c.interactive = false
	for i := range c.jobs {
		c.jobs[i].foreign = true
	}
	c.traps = nil
	for _, t := range s.traps {
		if t.action == "" {
			c.traps = append(c.traps, t)
		}
	}
	return c
}

func (s *shell) takeTrap(signal int) (string, bool) {
	for i, t := range s.traps {
		if t.signal == signal {
			s.traps = slices.Delete(s.traps, i, i+1)
			return t.action, true
		}
	}
	return "", false
}

func (s *shell) trap(signal int) (string, bool) {
	for _, t := range s.traps {
		if t.signal == signal {
			return t.action, true
		}
	}
	return "", false
}

func (s *shell) setTrap(signal int, action string) {
	s.takeTrap(signal)
	s.traps = append(s.traps, trap{signal, action})
	sort.Slice(s.traps, func(i, j int) bool { return s.traps[i].signal < s.traps[j].signal })
}

func (s *shell) jobEnded(process, status int) {
	for i := range s.jobs {
		if s.jobs[i].process == process {
			s.jobs[i].done, s.jobs[i].status = true, status
		}
	}
}

// exported are the variables a program gets: NAME=value, sorted.
func (s *shell) exported() []string {
	if s.environ == nil {
		s.environ = make([]string, 0, 16)
		for name, v := range s.variables.entries {
			if v.Exported && v.Set && v.Kind == expand.String {
				s.environ = append(s.environ, name+"="+v.Str)
			}
		}
		slices.Sort(s.environ)
	}
	return s.environ
}

// flags is $-.
func (s *shell) flags() string {
	var b strings.Builder
	for _, o := range optionList {
		if o.letter != 0 && *o.field(&s.options) {
			b.WriteByte(o.letter)
		}
	}
	if s.interactive {
		b.WriteByte('i')
	}
	return b.String()
}

// option is one switch with its long name and its letter, if it has one.
type option struct {
	name   string
	letter byte
	field  func(*options) *bool
}

var optionList = []option{
	{"allexport", 'a', func(o *options) *bool { return &o.allexport }},
	{"errexit", 'e', func(o *options) *bool { return &o.errexit }},
	{"noclobber", 'C', func(o *options) *bool { return &o.noclobber }},
	{"noexec", 'n', func(o *options) *bool { return &o.noexec }},
	{"noglob", 'f', func(o *options) *bool { return &o.noglob }},
	{"nounset", 'u', func(o *options) *bool { return &o.nounset }},
	{"pipefail", 0, func(o *options) *bool { return &o.pipefail }},
	{"verbose", 'v', func(o *options) *bool { return &o.verbose }},
	{"xtrace", 'x', func(o *options) *bool { return &o.xtrace }},
}

var shoptList = []option{
	{"expand_aliases", 0, func(o *options) *bool { return &o.expandAliases }},
	{"dotglob", 0, func(o *options) *bool { return &o.dotglob }},
	{"extglob", 0, func(o *options) *bool { return &o.extglob }},
	{"globstar", 0, func(o *options) *bool { return &o.globstar }},
	{"nocaseglob", 0, func(o *options) *bool { return &o.nocaseglob }},
	{"nocasematch", 0, func(o *options) *bool { return &o.nocasematch }},
	{"nullglob", 0, func(o *options) *bool { return &o.nullglob }},
}
