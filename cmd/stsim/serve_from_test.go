package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A second cluster goes its own way from the past of one that is being served, and can be kept itself.
func TestServeFromThePastOfAnother(t *testing.T) {
	folder := t.TempDir()
	manifest, first, second := filepath.Join(folder, "web.yaml"), filepath.Join(folder, "first"), filepath.Join(folder, "second")
	if err := os.WriteFile(manifest, []byte(killedSet), 0o600); err != nil {
		t.Fatal(err)
	}
	const pods = "/api/v1/namespaces/default/pods"
	client, server, token, stop := startServe(t, filepath.Join(folder, "config"), "-f", manifest, "--pace", "100x", "--state", first)
	defer stop()
	served, err := findServed(t.Context(), filepath.Join(folder, "config"))
	if err != nil {
		t.Fatal(err)
	}
	var state clockState
	for _, ask := range []map[string][]string{{"do": {"pause"}}, {"do": {"advance"}, "value": {"1m"}}} {
		if err := served.ask(http.MethodPost, clockPath, ask, &state); err != nil {
			t.Fatal(err)
		}
	}
	if _, now := get(t, client, server+pods, token); strings.Count(now, `"phase":"Running"`) != 2 {
		t.Errorf("the first: %s", now)
	}
	before, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	for again, args := range [][]string{{"--from", first + "@2s"}, {"--from", first + "@2s", "--state", second}, {"--state", second}} {
		other, server, token, stop := startServe(t, filepath.Join(folder, "other"), append(args, "--pace", "0.001x")...)
		if status, body := get(t, other, server+pods, token); status != http.StatusOK || strings.Contains(body, `"web-1"`) || !strings.Contains(body, `"web-0"`) {
			t.Errorf("%d: %d %s", again, status, body)
		}
		stop()
	}
	if after, err := os.ReadFile(first); err != nil || !bytes.HasPrefix(after, before) {
		t.Error("the file of the first was changed")
	}
	for args, want := range map[string]string{
		"--from " + first + "@soon":                  "expected how long after the beginning",
		"--from " + first + "@100h":                  "ends at",
		"--from " + folder + "/nothing":              "no such file",
		"--from " + first + "@2s --state " + second:  "there is a cluster in",
		"--from " + first + "@2s --kubernetes 1.30":  "the cluster in the file has",
		"--from " + first + "@2s --seed 7 --nodes 3": "the cluster in the file has",
	} {
		var out, problems bytes.Buffer
		if code := execute(t.Context(), append([]string{"serve"}, strings.Fields(args)...), strings.NewReader(""), &out, &problems); code == 0 || !strings.Contains(problems.String(), want) {
			t.Errorf("%s: %d %s", args, code, problems.String())
		}
	}
}
