package scenarios

import (
	"bytes"
	"context"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/compare"
	"github.com/stsim/stsim/sim/kubectl"
	"github.com/stsim/stsim/sim/why"
)

// commonCommands are offered where a command begins.
var commonCommands = []string{"cat", "curl", "dig", "echo", "for", "getent", "grep", "head", "kubectl", "ls", "nslookup", "sed", "sleep", "stsim", "tail", "wget", "why"}

// askNames are the commands whose arguments are names in DNS.
var askNames = []string{"curl", "dig", "getent", "host", "nslookup", "ping", "wget"}

// complete says what may stand at the end of a line that the person has begun: from an offset of the line on, one of the candidates, in order.
func (w *walk) complete(begun string) (from int, candidates []string) {
	at := w.session
	if w.trial != nil {
		at = w.trial
	}
	var words []string
	for _, word := range walkWords[2:] {
		words = append(words, strings.Fields(word[0])[0])
	}
	return at.complete(begun, append(words, "help"))
}

func (s *session) complete(begun string, words []string) (from int, candidates []string) {
	command := begun[strings.LastIndexAny(begun, "|;&(")+1:]
	fields := strings.Fields(command)
	last := ""
	if len(fields) > 0 && !strings.HasSuffix(command, " ") {
		last, fields = fields[len(fields)-1], fields[:len(fields)-1]
	}
	if len(fields) > 1 && fields[0] == "stsim" && fields[1] == "why" {
		fields = fields[1:]
	}
	switch {
	case len(fields) == 0:
		candidates = slices.Concat(commonCommands, words)
	case fields[0] == "stsim":
		candidates = []string{"why"}
	case fields[0] == "kubectl":
		candidates = s.completeKubectl(fields[1:], last)
	case fields[0] == "why":
		candidates = s.completeWhy(fields, last)
	case slices.Contains(askNames, fields[0]):
		s.look(func(cluster *sim.Cluster) { candidates = compare.Names(cluster.View(), cluster.Settings()) })
	default:
		candidates = s.completeFile(last)
	}
	candidates = slices.DeleteFunc(candidates, func(candidate string) bool { return !strings.HasPrefix(candidate, last) })
	slices.Sort(candidates)
	return len(begun) - len(last), slices.Compact(candidates)
}

func (s *session) look(at func(cluster *sim.Cluster)) { s.door.Do(at) }

// completeKubectl asks kubectl, which asks the cluster. It does so on a copy, so that nothing is different afterwards.
func (s *session) completeKubectl(args []string, last string) (candidates []string) {
	const patience = time.Minute // virtual
	twin, err := s.moment().session(func(string) {})
	if err != nil {
		return nil
	}
	defer twin.close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out bytes.Buffer
	client := func() {
		args := append(append([]string{"__complete"}, args...), last)
		twin.host.client.Run(ctx, kubectl.Command{Args: args, Stdout: &out, Stderr: io.Discard})
	}
	_, done := twin.door.Drive(client, patience, func() bool { return false })
	cancel()
	<-done
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		switch candidate, _, _ := strings.Cut(line, "\t"); {
		case strings.HasPrefix(line, ":"): // what a shell is to do besides
			if i == 0 || len(args) > 0 && slices.Contains([]string{"-f", "--filename", "--patch-file"}, args[len(args)-1]) {
				return append(candidates, s.completeFile(last)...)
			}
			return candidates
		case candidate != "":
			candidates = append(candidates, candidate)
		}
	}
	return candidates
}

// completeWhy offers kinds, and what there is of one.
func (s *session) completeWhy(fields []string, last string) (candidates []string) {
	kind, _, named := strings.Cut(last, "/")
	if !named {
		for _, kind := range why.Kinds() {
			candidates = append(candidates, kind+"/")
		}
		return candidates
	}
	namespace := "default"
	for i, field := range fields[:len(fields)-1] {
		if field == "-n" {
			namespace = fields[i+1]
		}
	}
	s.look(func(cluster *sim.Cluster) {
		for _, name := range why.Names(cluster.View(), kind, namespace) {
			candidates = append(candidates, kind+"/"+name)
		}
	})
	return candidates
}

// completeFile offers the files of the machine that the commands run on.
func (s *session) completeFile(last string) (candidates []string) {
	folder, _ := path.Split(last)
	at := path.Join(home, folder)
	if path.IsAbs(folder) {
		at = path.Clean(folder)
	}
	entries, err := s.host.Files().ReadDir(at)
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name, ".") {
			candidates = append(candidates, folder+entry.Name+pick(entry.Mode.IsDir(), "/", ""))
		}
	}
	return candidates
}
