package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ran is what became of one command line.
type ran struct {
	code        int
	out, errors string
}

// stsim runs a command line.
func stsim(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	started := time.Now()
	code := execute(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	if took := time.Since(started); took > 30*time.Second { // it would hang
		t.Errorf("%v took %s", args, took)
	}
	return ran{code, out.String(), errs.String()}
}

// write makes a file in a new directory and gives its name.
func write(t *testing.T, name, content string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const page = "# A page\n\n```console\n$ echo one\none\n$ cat note.txt\n...\n$ kubectl get pods\nNo resources found in default namespace.\n```\n"

func TestRun(t *testing.T) {
	name, note := write(t, "page.md", page), write(t, "note.txt", "a note\n")
	got := stsim(t, "", "run", name, "-f", note, "--check", "--seed", "3", "--kubernetes", "1.33")
	if got.code != 0 || !strings.Contains(got.out, "  a note\n✓ +2s\n") || !strings.HasSuffix(got.out, "✓ 3 commands verified, 3s of virtual time\n") || !strings.HasPrefix(got.errors, "wall time ") {
		t.Errorf("%+v", got)
	}
	if strings.Contains(got.out, "\x1b") {
		t.Error("colours, and nobody looks")
	}
}

func TestRunFails(t *testing.T) {
	name := write(t, "page.md", strings.Replace(page, "\none\n", "\ntwo\n", 1))
	got := stsim(t, "", "run", name)
	for _, want := range []string{name + ":5: the output is not what the page says", "  - two", "+ one", "✗ 1 command verified, 2 failed"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if got.code != 1 || !strings.HasSuffix(got.errors, "error: 2 of 3 commands did not do what the page says\n") {
		t.Errorf("%+v", got)
	}
}

// --update writes outputs, and no exit status: then the page verifies, or says what is still wrong.
func TestRunUpdate(t *testing.T) {
	name, note := write(t, "page.md", strings.Replace(page, "\none\n", "\ntwo\n", 1)), write(t, "note.txt", "a note\n")
	if got := stsim(t, "", "run", name, "-f", note, "--update"); got.code != 0 || !strings.Contains(got.errors, name+": updated\n") {
		t.Errorf("%+v", got)
	}
	if updated, err := os.ReadFile(name); err != nil || string(updated) != page {
		t.Errorf("%v\n%s", err, updated)
	}
	if got := stsim(t, "", "run", name, "-f", note, "--update"); got.code != 0 || !strings.Contains(got.errors, name+": nothing to update\n") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "run", "nginx", "--update"); got.code != 2 || !strings.Contains(got.errors, "--update needs the path of a page") {
		t.Errorf("%+v", got)
	}
	// A page that was left in the middle is not written.
	if got := stsim(t, "\n", "run", name, "--update", "--step"); got.code != 1 || !strings.Contains(got.errors, "was not updated") {
		t.Errorf("%+v", got)
	}
}

// What an update does not cure fails still: exit statuses. While a check does not hold, nothing is written.
func TestRunUpdateCuresOutputsOnly(t *testing.T) {
	name := write(t, "page.md", "```console\n$ echo one; false\ntwo\n```\n")
	got := stsim(t, "", "run", name, "--update")
	if got.code != 1 || !strings.Contains(got.errors, name+": updated\n") || !strings.Contains(got.errors, "error: 1 command ended otherwise than the page says\nhint: ") {
		t.Errorf("%+v", got)
	}
	if updated, err := os.ReadFile(name); err != nil || !strings.Contains(string(updated), "\none\n") {
		t.Errorf("%v\n%s", err, updated)
	}
	if got := stsim(t, "", "run", name); got.code != 1 || !strings.Contains(got.out, "page.md:2: expected exit status 0, found 1") {
		t.Errorf("%+v", got)
	}
	broken := "```console\n$ echo one\ntwo\n```\n\n<!-- check count(nodes) == 7 -->\n"
	name = write(t, "page.md", broken)
	if got := stsim(t, "", "run", name, "--update"); got.code != 1 || !strings.Contains(got.errors, "error: 1 check does not hold: the page was not updated\n") {
		t.Errorf("%+v", got)
	}
	if now, err := os.ReadFile(name); err != nil || string(now) != broken {
		t.Errorf("%v\n%s", err, now)
	}
}

// A check that does not hold fails the page, with its line, the expression and what was found.
func TestRunChecks(t *testing.T) {
	name := write(t, "page.md", "<!-- check count(nodes) == 7 -->\n\n<!-- check always all(nodes, it.spec.unschedulable == false) -->\n")
	got := stsim(t, "", "run", name)
	for _, want := range []string{"  check count(nodes) == 7\n✗ +0s\n", name + ":1: the check does not hold: count(nodes) is 3, nodes is [node-1, node-2, node-3]", "✗ 0 commands and 1 check verified, 1 failed"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("no %q in\n%s", want, got.out)
		}
	}
	if got.code != 1 || !strings.HasSuffix(got.errors, "error: 1 check does not hold\n") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "run", name, "--json"); strings.Count(got.out, "\"check\":") != 2 || !strings.Contains(got.out, "\"check\":\"count(nodes) == 7\",\"ok\":false") {
		t.Errorf("%+v", got)
	}
}

