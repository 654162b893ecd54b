package shell

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// advance runs a process through the next seconds of its world.
func advance(p *Process, w *world, r *record, d time.Duration) *Process {
	end := w.now.Add(d)
	for range 1000 {
		p = p.Run(w, r)
		s := p.State()
		if s.Exited != nil || s.Until.IsZero() || s.Until.After(end) {
			break
		}
		w.now = s.Until
	}
	w.now = end
	return p
}

// TestFork copies a script in the middle of a loop, a pipe and a sleep. Both go on, each for itself.
func TestFork(t *testing.T) {
	script := "x=0; for i in 1 2 3; do x=$((x+i)); echo $i:$(sleep 1; echo $x); sleep 1; done | cat; echo end"
	w, r := newWorld(), &record{}
	p := advance(Start(spec("sh", "-c", script)), w, r, 2500*time.Millisecond)
	if got := r.both.String(); got != "1:1\n" {
		t.Fatalf("first part is %q", got)
	}
	states := []State{p.State(), p.State()}
	for i := range 2 {
		copied := &world{now: w.now, files: w.files}
		o := &record{}
		q := complete(t, p, copied, o)
		if got := o.both.String(); got != "2:3\n3:6\nend\n" {
			t.Errorf("copy %d goes on with %q", i, got)
		}
		if q.State().Exited == nil || p.State().Exited != nil || p.State().Until != states[0].Until {
			t.Errorf("copy %d has changed the original", i)
		}
	}
	if code := complete(t, p.Signal(sigTERM), w, r).State().Exited.Code; code != 143 {
		t.Errorf("after TERM the status is %d", code)
	}
	if s := p.State(); s.Exited != nil {
		t.Error("the signal reached the original")
	}
}

// TestForkEverywhere stops scripts after every wait, copies them, and compares both ends.
func TestForkEverywhere(t *testing.T) {
	for _, script := range []string{
		"sleep 1 | sleep 2; a=(1 $(sleep 1; echo 2) 3); echo ${a[@]}; read x < /etc/motd; echo $x",
		"trap 'echo bye' EXIT; f() { local v=$1; sleep $v; echo $v; }; f 1; f 2 & f 1; wait; case $(sleep 1; echo k) in k) echo K;; esac",
		"while read l; do sleep 1; echo $l; done <<E\na\nb\nE\n[[ $(sleep 1; echo q) == q ]] && echo $((1+$(sleep 1; echo 2)))",
		"exec 3> out; echo one >&3; sleep 1; echo two >&3; cat out; { sleep 1; echo in; } > f; cat f; eval 'sleep 1; echo e'",
	} {
		var runs []*Process
		var times []time.Time
		w, r := newWorld(), &record{}
		p := Start(spec("sh", "-c", script))
		var outs []int
		for p.State().Exited == nil {
			runs, times, outs = append(runs, p), append(times, w.now), append(outs, r.both.Len())
			p = p.Run(w, r)
			if s := p.State(); s.Exited == nil {
				w.now = s.Until
			}
		}
		if len(runs) < 3 {
			t.Errorf("%s: only %d waits; %s", script, len(runs), r.both.String())
		}
		for i, q := range runs {
			again := &record{}
			complete(t, q, &world{now: times[i], files: w.files}, again)
			if want := r.both.String()[outs[i]:]; again.both.String() != want && !strings.Contains(script, "out") {
				t.Errorf("%s: from wait %d on it gives %q, want %q", script, i, again.both.String(), want)
			}
		}
	}
}

