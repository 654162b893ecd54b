package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// The README shows an excerpt of what the tool prints. It must be what the tool prints.
func TestTheREADMEShowsWhatIsPrinted(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, excerpt, found := strings.Cut(string(readme), "```text\n")
	excerpt, _, closed := strings.Cut(excerpt, "```")
	if !found || !closed {
		t.Fatal("README.md has no ```text block with an excerpt")
	}
	var stdout, stderr bytes.Buffer
	if code := execute(context.Background(), []string{"run", "nginx"}, strings.NewReader(""), &stdout, &stderr); code != 0 {
		t.Fatalf("stsim run nginx: exit status %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	if !strings.Contains(stdout.String(), excerpt) {
		t.Errorf("stsim run nginx does not print the excerpt in README.md:\n%s\nIt prints:\n%s", excerpt, stdout.String())
	}
}

// It also shows what explore says of the StatefulSet of explore_test.go.
func TestTheREADMEShowsWhatExploreFinds(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## What breaks")
	_, excerpt, found := strings.Cut(section, "```text\n")
	excerpt, _, closed := strings.Cut(excerpt, "```")
	if !found || !closed {
		t.Fatal("README.md has no ```text block about what breaks")
	}
	if _, stdout, stderr := exploring(t, explored, "-f", "-", "--verbs", "drain", "--runs", "20"); !strings.HasPrefix(stdout, excerpt) {
		t.Errorf("stsim explore does not print the excerpt in README.md:\n%s\nIt prints:\n%s%s", excerpt, stdout, stderr)
	}
}

// And what a person sees who goes through a page, or is asked for its commands.
func TestTheREADMEShowsWhatLearnersSee(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## Learning with a page")
	excerpts := strings.Split(section, "```text\n")
	for i, run := range []struct {
		typed string
		args  []string
	}{
		{strings.Repeat("\n", 10) + "kubectl scale sts nginx-ss -n ns-statefulset --replicas=2\nkubectl get pods -n ns-statefulset\n", []string{"run", "nginx", "--step"}},
		{"show\nshow\nshow\nkubectl delete pod nginx-ss-0 -n ns-statefulset\nundo\nkubectl delete pod nginx-ss-1 -n ns-statefulset\n", []string{"quiz", "nginx"}},
	} {
		got := stsim(t, run.typed, run.args...)
		if i+1 >= len(excerpts) {
			t.Fatal("README.md has too few ```text blocks about learning with a page")
		}
		if excerpt, _, _ := strings.Cut(excerpts[i+1], "```"); !strings.Contains(got.out, excerpt) {
			t.Errorf("stsim %s does not print the excerpt in README.md:\n%s\nIt prints:\n%s", strings.Join(run.args, " "), excerpt, got.out)
		}
	}
}
