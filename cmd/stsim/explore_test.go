package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const explored = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: nginx}]
`

const budgeted = explored + `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
`

// exploring runs stsim explore on a manifest.
func exploring(t *testing.T, manifest string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(t.Context(), append([]string{"explore"}, args...), strings.NewReader(manifest), &out, &errs)
	return code, out.String(), errs.String()
}

var drains = []string{"-f", "-", "--verbs", "drain,uncordon", "--runs", "24"}

func TestExploreFindsADrainWithoutABudget(t *testing.T) {
	folder := t.TempDir()
	code, stdout, stderr := exploring(t, explored, append(drains, "--out", folder, "--svg", "--workers", "2")...)
	if code != exitFailed || !strings.Contains(stderr, "1 sentence broke") || !strings.Contains(stderr, "events/s") {
		t.Fatalf("%d\n%s%s", code, stdout, stderr)
	}
	for _, part := range []string{
		"broken: draining nodes one after the other leaves a majority of a StatefulSet's Pods Ready\n", "2 actions and 0 odd answers are left of ",
		" a kubectl drain node-", "xxxx", " x terminating ", " * broken: draining nodes", "web-2 is being deleted\n", "\nstsim run " + folder, "\n24 histories, ", ": 1 sentence broke\n",
	} {
		if !strings.Contains(stdout, part) {
			t.Errorf("expected %q in\n%s", part, stdout)
		}
	}
	pages, _ := filepath.Glob(filepath.Join(folder, "*.md"))
	pictures, _ := filepath.Glob(filepath.Join(folder, "*.svg"))
	if len(pages) != 1 || len(pictures) != 1 {
		t.Fatalf("%v %v", pages, pictures)
	}
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"run", pages[0]}, strings.NewReader(""), &out, &errs); code != 0 || !strings.Contains(out.String(), "breaks majority: count(ready(sts/web)) > 1\n✓") {
		t.Errorf("the page does not show it: %d\n%s%s", code, out.String(), errs.String())
	}
	picture, err := os.ReadFile(pictures[0])
	if err != nil {
		t.Fatal(err)
	}
	for decoder := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v\n%s", err, picture)
		}
	}
}

func TestExploreFindsNothingWithABudget(t *testing.T) {
	if code, stdout, stderr := exploring(t, budgeted, drains...); code != 0 || !strings.HasSuffix(stdout, ": 0 sentences broke\n") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
}

// TestExploreComesOutTheSame takes one worker and three, one machine and two: the words are the same.
func TestExploreComesOutTheSame(t *testing.T) {
	_, one, _ := exploring(t, explored, append(drains, "--workers", "1")...)
	_, three, _ := exploring(t, explored, append(drains, "--workers", "3")...)
	if one != three || one == "" {
		t.Errorf("with one worker:\n%s\nwith three:\n%s", one, three)
	}
	folder := t.TempDir()
	merge := []string{"explore", "merge"}
	for _, shard := range []string{"1", "0"} {
		_, account, stderr := exploring(t, explored, "-f", "-", "--verbs", "drain,uncordon", "--runs", "12", "--shard", shard+"/2", "-o", "json")
		name := filepath.Join(folder, shard+".json")
		if err := os.WriteFile(name, []byte(account), 0o600); err != nil || account == "" {
			t.Fatal(err, stderr)
		}
		merge = append(merge, name)
	}
	var merged, errs bytes.Buffer
	if code := execute(t.Context(), merge, strings.NewReader(""), &merged, &errs); code != exitFailed || merged.String() != one {
		t.Errorf("%d %s\nmerged:\n%s\nby one machine:\n%s", code, errs.String(), merged.String(), one)
	}
	refused := func(hint string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := execute(t.Context(), append([]string{"explore", "merge"}, args...), strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), hint) {
			t.Errorf("%v: %d %s", args, code, errs.String())
		}
	}
	refused("expected other histories, found seed 1 in both results (hint: give every shard a number of its own", merge[2], merge[2])
	_, other, _ := exploring(t, budgeted, "-f", "-", "--runs", "1", "--shard", "1/2", "-o", "json")
	write := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	refused("found another one: the manifests, the verbs (hint: give all shards the same manifests", merge[3], write("other.json", other))
	refused("expected the format stsim-explore/1, found stsim-explore/0", write("old.json", strings.Replace(other, "stsim-explore/1", "stsim-explore/0", 1)))
	refused("expected a result of stsim explore -o json", write("none.json", "{}"))
	refused("expected a result of stsim explore -o json", write("text.json", "nothing"))
	refused("found one of v0 (hint: let all shards run the same version)", write("a.json", other), write("b.json", strings.Replace(other, `"program": "`+version()+`"`, `"program": "v0"`, 1)))
}

func TestExploreSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		args     string
		code     int
		complain string
	}{
		{"", exitUsage, "expected a manifest with -f, found none\nhint: stsim explore -f web.yaml"},
		{"-f - --verbs fly", exitUsage, "--verbs: expected what may happen to be some of scale, restart,"},
		{"-f - --verbs drian", exitUsage, "found \"drian\"\nhint: did you mean \"drain\"?"},
		{"-f - --except nonsense", exitUsage, "--except: expected words of one sentence, found \"nonsense\"\nhint: these sentences there are:\n"},
		{"-f - --except StatefulSet", exitUsage, "draining nodes one after the other"},
		{"-f - --faults 1", exitUsage, "--faults: expected --all-orders beside it"},
		{"-f - --all-orders --faults -1", exitUsage, "--faults: expected at least 0"},
		{"-f - --all-orders --window 0s", exitUsage, "--window: expected a duration above 0"},
		{"-f - --all-orders --stale 9", exitUsage, "--stale: expected 0 to 8, found 9"},
		{"-f - --all-orders --states 0", exitUsage, "--states: expected at least 1"},
		{"-f - --all-orders --runs 3", exitUsage, "none of the others can be"},
		{"-f - --shard 2/2", exitUsage, "--shard: expected I/N with I from 0 to N-1, found \"2/2\""},
		{"-f - --runs 0", exitUsage, "--runs: expected at least 1"},
		{"-f - --for -1s", exitUsage, "--for: expected a duration above 0"},
		{"-f - --workers 0", exitUsage, "--workers: expected at least 1"},
		{"-f - --svg", exitUsage, "--svg needs a folder"},
		{"-f - -o yaml", exitUsage, "--output: expected text or json, found \"yaml\""},
		{"-f - --property count(", exitUsage, "--property: "},
		{"-f - --runs 3 --for 3s", exitUsage, "none of the others can be"},
		{"-f nowhere.yaml", exitFailed, "-f: open nowhere.yaml: no such file or directory\nhint: give the path of a file, or - for standard input"},
		{"-f explore_tset.go", exitFailed, "\nhint: did you mean explore_test.go?"},
		{"merge", exitUsage, "expected at least one result, found none"},
	} {
		code, _, stderr := exploring(t, explored, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.complain) {
			t.Errorf("%s: %d %s", c.args, code, stderr)
		}
	}
}

// Ctrl-C ends with what is known.
func TestExploreIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := execute(ctx, []string{"explore", "-f", "-"}, strings.NewReader(explored), &out, &errs)
	if code != 0 || !strings.Contains(errs.String(), "stopped after 0 histories") || !strings.HasSuffix(out.String(), ": 0 sentences broke\n") {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
}

// All orders of a small world are gone through, and what breaks is told as a history.
func TestExploreAllOrders(t *testing.T) {
	two := strings.Replace(explored, "replicas: 3", "replicas: 2", 1)
	code, stdout, stderr := exploring(t, two, "-f", "-", "--all-orders")
	if code != 0 || !strings.HasSuffix(stdout, " of virtual time: all there are within the bounds: 0 sentences broke\n") || !strings.Contains(stderr, " new states/s, 0 broken\n") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
	drained := []string{"-f", "-", "--all-orders", "--ready", "--faults", "2", "--window", "1ns", "--verbs", "drain"}
	folder := t.TempDir()
	code, stdout, stderr = exploring(t, explored, append(drained, "--out", folder)...)
	for _, part := range []string{"broken: draining nodes", "a history that breaks it, with 2 actions and 0 odd answers:\n", "what happened:\n", "\nstsim run " + folder, "all there are within the bounds: 1 sentence broke\n"} {
		if code != exitFailed || !strings.Contains(stdout, part) {
			t.Errorf("%d, expected %q in\n%s%s", code, part, stdout, stderr)
		}
	}
	if code, stdout, _ := exploring(t, explored, append(drained, "--except", "leaves a majority")...); code != 0 {
		t.Errorf("%d\n%s", code, stdout)
	}
	if _, stdout, _ := exploring(t, explored, append(drained, "--states", "50", "-o", "json")...); !strings.Contains(stdout, `"states": 50,`) || !strings.Contains(stdout, `"exhausted": false`) {
		t.Errorf("%s", stdout)
	}
	var out, errs bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := execute(ctx, append([]string{"explore"}, drained...), strings.NewReader(explored), &out, &errs); !strings.Contains(errs.String(), "stopped after ") || !strings.Contains(out.String(), ": there are more: ") {
		t.Errorf("%d %s%s", code, out.String(), errs.String())
	}
}
