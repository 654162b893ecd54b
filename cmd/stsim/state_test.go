package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/journal"
)

// serveOnce runs a serve that is to fail at once, and gives what it says.
func serveOnce(t *testing.T, args ...string) (code int, problems string) {
	t.Helper()
	var out, said bytes.Buffer
	code = execute(t.Context(), append([]string{"serve"}, args...), strings.NewReader(""), &out, &said)
	return code, said.String()
}

func TestWhatIsWrongWithAStateFileIsSaid(t *testing.T) {
	folder := t.TempDir()
	at := func(name string) string { return filepath.Join(folder, name) }
	config := at("config")
	_, _, _, stop := startServe(t, config, "--state", at("good"), "--nodes", "2")
	if code, said := serveOnce(t, "--state", at("good")); code != exitFailed || !strings.Contains(said, "is being written by another stsim\nhint: the cluster is being served already") {
		t.Errorf("served twice: %d %s", code, said)
	}
	if code := stop(); code != 0 {
		t.Fatal(code)
	}
	good, err := os.ReadFile(at("good"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(good), "PRIVATE") || strings.Contains(string(good), "oken") {
		t.Error("the file holds secrets")
	}
	damaged := bytes.Clone(good)
	damaged[60]++
	files := map[string][]byte{
		"damaged":  damaged,
		"newer":    bytes.Replace(good, []byte("stsim journal 1"), []byte("stsim journal 9"), 1),
		"manifest": []byte("apiVersion: v1\nkind: Pod\n"),
	}
	for name, content := range files {
		if err := os.WriteFile(at(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--state", at("good"), "--nodes", "3"}, "--nodes 3: the cluster in the file has 2\nhint: leave --nodes out"},
		{[]string{"--state", at("good"), "--seed", "3"}, "--seed 3: the cluster in the file has 0"},
		{[]string{"--state", at("good"), "--kubernetes", "1.33"}, "--kubernetes 1.33: the cluster in the file has 1.36"},
		{[]string{"--state", at("good"), "--ttl", "5"}, "--ttl: the cluster in the file has 30s, not 5s"},
		{[]string{"--state", at("damaged")}, "damaged at byte"},
		{[]string{"--state", at("newer")}, `expected a journal of format 1, found format "9"`},
		{[]string{"--state", at("manifest")}, "expected a journal of stsim"},
		{[]string{"--state", folder}, "hint: name a file, such as " + at("cluster.stsim")},
		{[]string{"--state", at("no/such/folder/file")}, "hint: make the folder first: mkdir -p " + at("no/such/folder")},
		{[]string{"--state", at("manifest") + "/below"}, "hint: name a file"},
	} {
		if code, said := serveOnce(t, c.args...); code != exitFailed || !strings.Contains(said, c.want) || !strings.Contains(said, "\nhint: ") {
			t.Errorf("%v: %d %s", c.args, code, said)
		}
	}
	for name, content := range files {
		if left, err := os.ReadFile(at(name)); err != nil || !bytes.Equal(left, content) {
			t.Errorf("%s was changed: %v", name, err)
		}
	}
}

// A cluster that cannot begin, because a manifest is wrong, leaves no file behind.
func TestAStateFileIsMadeWholeOrNotAtAll(t *testing.T) {
	folder := t.TempDir()
	manifest, state := filepath.Join(folder, "pod.yaml"), filepath.Join(folder, "state")
	if err := os.WriteFile(manifest, []byte("{apiVersion: v1, kind: Pod, metadata: {name: Not_A_Name}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, said := serveOnce(t, "--state", state, "-f", manifest); code != exitFailed {
		t.Errorf("%d %s", code, said)
	}
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("the file is there: %v", err)
	}
}

// The journal of another program is refused, and so is one whose history this program does not repeat.
func TestAnotherProgramsStateIsRefused(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state")
	_, _, _, stop := startServe(t, filepath.Join(t.TempDir(), "config"), "--state", state)
	stop()
	content, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ change, want string }{{"program", "it was recorded by stsim v0.0.1"}, {"history", "the history is another one"}} {
		other := otherJournal(t, content, c.change)
		path := state + c.change
		if err := os.WriteFile(path, other, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, said := serveOnce(t, "--state", path); code != exitFailed || !strings.Contains(said, c.want) {
			t.Errorf("%s: %d %s", c.change, code, said)
		}
		if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, other) {
			t.Errorf("%s: the file was changed", c.change)
		}
	}
}

// otherJournal is a journal like one there is, of another program or with a record that does not belong there.
func otherJournal(t *testing.T, content []byte, change string) []byte {
	t.Helper()
	reader, err := journal.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	header := reader.Header
	if change == "program" {
		header.Program = "v0.0.1"
	}
	other, err := journal.Begin(header)
	if err != nil {
		t.Fatal(err)
	}
	last, err := reader.Each(func(sim.Recorded) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	last.Revision++
	if other, err = journal.Append(other, 1, sim.Recorded{Point: last}); err != nil {
		t.Fatal(err)
	}
	return other
}