func TestInteractive(t *testing.T) {
	s := spec("sh")
	s.TTY, s.Stdin, s.Prompt = true, true, "/ # "
	w, r := newWorld(), &record{}
	p := Start(s).Run(w, r)
	if st := p.State(); !st.Input || st.Ready || st.Ever {
		t.Fatalf("at the prompt: %+v", st)
	}
	p = p.Input([]byte("echo hi\n"), false)
	if !p.State().Ready {
		t.Error("input does not make it ready")
	}
	p = p.Run(w, r)
	p = p.Input([]byte("for i in 1 2\ndo echo $i\ndone\nx=5; cat\nline\n\x04"), false).Run(w, r)
	p = p.Input([]byte("echo $x; nosuch; echo ${y?no}\nsleep 100\n"), false).Run(w, r)
	if p.State().Until.IsZero() {
		t.Errorf("it does not sleep: %+v", p.State())
	}
	p = p.Input([]byte{3}, false).Run(w, r)
	p = p.Input([]byte("echo $?\n)\necho back\n\x04"), false).Run(w, r)
	if e := p.State().Exited; e == nil || e.Code != 0 {
		t.Errorf("^D does not end it: %+v", p.State())
	}
	want := `/ # echo hi
hi
/ # for i in 1 2
> do echo $i
> done
1
2
/ # x=5; cat
line
line
/ # echo $x; nosuch; echo ${y?no}
5
sh: nosuch: not found
sh: y: no
/ # sleep 100
^C
/ # echo $?
130
/ # )
sh: syntax error: ` + "`)` can only be used to close a subshell" + `
/ # echo back
back
/ # 
`
	if got := r.both.String(); got != want {
		t.Errorf("the screen shows\n%s\nwant\n%s", got, want)
	}
}

func TestScriptOnStdin(t *testing.T) {
	s := spec("sh", "-s", "arg")
	s.Stdin = true
	w, r := newWorld(), &record{}
	p := Start(s).Input([]byte("echo $1\nread x\nvalue\necho got $x; cat\nrest\nof it"), true)
	complete(t, p, w, r)
	if got := r.both.String(); got != "arg\ngot value\nrest\nof it" {
		t.Errorf("it prints %q", got)
	}
	p = Start(s).Input([]byte("if true; then\n"), false).Run(w, r)
	if !p.State().Input {
		t.Error("it does not wait for the rest of the command")
	}
	p = complete(t, p.Input([]byte("echo whole; fi\nexit 3\n"), false), w, r)
	if e := p.State().Exited; e.Code != 3 || !strings.HasSuffix(r.both.String(), "whole\n") {
		t.Errorf("it ends with %+v after %q", e, r.both.String())
	}
}

func TestSignals(t *testing.T) {
	for _, c := range []struct {
		name, script string
		signals      []int
		init         bool
		out          string
		code         int
	}{
		{name: "default", script: "sleep 100; echo no", signals: []int{sigTERM}, code: 143},
		{name: "interrupt", script: "sleep 100; echo no", signals: []int{sigINT}, code: 130},
		{name: "trap waits for the command", script: "trap 'echo got; exit 5' TERM; sleep 10; echo no", signals: []int{sigTERM}, out: "got\n", code: 5},
		{name: "trap goes on", script: "trap 'echo got' TERM; sleep 10; echo after", signals: []int{sigTERM}, out: "got\nafter\n"},
		{name: "trap in wait", script: "trap 'echo got; exit 0' TERM; sleep 1000 & wait; echo no", signals: []int{sigTERM}, out: "got\n"},
		{name: "ignored", script: "trap '' TERM; sleep 10; echo after", signals: []int{sigTERM}, out: "after\n"},
		{name: "first process", script: "sleep 10; echo after", signals: []int{sigTERM, sigINT}, init: true, out: "after\n", code: 0},
		{name: "first process killed", script: "sleep 10; echo after", signals: []int{sigKILL}, init: true, code: 137},
		{name: "trap and exit trap", script: "trap 'echo e' EXIT; trap 'exit 7' TERM; sleep 5; echo no", signals: []int{sigTERM}, out: "e\n", code: 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, r := newWorld(), &record{}
			s := spec("sh", "-c", c.script)
			s.Init = c.init
			p := Start(s).Run(w, r)
			for _, n := range c.signals {
				if c.init && n == sigINT {
					continue
				}
				p = p.Signal(n)
			}
			p = complete(t, p, w, r)
			if got := r.out.String(); got != c.out {
				t.Errorf("it prints %q, want %q", got, c.out)
			}
			if e := p.State().Exited; e.Code != c.code {
				t.Errorf("it ends with %d, want %d; stderr %s", e.Code, c.code, r.err.String())
			}
		})
	}
}