// A person goes through a page: Enter runs what it says, other lines are commands of their own, and whoever leaves has not failed.
func TestRunStep(t *testing.T) {
	name := write(t, "page.md", strings.ReplaceAll(page, "cat note.txt", "true"))
	if got := stsim(t, "\n\n\n", "run", name, "--step"); got.code != 0 || !strings.Contains(got.out, "3/3 > \n  No resources found in default namespace.\n✓ +3s\n") {
		t.Errorf("%+v", got)
	}
	got := stsim(t, "\necho of my own\nquit\n", "run", name, "--step")
	if got.code != 0 || !strings.Contains(got.out, "2/3 > echo of my own\n  of my own\n2/3 (copy) > quit\n") || !strings.HasSuffix(got.errors, "left after 1 of 3 commands\n") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "\n", "run", name, "--step"); got.code != 0 || !strings.HasSuffix(got.errors, "left after 1 of 3 commands\n") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "run", name, "--step", "--json"); got.code != 2 || !strings.Contains(got.errors, "hint: leave one of them out") {
		t.Errorf("%+v", got)
	}
}

func TestRunJSON(t *testing.T) {
	name := write(t, "page.md", strings.Replace(page, "\none\n", "\ntwo\n", 1)+"\n```console\n$ sleep 100\n^C\n```\n")
	got := stsim(t, "", "run", name, "--json")
	var steps []jsonStep
	var report jsonReport
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	for i, line := range lines {
		var step jsonStep
		into := any(&step)
		if i == len(lines)-1 {
			into = &report
		}
		decoder := json.NewDecoder(strings.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		steps = append(steps, step)
	}
	if len(steps) != 5 || steps[0].Output != "one\n" || steps[0].OK || !strings.Contains(steps[0].Reason, "page.md:5:") || steps[1].Status != 1 || !steps[2].OK || steps[2].VirtualTime != 3 ||
		!steps[3].Interrupted || !steps[3].OK {
		t.Errorf("%+v", steps)
	}
	if report.Summary.Commands != 2 || report.Summary.Failed != 2 || report.Summary.VirtualTime != 4 || report.Summary.Page != name || got.code != 1 {
		t.Errorf("%+v %d", report, got.code)
	}
}

// Ctrl-C ends a run within a moment, whatever it is doing.
func TestRunInterrupted(t *testing.T) {
	for _, stepping := range []bool{false, true} {
		name := write(t, "page.md", "```console\n$ while sleep 1; do kubectl get nodes > /dev/null; done\nnever\n^C\n```\n")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		var out, errs bytes.Buffer
		args := []string{"run", name}
		stdin, _ := io.Pipe() // nobody types
		if stepping {
			args = append(args, "--step")
		}
		if code := execute(ctx, args, stdin, &out, &errs); code != 1 || !strings.HasSuffix(errs.String(), "error: interrupted\n") {
			t.Errorf("%v: %d\n%s\n%s", args, code, out.String(), errs.String())
		}
	}
}

// A wrong command line says what was expected and what to do, with exit status 2; a page that cannot be played, 1. Nothing is on standard output.
func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"rum"}, 2, "there is no command \"rum\"\nhint: did you mean \"run\"?"},
		{[]string{"nginx"}, 2, "there is no command \"nginx\"\nhint: stsim --help"},
		{[]string{"--nosuch"}, 2, "unknown flag: --nosuch\nhint: stsim --help shows"},
		{[]string{"run"}, 2, "expected one scenario or page, found 0\nhint: stsim list"},
		{[]string{"run", "a", "b"}, 2, "expected one scenario or page, found 2"},
		{[]string{"run", "nginx", "--seed", "x"}, 2, "hint: stsim run --help"},
		{[]string{"run", "nginx", "--seed", "-1"}, 2, "hint: stsim run --help"},
		{[]string{"list", "begin", "beginers"}, 1, "expected a scenario or a level, found \"begin\"\nhint: stsim list shows"},
		{[]string{"list", "beginers"}, 1, "found \"beginers\"\nhint: did you mean \"beginner\"?"},
		{[]string{"list", ""}, 1, "found \"\"\nhint: stsim list"},
		{[]string{"version", "x"}, 2, "hint: stsim version --help"},
		{[]string{"run", "nginks"}, 1, "found \"nginks\"\nhint: did you mean \"nginx\"?"},
		{[]string{"run", "../x"}, 1, "there is no page ../x\nhint: stsim list"},
		{[]string{"run", "nosuch.md"}, 1, "there is no page nosuch.md\nhint: stsim list"},
		{[]string{"run", "."}, 1, "found \".\""},
		{[]string{"run", "./"}, 1, "directory"},
		{[]string{"run", "nginx", "-f", "nosuch.yaml"}, 1, "no such file or directory\nhint: give the path of a file"},
		{[]string{"run", "nginx", "-f", "testdata/../run_tset.go"}, 1, "no such file or directory\nhint: did you mean run_test.go?"},
		{[]string{"why", "-f", "rum.go", "sts/web"}, 1, "no such file or directory\nhint: did you mean run.go?"},
		{[]string{"explore", "-f", "rum.go"}, 1, "no such file or directory\nhint: did you mean run.go?"},
		{[]string{"serve", "-f", "rum.go"}, 1, "no such file or directory\nhint: did you mean run.go?"},
		{[]string{"quiz"}, 2, "expected one scenario or page, found 0"},
		{[]string{"quiz", "nginks"}, 1, "did you mean \"nginx\"?"},
		{[]string{"quiz", "nginx", "--questions", "0"}, 2, "--questions: expected 1 to 100, found 0"},
		{[]string{"run", "nginx", "--kubernetes", "9.9"}, 1, "expected a Kubernetes release, one of"},
	} {
		got := stsim(t, "", c.args...)
		if got.code != c.code || got.out != "" || !strings.HasPrefix(got.errors, "error: ") || !strings.Contains(got.errors, c.want) {
			t.Errorf("%v: wanted %d and %q: %+v", c.args, c.code, c.want, got)
		}
	}
}

