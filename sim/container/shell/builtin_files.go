package shell

import (
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
	"mvdan.cc/sh/v3/expand"
)

// changeDir is cd: logical, as shells do it, so that .. goes back the way one came.
func changeDir(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	physical := false
	args = args[1:]
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' {
		if strings.Trim(args[0], "-LPe") != "" {
			break
		}
		physical = strings.Contains(args[0], "P")
		args = args[1:]
	}
	target, show := "", false
	switch {
	case len(args) == 0:
		v, _ := s.variables.get("HOME")
		if target = v.String(); target == "" {
			if !v.Set {
				m.bad(p, 1, "cd: HOME not set")
				return
			}
			target = s.dir
		}
	case len(args) > 1 && s.bash:
		m.bad(p, 1, "cd: too many arguments")
		return
	case args[0] == "-":
		if target = s.value("OLDPWD"); target == "" {
			m.bad(p, 1, "cd: OLDPWD not set")
			return
		}
		show = true
	default:
		target = args[0]
	}
	full := s.absolute(target)
	if !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, ".") {
		for _, d := range strings.Split(s.value("CDPATH"), ":") {
			if candidate := path.Join("/", d, target); d != "" && m.isDirectory(candidate) {
				full, show = candidate, true
				break
			}
		}
	}
	full = path.Clean(full)
	info, err := m.files.Stat(full)
	if err == nil && !info.IsDir() {
		err = storage.ErrNotDirectory
	}
	if err == nil {
		err = m.files.Access(full, storage.CanExecute)
	}
	if err != nil {
		if s.bash {
			m.bad(p, 1, "cd: %s: %s", target, reason(err))
		} else {
			m.bad(p, 2-b2i(!specials["cd"]), "cd: can't cd to %s: %s", target, reason(err))
		}
		return
	}
	if physical {
		if real, err := m.files.RealPath(full); err == nil {
			full = real
		}
	}
	s.enter(full)
	p.status = 0
	if show {
		m.stdout(p, full+"\n")
	}
}

func (s *shell) enter(dir string) {
	exported := text(s.dir)
	exported.Exported = true
	_ = s.put("OLDPWD", exported)
	s.dir = dir
	s.putText("PWD", dir)
}

func (m *machine) isDirectory(name string) bool {
	info, err := m.files.Stat(name)
	return err == nil && info.IsDir()
}

func pwd(m *machine, p *process, f *callFrame, args []string) {
	dir := p.shell.dir
	if len(args) > 1 && args[1] == "-P" {
		if real, err := m.files.RealPath(dir); err == nil {
			dir = real
		}
	}
	p.status = 0
	m.stdout(p, dir+"\n")
}

func pushd(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	const maxStack = 100
	if len(args) > 2 || len(args) == 2 && strings.HasPrefix(args[1], "+") || len(s.previous) >= maxStack {
		m.bad(p, 1, "pushd: only one directory can be pushed, up to %d in all", maxStack)
		return
	}
	old := s.dir
	if len(args) == 1 {
		if len(s.previous) == 0 {
			m.bad(p, 1, "pushd: no other directory")
			return
		}
		args = []string{"pushd", s.previous[len(s.previous)-1]}
		s.previous = s.previous[: len(s.previous)-1 : len(s.previous)-1]
	}
	changeDir(m, p, f, args)
	if p.status == 0 {
		s.previous = append(s.previous, old)
		dirs(m, p, f, args)
	}
}

func popd(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	n := len(s.previous)
	if n == 0 {
		m.bad(p, 1, "popd: directory stack empty")
		return
	}
	target := s.previous[n-1]
	s.previous = s.previous[: n-1 : n-1]
	changeDir(m, p, f, []string{"cd", target})
	if p.status == 0 {
		dirs(m, p, f, args)
	}
}

