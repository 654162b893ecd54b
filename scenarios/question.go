package scenarios

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/compare"
	"github.com/stsim/stsim/storage"
)

// question is a command of the page, and what comes of it.
type question struct {
	step   *Step
	base   *moment  // before it
	answer *session // after it: the page goes on here
	watch  watch    // of answer
	result outcome
	looks  []look
	until  time.Time    // when the clusters below have settled
	want   *sim.Cluster // what comes of it
	goal   []string     // that in words; empty when it changes nothing: then it is about what it shows
}

// question runs a command on a copy; nil when it makes no good question here: it neither changes nor shows anything, or something runs in the background, which
// cannot be copied.
func (q *quiz) question(ctx context.Context, step *Step) (*question, error) {
	if q.session.host.programs.any() {
		return nil, nil
	}
	asked := &question{step: step, base: q.session.moment(), watch: q.watch.copy()}
	var err error
	if asked.answer, err = asked.base.session(func(string) {}); err != nil {
		return nil, err
	}
	asked.answer.door.Do(func(cluster *sim.Cluster) {
		asked.watch.cluster = cluster
		cluster.SetTrace(asked.watch.event)
	})
	var seen looks
	asked.answer.host.asked = seen.add
	asked.result = asked.answer.think(ctx, step, q.page.FrontMatter)
	asked.answer.host.asked = nil
	asked.looks = seen.take()
	asked.answer.show(q.printer.Output)
	asked.until = asked.answer.now().Add(settleTime)
	asked.want = asked.answer.moment().settled(asked.until)
	asked.goal = asked.changes()
	if len(asked.goal) == 0 && strings.TrimSpace(strings.Join(asked.result.printed, "")) == "" || asked.result.problem != "" {
		asked.answer.close()
		return nil, nil
	}
	return asked, nil
}

// show has a session print somewhere else from now on.
func (s *session) show(show func(string)) {
	s.terminal.between(func() { s.terminal.show = show })
}

// settled is the cluster of a moment as it will be: when nothing has been written for a while, and at the latest at the instant given.
func (m *moment) settled(until time.Time) *sim.Cluster {
	const while = time.Minute
	cluster := m.cluster.Fork()
	for before := uint64(0); cluster.Now().Before(until); {
		cluster.RunFor(min(while, until.Sub(cluster.Now())))
		if now := cluster.Present().Meta().Revision; now == before {
			break
		} else {
			before = now
		}
	}
	return cluster
}

// changes are what the command changes, in words: without what happens anyway.
func (a *question) changes() []string {
	anyway := a.base.settled(a.until)
	settings := a.want.Settings()
	differences := compare.Differences(a.base.cluster.View(), a.want.View(), anyway.View(), settings)
	files := differentFiles(a.base.files, a.answer.host.files.Mounts(), a.base.files)
	if len(differences) == 0 && len(files) == 0 {
		return nil
	}
	happens := compare.Changes(a.base.cluster.View(), anyway.View(), settings)
	changes := slices.DeleteFunc(compare.Changes(a.base.cluster.View(), a.want.View(), settings), func(change compare.Change) bool {
		return slices.Contains(happens, change)
	})
	lines := compare.Lines(changes, maxChanges)
	for _, name := range files {
		lines = append(lines, "File "+name+": written")
	}
	return lines
}

// judge says what is missing for what a person has done to be an answer; nil when it is one.
func (a *question) judge(tried *session, seen []look, normalisers Normalisers) (missing []string) {
	have := tried.moment()
	until := a.until
	want := a.want
	if now := have.cluster.Now(); now.Add(settleTime).After(until) { // they have let more time pass
		until = now.Add(settleTime)
		want = a.answer.moment().settled(until)
	}
	differences := compare.Differences(a.base.cluster.View(), want.View(), have.settled(until).View(), want.Settings())
	missing = compare.Lines(differences, maxMissing)
	for _, name := range differentFiles(a.base.files, a.answer.host.files.Mounts(), have.files) {
		missing = append(missing, "File "+name+": not what it should be")
	}
	switch {
	case len(missing) > 0 && len(a.goal) > 0:
		return append([]string{"Not there yet."}, missing...)
	case len(missing) > 0:
		return append([]string{"That has changed something; undo takes it back."}, missing...)
	case len(a.goal) > 0, coverAll(seen, a.looks), shows(tried.printed, a.step.Expected, normalisers):
		return nil
	}
	return []string{"That shows something else."}
}

// maxMissing is how many lines say what is missing.
const maxMissing = 4

// shows says whether every line that is expected was printed.
func shows(printed []string, expected []Line, normalisers Normalisers) bool {
	want, got := prepare(expected, printed, normalisers)
	some := false
	for i := range want {
		if want[i].wildcard || blank(want[i].Text) {
			continue
		}
		some = true
		if !slices.ContainsFunc(got, func(line comparedLine) bool { return same(&want[i], &line) }) {
			return false
		}
	}
	return some
}

// differentFiles are the files that a person's machine should have otherwise: those that changed from base to want and are not alike in have, below home.
func differentFiles(base, want, have []storage.Mount) (names []string) {
	before, should, is := homeFiles(base), homeFiles(want), homeFiles(have)
	for name, content := range should { // in any order: they are sorted below
		if before[name] == content {
			continue
		}
		if found, there := is[name]; !there || found == before[name] || len(content) < maxAlike && found != content {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// maxAlike is the size from which on files count as alike when both have changed: what kubectl writes has identities and times in it.
const maxAlike = 256

func homeFiles(mounts []storage.Mount) map[string]string {
	files := map[string]string{}
	for _, mount := range mounts {
		for name, info := range mount.Tree.All() {
			at := path.Join(mount.Path, name)
			if inside, is := strings.CutPrefix(at, home+"/"); is && !info.IsDir() && !strings.HasPrefix(inside, ".") {
				files[inside], _ = mount.Tree.Content(name)
			}
		}
	}
	return files
}