// A page is a stranger's file.
func TestBadPages(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for _, c := range "bcdefghi" {
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ",") + "]\n"
	}
	for name, c := range map[string]struct{ content, want string }{
		"unknown key":    {"---\ntitel: x\n---\n", "page.md:2: expected one of title"},
		"alias bomb":     {"---\n" + bomb + "---\n", "page.md:2: expected"},
		"too large":      {strings.Repeat("a ", 1<<20), "expected a page of at most 1048576 bytes"},
		"binary":         {"\xff\xfe\x00", "expected text in UTF-8"},
		"open fence":     {"```console\n$ true\n", "page.md:1: expected a closing fence"},
		"no command":     {"```console\ntrue\n```\n", "page.md:2: expected a command"},
		"escaping file":  {"```yaml file=../../etc/passwd\n```\n", "page.md:1: expected a relative file name"},
		"unknown word":   {"<!-- explode -->\n", "page.md:1: expected"},
		"wrong release":  {"---\nkubernetes: 2.0\n---\n", "page.md:2: expected a Kubernetes version"},
		"wrong duration": {"---\nthink-time: soon\n---\n", "page.md:2: expected"},
	} {
		got := stsim(t, "", "run", write(t, "page.md", c.content))
		if got.code != 1 || !strings.Contains(got.errors, c.want) || strings.Contains(got.errors, "goroutine") {
			t.Errorf("%s: %+.500v", name, got)
		}
	}
}

func TestListAndVersion(t *testing.T) {
	got := stsim(t, "", "list")
	if got.code != 0 || !strings.HasPrefix(got.out, "BEGINNER ") || !strings.Contains(got.out, "\n  nginx ") || !strings.Contains(got.out, "\n\nADVANCED ") || strings.Contains(got.out, "OTHER") {
		t.Errorf("%+v", got)
	}
	for _, line := range strings.Split(got.out, "\n") {
		if len(line) > 80 {
			t.Errorf("a line of %d columns: %s", len(line), line)
		}
	}
	if got := stsim(t, "", "list", "nginx"); got.code != 0 || !strings.Contains(got.out, "- Pods with ordinals") || strings.Contains(got.out, "nginx-today") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "list", "nginx-", "advanced"); got.code != 0 || !strings.Contains(got.out, "nginx-today") || !strings.Contains(got.out, "dns-stale-address") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "version"); got.code != 0 || !strings.HasPrefix(got.out, "stsim ") || !strings.Contains(got.out, "1.9") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "__complete", "run", "ng"); got.code != 0 || !strings.Contains(got.out, "nginx\t") {
		t.Errorf("%+v", got)
	}
}

// Whoever answers two thirds has passed; what counts is what came of it.
func TestQuiz(t *testing.T) {
	name := write(t, "page.md", "```console\n$ kubectl create configmap a\nconfigmap/a created\n$ kubectl get cm a -o name\nconfigmap/a\n$ kubectl label cm a x=y\nconfigmap/a labeled\n```\n")
	answers := []string{"kubectl create cm a", "kubectl get cm", "kubectl label configmap/a x=y"}
	got := stsim(t, strings.Join(answers, "\n")+"\n", "quiz", name)
	if got.code != 0 || !strings.HasSuffix(got.out, "3 of 3 answered: passed\n") || strings.Count(got.out, "✓ Right.") != 3 {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "skip\nshow\nhint\n"+answers[2]+"\n", "quiz", name); got.code != 1 || !strings.Contains(got.errors, "1 of 3 answered, 1 with a hint: not passed") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, answers[0]+"\n", "quiz", name); got.code != 1 || !strings.Contains(got.errors, "left before the end: 1 of 2 answered") {
		t.Errorf("%+v", got)
	}
	if got := stsim(t, "", "quiz", write(t, "page.md", "```console\n$ true\n```\n")); got.code != 1 || !strings.Contains(got.errors, "hint: <!-- quiz good -->") {
		t.Errorf("%+v", got)
	}
}
