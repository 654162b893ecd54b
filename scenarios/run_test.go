package scenarios

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// soon is by when everything must be over, on a slow and busy machine too: without its bounds it would take for ever. On a quiet one nothing
// here takes more than a second or two.
const soon = 30 * time.Second

// played is what became of a page.
type played struct {
	*Report
	text string // as the Printer shows it
}

// play runs a page and demands that it ends soon.
func play(t *testing.T, page *Page, options Options) played {
	t.Helper()
	var text bytes.Buffer
	options.Printer = NewPrinter(&text, PrinterOptions{})
	started := time.Now()
	report, err := Run(t.Context(), page, options)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took > soon {
		t.Errorf("%s took %s", page.Name, took)
	}
	return played{report, text.String()}
}

// parsed is a page from its text.
func parsed(t *testing.T, text string) *Page {
	t.Helper()
	page, err := Parse("page.md", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// console plays commands on a small cluster.
func console(t *testing.T, lines ...string) played {
	t.Helper()
	return play(t, parsed(t, fm("nodes: 2")+block(lines...)), Options{})
}

func TestBuiltinPagesVerify(t *testing.T) {
	for _, name := range builtinNames() {
		t.Run(name, func(t *testing.T) {
			page, err := Open(name)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, page)
		})
	}
}

// The pages in testdata are told as pages because their outputs read best so; "stsim run --update" writes them.
func TestPagesVerify(t *testing.T) {
	files, err := filepath.Glob("testdata/pages/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal("no pages", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".md"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			page, err := Parse(file, data)
			if err != nil {
				t.Fatal(err)
			}
			verify(t, page)
		})
	}
}

// verify plays a page three times: it holds, it is the same again, and it holds under another seed. With the race detector, which takes ten times as long, once.
func verify(t *testing.T, page *Page) {
	t.Helper()
	first := play(t, page, Options{Check: true})
	if first.Failed > 0 || first.Stopped || first.Commands != len(page.Steps()) || len(first.Broken) > 0 {
		t.Fatalf("%d of %d commands failed, promises %v:\n%s", first.Failed, len(page.Steps()), first.Broken, failures(first.text))
	}
	if raceDetector {
		return
	}
	if second := play(t, page, Options{}); second.text != first.text {
		t.Errorf("not the same twice:\n%s", firstDifference(first.text, second.text))
	}
	seed := page.FrontMatter.Seed + 1000
	if other := play(t, page, Options{Seed: &seed}); other.Failed > 0 {
		t.Errorf("with seed %d:\n%s", seed, failures(other.text))
	}
}

// failures are the commands of a printed page that failed.
func failures(text string) string {
	var failed []string
	for _, part := range strings.Split(text, "\n\n") {
		if strings.Contains(part, "✗") {
			failed = append(failed, part)
		}
	}
	return strings.Join(failed, "\n\n")
}

func firstDifference(a, b string) string {
	from, to := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(from), len(to)) {
		if from[i] != to[i] {
			return from[i] + "\n" + to[i]
		}
	}
	return "one is longer"
}

// Names that the cluster draws depend on the seed, and on nothing else.
func TestSeed(t *testing.T) {
	run := func(seed uint64) string {
		return play(t, parsed(t, fm("nodes: 2")+block("$ kubectl create configmap drawn; kubectl get configmap drawn -o jsonpath={.metadata.uid}")), Options{Seed: &seed}).text
	}
	one, two := run(1), run(2)
	if one != run(1) {
		t.Error("one seed, two outputs")
	}
	if one == two {
		t.Errorf("two seeds, one output:\n%s", one)
	}
}

// A page that says something else than what is printed fails there, with its line, and the rest is still played.
func TestDifferencesAreShown(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"another line", []string{"$ printf 'a\\nb\\n'", "a", "c"},
			[]string{"page.md:7: the output is not what the page says", "page.md:7  - c", "+ b"}},
		{"a line too many", []string{"$ echo a", "a", "b"}, []string{"page.md:7  - b"}},
		{"a line too few", []string{"$ echo a", ""}, []string{"page.md:5: the output", "+ a"}},
		{"exit status", []string{"$ false"},
			[]string{"page.md:5: expected exit status 0, found 1\n", "hint: a command that must fail ends with a line \"# exit 1\""}},
		{"another exit status", []string{"$ exit 3", "# exit 4"}, []string{"page.md:6: expected exit status 4, found 3"}},
		{"no failure", []string{"$ true", "# exit 1"}, []string{"page.md:6: expected exit status 1, found 0"}},
		{"it ends by itself", []string{"$ echo a", "a", "^C"}, []string{"page.md:5: the command ended by itself, and the page ends it with ^C"}},
	} {
		got := console(t, append(c.lines, "$ echo the rest", "the rest")...)
		if got.Failed != 1 || got.Commands != 1 || got.Stopped {
			t.Errorf("%s: %+v", c.name, got.Result)
		}
		for _, want := range c.want {
			if !strings.Contains(got.text, want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, got.text)
			}
		}
	}
}

