package store

import (
	"errors"
	"slices"
	"sort"

	"github.com/stsim/stsim/sim/api"
)

// ErrCompacted is the answer to a question about changes that the log no longer holds ("410 Gone").
var ErrCompacted = errors.New("store: the change log no longer goes back that far")

// DefaultLog is how many changes the log holds at least, when there have been that many.
const DefaultLog = 4096

// logPage is how many changes are kept together: what the first write after a fork copies at most.
const logPage = 128

// Change is one write of an API object. Old is nil for a creation, New for a deletion.
type Change struct {
	Revision uint64
	Kind     *api.Kind
	Old, New api.Object
}

// Object is the object after the change, or as it last was.
func (c Change) Object() api.Object {
	if c.New != nil {
		return c.New
	}
	return c.Old
}

// changeLog holds the newest changes, oldest first, in full pages and one that fills up. It is derived from the transactions and kept
// beside the database, since pages that forks share are cheaper than rows. Events are in it as they are kept.
type changeLog struct {
	pages     [][]Change
	compacted uint64 // changes up to this revision are gone
}

// fork gives a log that goes on from here. It shares the pages: the last one is copied when something is added to it.
func (l *changeLog) fork() changeLog {
	pages := slices.Clone(l.pages)
	if last := len(pages) - 1; last >= 0 {
		pages[last] = slices.Clip(pages[last])
	}
	return changeLog{pages: pages, compacted: l.compacted}
}

// add appends changes, and drops the oldest page as long as the others hold DefaultLog changes.
func (l *changeLog) add(changes []Change) {
	for len(changes) > 0 {
		last := len(l.pages) - 1
		if last < 0 || len(l.pages[last]) == logPage {
			l.pages = append(l.pages, make([]Change, 0, logPage))
			last++
		}
		taken := min(len(changes), logPage-len(l.pages[last]))
		l.pages[last] = append(l.pages[last], changes[:taken]...)
		changes = changes[taken:]
	}
	for len(l.pages) > DefaultLog/logPage+1 {
		oldest := l.pages[0]
		l.compacted = oldest[len(oldest)-1].Revision
		l.pages = slices.Delete(l.pages, 0, 1)
	}
}

// since lists the changes after a revision, oldest first.
func (l *changeLog) since(revision uint64) ([]Change, error) {
	if revision < l.compacted {
		return nil, ErrCompacted
	}
	first := len(l.pages)
	for first > 0 && l.pages[first-1][len(l.pages[first-1])-1].Revision > revision {
		first--
	}
	if first == len(l.pages) {
		return nil, nil
	}
	page := l.pages[first]
	start := sort.Search(len(page), func(i int) bool { return page[i].Revision > revision })
	if first == len(l.pages)-1 {
		return slices.Clip(page[start:]), nil
	}
	return slices.Concat(append([][]Change{page[start:]}, l.pages[first+1:]...)...), nil
}