func TestTree(t *testing.T) {
	s := spec("sh", "-c", "sleep 50 & (sleep 60) | cat; echo")
	s.Process = 7
	w, r := newWorld(), &record{}
	p := Start(s).Run(w, r)
	var list []string
	for _, info := range p.Tree() {
		list = append(list, strings.Join(append([]string{itoa(info.Process), itoa(info.Parent)}, info.Command...), " "))
	}
	want := "7 0 sh -c " + s.Args[2] + "; 8 7 sleep 50; 9 7 sleep 60; 10 7 cat"
	if got := strings.Join(list, "; "); got != want {
		t.Errorf("the processes are %s\nwant %s", got, want)
	}
	p, ok := p.SignalTo(9, sigTERM)
	if !ok {
		t.Fatal("no process 9")
	}
	if p = p.Run(w, r); p.State().Exited == nil {
		t.Errorf("without its sleep it does not end: %+v", p.State())
	}
}

func TestApplets(t *testing.T) {
	w, r := newWorld(), &record{}
	p := complete(t, Start(spec("/bin/echo", "direct")), w, r)
	if r.both.String() != "direct\n" || p.State().Exited.Code != 0 {
		t.Errorf("echo gives %q", r.both.String())
	}
	p = complete(t, Start(spec("nosuch")), w, r)
	if p.State().Exited.Code != 127 {
		t.Error("a missing program does not give 127")
	}
	s := spec("cat")
	s.Stdin = true
	r = &record{}
	p = Start(s).Input([]byte("a\n"), false).Run(w, r)
	if !p.State().Input || r.both.String() != "a\n" {
		t.Errorf("cat shows %q and waits for %+v", r.both.String(), p.State())
	}
	if p = p.Input([]byte("b"), true).Run(w, r); p.State().Exited == nil || r.both.String() != "a\nb" {
		t.Errorf("at the end cat shows %q", r.both.String())
	}
	p = Start(spec("sleep", "infinity")).Run(w, r)
	if !p.State().Ever {
		t.Errorf("sleep infinity waits for %+v", p.State())
	}
	s = spec("sh", "-c", "kubectl get pods | cat; command -v kubectl")
	s.Builtins = true
	r = &record{}
	complete(t, Start(s), w, r)
	if got := r.both.String(); got != "kubectl get pods\n/usr/bin/kubectl\n" {
		t.Errorf("on the host it prints %q", got)
	}
	r = &record{}
	complete(t, Start(spec("sh", "-c", "kubectl; echo $?")), w, r)
	if got := r.both.String(); got != "sh: kubectl: not found\n127\n" {
		t.Errorf("in a container it prints %q", got)
	}
}

func TestTail(t *testing.T) {
	w, r := newWorld(), &record{}
	if err := w.files.WriteFile("/tmp/log", []byte("one\n"), 0o644, storage.Create); err != nil {
		t.Fatal(err)
	}
	p := Start(spec("sh", "-c", "tail -f log | while read l; do echo \"<$l>\"; done")).Run(w, r)
	if !p.State().Files {
		t.Fatalf("tail waits for %+v", p.State())
	}
	if err := w.files.WriteFile("/tmp/log", []byte("two\n"), 0o644, storage.Append); err != nil {
		t.Fatal(err)
	}
	p = p.Run(w, r)
	if got := r.both.String(); got != "<one>\n<two>\n" || p.State().Exited != nil {
		t.Errorf("it shows %q", got)
	}
}

