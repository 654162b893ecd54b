package scenarios

import (
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// moment is a cluster and the machine beside it as they were: what a session can go on from, as often as it is wanted. Programs that ran in the
// background of the shell cannot be copied; a session that goes on from a moment with some has a new shell.
type moment struct {
	cluster  *sim.Cluster   // only its forks go on
	shell    *shell.Process // nil: a new one
	files    []storage.Mount
	identity storage.Identity
	dir      string
}

// moment is now.
func (s *session) moment() *moment {
	m := &moment{files: s.host.files.Mounts(), identity: s.host.files.Identity(), dir: s.host.files.Directory()}
	if !s.host.programs.any() {
		m.shell = s.shell
	}
	s.door.Do(func(cluster *sim.Cluster) { m.cluster = cluster.Fork() })
	m.cluster.SetTrace(nil)
	return m
}

// session goes on from a moment.
func (m *moment) session(show func(string)) (*session, error) {
	cluster := m.cluster.Fork()
	s, err := sessionWith(cluster, storage.NewFileSystem(m.files, m.identity, cluster.Now()).In(m.dir), show)
	if err != nil {
		return nil, err
	}
	if m.shell != nil {
		s.shell = m.shell
	} else {
		s.startShell()
		s.terminal.begin()
	}
	return s, nil
}
