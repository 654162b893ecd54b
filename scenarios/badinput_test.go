package scenarios

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

const serving = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: nginx}
`

// withFile is a page with one file, named m.yaml, and commands.
func withFile(content string, lines ...string) string {
	return fm("nodes: 1") + "````yaml file=m.yaml\n" + strings.TrimSuffix(content, "\n") + "\n````\n\n" + block(lines...)
}

// Whatever a person writes, the command says what is wrong, soon, and the page goes on.
func TestBadManifests(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for _, c := range "bcdefghi" {
		bomb += string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 10), ",") + "]\n"
	}
	for _, c := range []struct{ name, manifest, command, want string }{
		{"malformed YAML", "a: [b\nc: d\n", "", "error converting YAML to JSON"},
		{"no object", "just text\n", "", "error"},
		{"unknown kind", "apiVersion: apps/v1\nkind: StatefulSett\nmetadata: {name: web}\n", "",
			"error: resource mapping not found for name: \"web\" namespace: \"\" from \"m.yaml\": no matches for kind \"StatefulSett\" in version \"apps/v1\"\nensure CRDs are installed first"},
		{"unknown field", strings.Replace(serving, "replicas", "replica", 1), "", "unknown field \"spec.replica\""},
		{"wrong type", strings.Replace(serving, "replicas: 1", "replicas: many", 1), "", "cannot be handled as a StatefulSet"},
		{"wrong selector", strings.Replace(serving, "matchLabels: {app: web}", "matchLabels: {app: other}", 1), "",
			"`selector` does not match template `labels`"},
		{"negative replicas", strings.Replace(serving, "replicas: 1", "replicas: -1", 1), "", "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
		{"wrong name", strings.Replace(serving, "{name: web}", "{name: Web_1}", 1), "", "metadata.name: Invalid value: \"Web_1\""},
		{"alias bomb", bomb, "", "error"},
		{"empty", "\n", "", "no objects passed to apply"},
		{"deep", strings.Repeat("[", 100_000), "", "error"},
		{"no such file", "a: b\n", "kubectl apply -f n.yaml", "error: the path \"n.yaml\" does not exist"},
		{"a directory", "a: b\n", "kubectl apply -f /etc/passwd", "error"},
		{"no such command", "a: b\n", "kubectl aply -f m.yaml", "unknown command \"aply\" for \"kubectl\""},
		{"no such flag", "a: b\n", "kubectl get pods --nosuch", "unknown flag: --nosuch"},
		{"no such resource", "a: b\n", "kubectl get pod5", "the server doesn't have a resource type \"pod5\""},
		{"exec in nothing", "a: b\n", "kubectl exec nosuch -- true", "pods \"nosuch\" not found"},
	} {
		command := c.command
		if command == "" {
			command = "kubectl apply -f m.yaml"
		}
		started := time.Now()
		got := play(t, parsed(t, withFile(c.manifest, "$ "+command, "[...]", "...", "# exit 1", "$ kubectl get pods", "No resources found in default namespace.")), Options{})
		printed := strings.Join(got.Outputs[0], "\n")
		if got.Commands != 2 || !strings.Contains(printed, c.want) {
			t.Errorf("%s: wanted %q:\n%.2000s\n%s", c.name, c.want, printed, failures(got.text))
		}
		if took := time.Since(started); took > soon {
			t.Errorf("%s: took %s", c.name, took)
		}
	}
}

// A manifest of many megabytes is no file of a page, so a command makes it.
func TestLargeManifest(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := console(t,
		"$ x=$(printf %100000d 1); (echo 'apiVersion: v1'; echo 'kind: ConfigMap'; echo 'metadata: {name: large}'; echo 'data:'; for i in $(seq 100); do echo \"  a$i: '$x'\"; done) > large.yaml; wc -c < large.yaml",
		"[...]", "$ kubectl create -f large.yaml", "[...]", "# exit 1", "$ cat large.yaml | kubectl create -f -", "[...]", "# exit 1")
	runtime.ReadMemStats(&after)
	if got.Commands != 3 || !strings.Contains(strings.Join(got.Outputs[1], "\n"), "limit") {
		t.Errorf("%.3000s", got.text)
	}
	if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 1500 {
		t.Errorf("%d MiB allocated", used)
	}
}

// What never ends is ended, on a line of the page and in a container.
func TestEndless(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"while true; do :; done", "an endless loop?"},
		{"yes", "stopped"},
		{"while true; do echo x; done", "stopped"},
		{"f() { f; }; f", "an endless recursion?"},
		{"x=$(yes)", "stopped"},
		{"while true; do cat <<EOF > /tmp/big\n> $(printf %1000000d 1)\n> EOF\n> done", "stopped"},
		{"while true; do printf %60000d 1 >> /tmp/big; done", "stopped"},
		{"b() { b | b & }; b; wait", ""},
	} {
		for _, where := range []string{"host", "container"} {
			command := c.script
			if where == "container" {
				command = "kubectl exec busy -- sh -c '" + c.script + "'"
			}
			started := time.Now()
			got := console(t, "$ kubectl run busy --image=busybox -- sleep 1d; kubectl wait --for=condition=Ready pod/busy > /dev/null", "...", "$ "+command, "...", "# exit 124", "$ echo fine", "fine")
			text := got.text
			if !strings.Contains(text, c.want) || !strings.HasSuffix(strings.Join(got.Outputs[2], ""), "fine") {
				t.Errorf("%s: %s: wanted %q:\n%.500s ... %s", where, c.script, c.want, text, text[max(0, len(text)-800):])
			}
			if took := time.Since(started); took > soon {
				t.Errorf("%s: %s: took %s", where, c.script, took)
			}
		}
	}
}

// Commands that are no commands.
func TestMalformedCommands(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{"foo", "sh: foo: not found"},
		{"echo 'open", "the command is not complete"},
		{"if true; then echo", "the command is not complete"},
		{"cat <<EOF", "the command is not complete"},
		{"echo )", "syntax error"},
		{"echo ${", "syntax error"},
		{strings.Repeat("(", 1000), "nested too deeply"},
		{"x=" + strings.Repeat("a", 300_000), "script too large"},
		{"./nosuch", "not found"},
		{"kubectl-foo", "not found"},
		{"sudo kubectl get pods", "not found"},
	} {
		got := console(t, "$ kept=yes", "$ "+c.command, "...", "$ echo $kept", "yes") // the shell lives on
		if printed := strings.Join(got.Outputs[1], "\n"); !strings.Contains(printed, c.want) || !strings.Contains(got.text, "  yes\n✓") {
			t.Errorf("%.50s: wanted %q: %.500s", c.command, c.want, printed)
		}
	}
}