// TestNothingReachesTheHost tries the ways out.
func TestNothingReachesTheHost(t *testing.T) {
	t.Setenv("STSIM_SECRET", "secret")
	for script, want := range map[string]string{
		"cat /etc/hostname /proc/self/environ /proc/1/environ":                       "cat: ",
		"echo $STSIM_SECRET; env; printenv STSIM_SECRET; sh -c 'echo $STSIM_SECRET'": "PATH=",
		"cat ../../../../../../etc/passwd | wc -l; cd ../../../..; pwd; ls /proc":    "2\n/\n",
		"ln -s ../../../../../../../.. up; ls up; cat up/etc/motd":                   "welcome",
		"ls /*; echo /home/* /usr/bin/* ~daemon/* ~nobody":                           "~nobody",
		"echo ~root ~web ~bin ~":                                                        "/root /home/web ~bin /root",
		"exec 3<>/dev/tcp/127.0.0.1/80; echo no":                                        "not simulated",
		"cat < /dev/udp/1.1.1.1/53":                                                     "not simulated",
		"cat <(ls /); echo no":                                                          "not simulated",
		"tee >(cat) < /etc/motd":                                                        "not simulated",
		"source /etc/profile; echo no":                                                  "can't open",
		". /proc/version; echo no":                                                      "can't open",
		"exec /bin/nosuch; echo no":                                                     "not found",
		"exec /usr/bin/python3 -c 1":                                                    "not found",
		"/bin/bash -c 'echo $BASH_VERSION; hostname; id -un'":                           "web-0",
		"command -v python3 gcc go; type -a go":                                         "not found",
		"PATH=/usr/bin:/usr/local/bin; go version":                                      "not found",
		"cd /boot || cd /home || cd ~daemon":                                            "can't cd",
		"HOME=/boot; cd; pwd":                                                           "can't cd",
		"ulimit -a; ulimit -n 5":                                                        "not simulated",
		"kill -9 1":                                                                     "",
		"kill -9 4242; kill -TERM 2":                                                    "can't kill",
		"cat <<< $(</etc/hostname)":                                                     "can't open /etc/hostname",
		"PWD=/; echo e*; cd /; echo e*":                                                 "e*\netc",
		"echo $((BASHPID)) $$ $PPID $HOSTNAME":                                          "1 1 0 web-0",
		"eval 'cat /etc/hosts'; trap 'cat /etc/hosts' EXIT":                             "cat: ",
		"printf '#!/usr/bin/python3\\nprint(1)\\n' > x; chmod +x x; ./x":                "not found",
		"printf '\\177ELF\\000\\000' > x; chmod +x x; ./x":                              "cannot execute",
		"printf '#!applet nosuch\\n' > x; chmod +x x; ./x":                              "not simulated",
		"printf '#!applet ../../bin/ls\\n' > x; chmod +x x; ./x":                        "not simulated",
		"echo x > /nodev/sda":                                                           "can't create",
		"coproc cat; echo no":                                                           "not simulated",
		"select x in a b; do break; done":                                               "not simulated",
		"enable -f /lib/x.so x; mapfile x < /etc/passwd":                                "not found",
		"time -p true; times; date -s 2000-01-01":                                       "real 0.00",
		"sh /dev/stdin < /etc/motd; sh -c '. /dev/stdin' < /etc/motd":                   "",
		"test -r /etc/shadow || [ -e /boot ] || [[ -e /proc/self/exe ]] || echo inside": "inside",
	} {
		w, r := newWorld(), &record{}
		complete(t, Start(spec("sh", "-c", script)), w, r)
		got := r.both.String()
		if !strings.Contains(got, want) || strings.Contains(got, "secret") || strings.HasSuffix(got, "no\n") && want == "not simulated" {
			t.Errorf("%s\ngives %q, want something with %q", script, got, want)
		}
	}
}