// What a watch waits for may never come. It ends with the reason, soon.
func TestWaitingInVain(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"$ kubectl get pods -w\nnever\n^C", "page.md:6  - never"},
		{"$ kubectl get nodes -w\n...\nnever\n^C", "the lines above ^C have not all been printed"},
		{"$ kubectl get pods -w", "nothing is left to happen in the cluster\n  hint: if it is a person who ends it, write ^C"},
		{"$ trap '' INT; sleep 1000000\n^C", "it waited a day of virtual time"},
		{"$ while sleep 1; do :; done", "it has waited 5000 times: an endless loop?"},
		{"$ while :; do kubectl get pods > /dev/null 2>&1; done", "it has called kubectl 500 times: an endless loop?"},
	} {
		started := time.Now()
		got := console(t, append(strings.Split(c.name, "\n"), "$ echo the rest", "the rest")...)
		if got.Commands == 0 || !strings.Contains(got.text, c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, got.text)
		}
		if took := time.Since(started); took > soon {
			t.Errorf("%s took %s", c.name, took)
		}
	}
}

func TestCancel(t *testing.T) {
	for _, command := range []string{
		"kubectl get pods -w", "sleep infinity", "while sleep 1; do kubectl get pods -A; done", "cat", "kubectl get nodes -w | cat > /dev/null", "trap '' INT TERM; sleep 1d",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(50*time.Millisecond, cancel)
		defer stop.Stop()
		started := time.Now()
		report, err := Run(ctx, parsed(t, fm("nodes: 1")+block("$ kubectl run busy --image=busybox", "$ "+command, "never", "^C", "$ echo never")), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > soon {
			t.Errorf("%s: stopped after %s", command, took)
		}
		if ctx.Err() != nil && (!report.Stopped || len(report.Outputs) > 2) {
			t.Errorf("%s: %+v", command, report)
		}
		cancel()
	}
}

func TestDirectives(t *testing.T) {
	got := play(t, parsed(t, "<!-- advance 90m -->\n\n"+block("$ date +%H:%M:%S", "[...]")), Options{})
	if got.Virtual != 90*time.Minute+time.Second || !strings.Contains(got.text, "(1h30m of virtual time pass)  +1h30m") {
		t.Errorf("%s\n%s", got.Virtual, got.text)
	}
	nodes := play(t, parsed(t, "<!-- node-down node-1 -->\n\n<!-- advance 2m -->\n\n"+block("$ kubectl get node node-1 --no-headers", "node-1   NotReady[...]")), Options{})
	if nodes.Failed != 0 || nodes.Commands != 1 {
		t.Errorf("a node that is down: %s", nodes.text)
	}
	_, err := Run(t.Context(), parsed(t, "a\n\n<!-- node-down nosuch -->\n"), Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "page.md:3: expected the name of a node") {
		t.Error(err)
	}
}

// What runs in the background runs on while the person thinks, and while the page lets time pass: it sees what happens when it happens.
func TestBackground(t *testing.T) {
	text := fm("nodes: 1\nthink-time: 5s") +
		block("$ kubectl run a --image=busybox --restart=Never -- true", "pod/a created", "$ kubectl get pods -w > watched &", "$ (sleep 1; date +%S > slept) &", "$ cat slept", "16", "...",
			"$ kubectl run b --image=busybox --restart=Never -- true", "pod/b created") +
		"\n<!-- advance 1m -->\n\n" +
		block("$ grep b watched", "b      0/1     Pending     0          0s", "b      0/1     Pending     0          0s", "b      0/1     ContainerCreating   0          0s",
			"b      0/1     ContainerCreating   0          0s", "b      0/1     Completed           0          1s")
	if got := play(t, parsed(t, text), Options{}); got.Failed > 0 {
		t.Error(got.text)
	}
}

// Two that begin at the same instant ask the cluster in the order in which they were started, always.
func TestBesideEachOther(t *testing.T) {
	text := fm("nodes: 1") + block("$ kubectl run a --image=busybox", "pod/a created", "$ timeout 5 kubectl get pods -w -o name & kubectl delete pod a --now; wait",
		"pod/a", "pod/a", `pod "a" deleted from default namespace`, "...")
	first := play(t, parsed(t, text), Options{})
	if first.Failed > 0 {
		t.Error(first.text)
	}
	for range 5 {
		if again := play(t, parsed(t, text), Options{}); again.text != first.text {
			t.Fatalf("not the same twice:\n%s\n%s", first.text, again.text)
		}
	}
}
