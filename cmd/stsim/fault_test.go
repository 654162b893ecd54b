package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Something befalls a served cluster, is shown, and ends.
func TestFaults(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	_, _, _, stop := startServe(t, kubeconfig)
	defer stop()
	fault := func(args ...string) (string, int) {
		t.Helper()
		var out, problems bytes.Buffer
		code := execute(t.Context(), append([]string{"fault", "--kubeconfig", kubeconfig}, args...), strings.NewReader(""), &out, &problems)
		return out.String() + problems.String(), code
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 0, "nothing is wrong\n"},
		{"node-down node-2", 0, "node-2 loses power\nWRONG              ENDS WITH\nnode-down node-2   stsim fault node-up node-2\n"},
		{"pulls-slow node-1 5m", 0, "image pulls of node-1 take 5m from now on\nWRONG                  ENDS WITH\n" +
			"node-down node-2       stsim fault node-up node-2\npulls-slow node-1 5m   stsim fault pulls-heal node-1\n"},
		{"node-up node-2", 0, "node-2 comes back\nWRONG                  ENDS WITH\npulls-slow node-1 5m   stsim fault pulls-heal node-1\n"},
		{"clock-jump 1h", 0, "all clocks jump by 1h\nWRONG                  ENDS WITH\npulls-slow node-1 5m   stsim fault pulls-heal node-1\n"},
		{"heal", 0, "all is well again\nnothing is wrong\n"},
		{"crash nosuch", exitUsage, "error: expected the name of a Pod of the namespace default, found \"nosuch\"\nhint: there is none\n"},
		{"node-down", exitUsage, "error: expected the name of one node after node-down, found nothing\nhint: write for example stsim fault node-down node-2\n"},
		{"node-dwon node-1", exitUsage, "hint: did you mean \"node-down\"?\n"},
	} {
		if got, code := fault(strings.Fields(c.args)...); code != c.code || !strings.HasSuffix(got, c.want) {
			t.Errorf("%q: exit status %d:\n%s", c.args, code, got)
		}
	}
}

func TestFaultCompletion(t *testing.T) {
	names := func(kind string) []string { return []string{"a " + kind} }
	for args, want := range map[string][]string{
		"node-down":                {"a node"},
		"crash":                    {"a pod"},
		"probe-fails web-0":        {"readiness", "liveness", "startup"},
		"probe-heals web-0 nginx":  {"readiness", "liveness", "startup"},
		"volume-full":              {"a pvc"},
		"pulls-slow node-1":        nil,
		"heal":                     nil,
		"crash web-0 nginx more x": nil,
		"nosuch":                   nil,
	} {
		if got := completeFault(strings.Fields(args), names); !slices.Equal(got, want) {
			t.Errorf("%s: %q", args, got)
		}
	}
	if words := completeFault(nil, names); len(words) < 15 || !strings.HasPrefix(words[0], "node-down\t") {
		t.Errorf("%q", words)
	}
}
