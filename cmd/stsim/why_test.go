package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stsim/stsim/sim/why"
)

// brokenWeb is a set whose image cannot be had, without a Service.
const brokenWeb = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 2
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: registry.example.com/no-such-image:1}]}
`

func manifestFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The questions that are asked of a manifest, with the exit status and what must be in the output or among the problems.
func TestWhyOfAManifest(t *testing.T) {
	path := manifestFile(t, brokenWeb)
	for _, one := range []struct {
		line   string
		code   int
		stdout string
		stderr string
	}{
		{"-f FILE sts/web", 0, "StatefulSet default/web waits for Pod web-0 to be Running and Ready before it goes on to web-1\n  must change: Pod default/web-0\n", ""},
		{"-f FILE sts web", 0, "(ImagePullBackOff)", ""},
		{"-f FILE sts/web -n default", 0, "Service nginx (spec.serviceName) does not exist", ""},
		{"-f FILE --after 500ms sts/web", 0, "about to start (ContainerCreating)", ""},
		{"-f FILE node/node-2", 0, "Node node-2 is fine: nothing holds it\n", ""},
		{"-f FILE --nodes 5 node/node-5", 0, "Node node-5 is fine: nothing holds it\n", ""},
		{"-f - sts/web", 0, "no-such-image", ""},
		{"-f FILE sts/wbe", exitFailed, "there is no StatefulSet default/wbe; there is web\n", "hint: did you mean sts/web?\n"},
		{"-f FILE sts/web -n shop", exitFailed, "there is no StatefulSet shop/web; there is one in namespace default\n", ""},
		{"-f FILE pod/web-1", exitFailed, "StatefulSet default/web waits for Pod web-0", ""},
		{"-f FILE deploy/web", exitUsage, "", "error: expected statefulset, pod, "},
		{"-f FILE", exitUsage, "", "error: expected one object, such as sts/web"},
		{"-f FILE sts/web pod/web-0 more", exitUsage, "", "error: expected one object, such as sts/web"},
		{"-f FILE -o yaml sts/web", exitUsage, "", `error: --output: expected text or json, found "yaml"`},
		{"-f FILE --after -1s sts/web", exitUsage, "", "error: --after: expected 0s to 1000h0m0s, found -1s"},
		{"-f FILE --kubeconfig x sts/web", exitUsage, "", "error: expected -f or --kubeconfig, found both"},
		{"-f FILE --kubernetes 1.5 sts/web", exitUsage, "", "error: expected a Kubernetes release"},
		{"-f nowhere.yaml sts/web", exitFailed, "", "error: -f: open nowhere.yaml"},
		{"--after 1m sts/web", exitUsage, "", "error: --after is about a new cluster and needs -f"},
		{"--kubeconfig nowhere sts/web", exitFailed, "", "error: open nowhere"},
		{"--kubeconfig FILE sts/web", exitFailed, "", "expected a kubeconfig with a current context"},
	} {
		args := append([]string{"why"}, strings.Fields(strings.ReplaceAll(one.line, "FILE", path))...)
		var stdout, stderr bytes.Buffer
		code := execute(t.Context(), args, strings.NewReader(brokenWeb), &stdout, &stderr)
		if code != one.code || !strings.Contains(stdout.String(), one.stdout) || !strings.Contains(stderr.String(), one.stderr) || one.stderr == "" && stderr.Len() > 0 {
			t.Errorf("stsim why %s: exit status %d\n%s%s", one.line, code, stdout.String(), stderr.String())
		}
	}
}

// Nothing is being served: it says so, and what to do.
func TestWhyWithoutACluster(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), []string{"why", "sts/web"}, strings.NewReader(""), &stdout, &stderr)
	if code != exitFailed || !strings.Contains(stderr.String(), "no cluster is being served") || !strings.Contains(stderr.String(), "hint: start one with stsim serve") {
		t.Errorf("exit status %d, %s", code, stderr.String())
	}
}

func TestWhyAsJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := execute(t.Context(), []string{"why", "-f", manifestFile(t, brokenWeb), "-o", "json", "sts/web"}, strings.NewReader(""), &stdout, &stderr)
	var report why.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); code != 0 || err != nil {
		t.Fatalf("exit status %d, %v\n%s", code, err, stderr.String())
	}
	if report.Kind != "StatefulSet" || report.Namespace != "default" || report.Name != "web" || !report.Found || report.Fine || len(report.Answers) < 3 || report.Answers[0].Holds != "Pod default/web-0" {
		t.Errorf("%+v", report)
	}
	for _, key := range []string{`"rule": `, `"mustChange": `, `"upstream": `, `"toFreeIt": `} {
		if !strings.Contains(stdout.String(), key) {
			t.Errorf("there is no %s in\n%s", key, stdout.String())
		}
	}
}

// A served cluster is asked over its API's address, with its token.
func TestWhyOfAServedCluster(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	client, server, token, stop := startServe(t, kubeconfig, "-f", manifestFile(t, brokenWeb))
	defer stop()
	ask := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := execute(t.Context(), append([]string{"why", "--kubeconfig", kubeconfig}, args...), strings.NewReader(""), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	if code, out, problems := ask("sts/web"); code != 0 || !strings.Contains(out, "Pod web-0") || problems != "" {
		t.Errorf("sts/web: exit status %d\n%s%s", code, out, problems)
	}
	if code, out, problems := ask("sts/wbe"); code != exitFailed || !strings.Contains(out, "there is no StatefulSet default/wbe; there is web") || problems != "hint: did you mean sts/web?\n" {
		t.Errorf("sts/wbe: exit status %d\n%s%s", code, out, problems)
	}
	if code, out, problems := ask("deploy/web"); code != exitUsage || !strings.Contains(problems, "expected statefulset, pod, ") {
		t.Errorf("deploy/web: exit status %d\n%s%s", code, out, problems)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	var stdout, stderr bytes.Buffer
	if code := execute(t.Context(), []string{"__complete", "why", "sts/"}, strings.NewReader(""), &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), "sts/web\n") {
		t.Errorf("completion of sts/: exit status %d\n%s%s", code, stdout.String(), stderr.String())
	}
	if status, _ := get(t, client, server+whyPath+"?kind=sts&namespace=default&name=web", ""); status != 401 {
		t.Errorf("without the token: %d", status)
	}
	if status, body := get(t, client, server+whyPath+"?kind=sts&namespace=default&name=web", token); status != 200 || !strings.Contains(body, `"kind":"StatefulSet"`) {
		t.Errorf("with the token: %d %s", status, body)
	}
}

func TestCompletionOfWhy(t *testing.T) {
	path := manifestFile(t, brokenWeb)
	for line, want := range map[string]string{
		"":                    "sts/\n",
		"-f FILE sts/":        "sts/web\n:4\n",
		"-f FILE sts ":        "web\n:4\n",
		"-f FILE pod/":        "pod/web-0\n:4\n",
		"-f FILE nosuch/":     ":4\n",
		"-f FILE sts/web ":    ":4\n",
		"-o ":                 "text\njson\n:4\n",
		"-f nowhere.yaml sts": "sts/\n",
	} {
		args := append([]string{"__complete", "why"}, strings.Split(strings.ReplaceAll(line, "FILE", path), " ")...)
		var stdout, stderr bytes.Buffer
		if code := execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 || !strings.HasPrefix(stdout.String(), want) {
			t.Errorf("%q: exit status %d\n%s", line, code, stdout.String())
		}
	}
}

func TestVersionListsChanges(t *testing.T) {
	got := stsim(t, "", "version", "--changes")
	if want := "\n1.28  pod index\n      before: a Pod's ordinal stands in its name only\n      since:  the label apps.kubernetes.io/pod-index has it\n"; got.code != 0 || !strings.Contains(got.out, want) {
		t.Errorf("%+v", got)
	}
}