func dirs(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	list := []string{s.dir}
	for i := len(s.previous) - 1; i >= 0; i-- {
		list = append(list, s.previous[i])
	}
	home := s.value("HOME")
	for i, d := range list {
		if home != "" && home != "/" && (d == home || strings.HasPrefix(d, home+"/")) {
			list[i] = "~" + d[len(home):]
		}
	}
	m.stdout(p, strings.Join(list, " ")+"\n")
	p.status = 0
}

func umask(m *machine, p *process, f *callFrame, args []string) {
	p.status = 0
	if len(args) < 2 {
		m.stdout(p, "0"+octal(p.shell.umask)+"\n")
		return
	}
	if args[1] == "-S" {
		var list []string
		for i, who := range "ugo" {
			bits := ^p.shell.umask >> (6 - 3*uint(i)) & 7
			set := string(who) + "="
			for j, letter := range "rwx" {
				if bits&(4>>uint(j)) != 0 {
					set += string(letter)
				}
			}
			list = append(list, set)
		}
		m.stdout(p, strings.Join(list, ",")+"\n")
		return
	}
	n, err := strconv.ParseUint(args[1], 8, 32)
	if err != nil || n > 0o777 {
		m.bad(p, 1, "umask: Illegal mode: %s (an octal number is expected)", args[1])
		return
	}
	p.shell.umask = uint32(n)
}

func octal(n uint32) string {
	s := strconv.FormatUint(uint64(n), 8)
	return strings.Repeat("0", max(0, 3-len(s))) + s
}

// ulimit prints; nothing of it is enforced.
func ulimit(m *machine, p *process, f *callFrame, args []string) {
	p.status = 0
	values := []struct{ letter, text, value string }{
		{"c", "core file size (blocks)", "0"}, {"d", "data seg size (kb)", "unlimited"}, {"f", "file size (blocks)", "unlimited"},
		{"n", "open files", strconv.Itoa(maxDescriptor + 1)}, {"s", "stack size (kb)", "8192"}, {"t", "cpu time (seconds)", "unlimited"},
		{"u", "processes", strconv.Itoa(maxProcesses)}, {"v", "virtual memory (kb)", "unlimited"},
	}
	letter := "f"
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") {
			letter = strings.TrimLeft(strings.TrimLeft(a, "-"), "HS")
			continue
		}
		m.bad(p, 1, "ulimit: setting a limit is not simulated")
		return
	}
	if letter == "a" {
		for _, v := range values {
			m.stdout(p, v.text+strings.Repeat(" ", max(1, 30-len(v.text)))+"-"+v.letter+" "+v.value+"\n")
		}
		return
	}
	for _, v := range values {
		if v.letter == letter {
			m.stdout(p, v.value+"\n")
			return
		}
	}
	m.bad(p, 2, "ulimit: illegal option -%s", letter)
}

func times(m *machine, p *process, f *callFrame, args []string) {
	m.stdout(p, "0m0.000000s 0m0.000000s\n0m0.000000s 0m0.000000s\n")
	p.status = 0
}

// unset removes variables, elements of arrays and functions.
func unset(m *machine, p *process, f *callFrame, args []string) {
	s := p.shell
	functions, variables := false, false
	args = args[1:]
	for len(args) > 0 && (args[0] == "-f" || args[0] == "-v" || args[0] == "--") {
		functions, variables = args[0] == "-f", args[0] == "-v"
		args = args[1:]
	}
	p.status = 0
	for _, name := range args {
		if base, key, ok := strings.Cut(strings.TrimSuffix(name, "]"), "["); ok && strings.HasSuffix(name, "]") {
			old, _ := s.variables.get(base)
			v, err := withoutElement(old, strings.Trim(key, `'"`))
			if err == nil {
				err = s.put(base, v)
			}
			if err != nil {
				m.bad(p, 1, "unset: %s", err)
			}
			continue
		}
		_, isVariable := s.variables.get(name)
		if functions || (!variables && !isVariable) {
			s.functions.remove(name)
			continue
		}
		if err := s.put(name, expand.Variable{}); err != nil {
			m.bad(p, 1, "unset: %s", err)
		}
	}
}