func TestRandomComesFromTheWorld(t *testing.T) {
	give := func() string {
		w, r := newWorld(), &record{}
		complete(t, Start(spec("sh", "-c", "echo $RANDOM $(sleep 1; echo $RANDOM) $RANDOM $SECONDS; sleep 2; echo $SECONDS; head -c 4 /dev/null")), w, r)
		return r.both.String()
	}
	if a, b := give(), give(); a != b || !strings.HasSuffix(a, " 1\n3\n") {
		t.Errorf("the same world gives %q and %q", a, b)
	}
}

func TestReadOnly(t *testing.T) {
	w := newWorld()
	mounts := w.files.Mounts()
	mounts = append(mounts, storage.Mount{Path: "/ro", ReadOnly: true}, storage.Mount{Path: "/small", Capacity: 10})
	w.files = storage.NewFileSystem(mounts, storage.Identity{}, w.now)
	r := &record{}
	p := complete(t, Start(spec("sh", "-c", "echo x > /ro/f; echo $?; echo 0123456789abc > /small/f; echo $?; cat /small/f; echo end >&-; echo $?; echo x > /dev/full")), w, r)
	want := "1\n1\n01234567891\n"
	if r.out.String() != want || p.State().Exited.Code != 1 {
		t.Errorf("stdout %q, status %d", r.out.String(), p.State().Exited.Code)
	}
	for _, text := range []string{"can't create /ro/f: Read-only file system", "write error: No space left on device", "write error: Bad file descriptor"} {
		if !strings.Contains(r.err.String(), text) {
			t.Errorf("stderr lacks %q: %s", text, r.err.String())
		}
	}
}

func TestFilesKeepTheirMode(t *testing.T) {
	w, r := newWorld(), &record{}
	complete(t, Start(spec("sh", "-c", "umask 027; echo a > f; umask 077; echo b > g")), w, r)
	for name, mode := range map[string]fs.FileMode{"/tmp/f": 0o640, "/tmp/g": 0o600} {
		if info, err := w.files.Stat(name); err != nil || info.Mode.Perm() != mode {
			t.Errorf("%s has mode %v, want %v (%v)", name, info.Mode, mode, err)
		}
	}
}

var _ applet.System = (*world)(nil)

// BenchmarkIndexPage is what the tutorial does in each Pod.
func BenchmarkIndexPage(b *testing.B) {
	w := newWorld(func(t storage.Tree) storage.Tree { return t.WithDir("/usr/share/nginx/html", 0o755) })
	for b.Loop() {
		r := &record{}
		p := Start(spec("sh", "-c", "echo $(hostname -f) > /usr/share/nginx/html/index.html")).Run(w, r)
		if p.State().Exited == nil {
			b.Fatal("it waits")
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	w := newWorld()
	for b.Loop() {
		Start(spec("sh", "-c", "i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done")).Run(w, &record{})
	}
}

// FuzzScript runs any text. It must end or wait within its budget, and never panic.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{"echo $(hostname -f)", "for i in 1 2; do echo $i; done | cat", "a=(1 2); echo ${a[@]:1}", "cat <<E\n$x\nE\n",
		"f() { local x; return 3; }; f", "[[ a =~ b ]]", "${x@Q} ${x^^} ${!x} ${x//a/b}", "trap 'echo x' EXIT; exit", "echo {1..3}",
		"((i++)) || let j=2**3", "exec 3>f; echo a >&3", "case x in (a|b) ;; *) ;;& esac", "read -t 1 x", "x & wait; jobs", "set -eux; shift 2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		w, r := newWorld(), &record{}
		s := spec("bash", "-c", script)
		s.Limits = Limits{Steps: 20_000, Output: 1 << 20}
		p := Start(s)
		for range 20 {
			p = p.Run(w, r)
			state := p.State()
			if state.Exited != nil {
				return
			}
			if state.Until.IsZero() {
				break
			}
			w.now = state.Until
		}
		if p = p.Signal(sigKILL); p.State().Exited == nil {
			t.Error("KILL does not end it")
		}
	})
}
