package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// bookmarkEvery is how often a watch that allows bookmarks gets one, in virtual time, if there was anything to tell
// (upstream: storage/cacher/cacher.go, defaultBookmarkFrequency).
const bookmarkEvery = time.Minute

// watcher is a watch that goes on. It holds no more than a position in the change log, so it never loses, repeats or reorders a
// change; one that is too slow for the log is told so with 410 Gone, as upstream's are.
type watcher struct {
	*request
	chosen    selection
	options   *internalversion.ListOptions
	frames    frameWriter
	position  uint64          // revision of the newest change looked at
	told      uint64          // revision the client knows of, from the newest event
	deadline  time.Time       // virtual; zero: none
	context   context.Context // ends when the client goes, or by the wall clock
	bookmark  time.Time       // virtual: when the next bookmark is due
	headsSent bool            // the columns of a Table are sent once
}

// change is what a watcher tells its client.
type change struct {
	what     watch.EventType
	object   api.Object
	revision uint64 // of an object that shows an older state than that in which it left
}

// startWatch answers a watch: a stream of events until the client goes, the time is over, or the log is lost.
func (r *request) startWatch() error {
	if r.media.mediaType == yamlType {
		return notAcceptable(jsonType, protobufType)
	}
	options, err := r.listOptions()
	if err != nil {
		return err
	}
	w := &watcher{request: r, options: options, context: r.http.Context()}
	if w.chosen, err = r.selection(options); err != nil {
		return err
	}
	wanted, err := parseVersion(options.ResourceVersion)
	if err != nil {
		return err
	}
	w.media.pretty = false // an event is a line
	w.frames = newFrameWriter(r.writer, w.media)
	return w.run(wanted)
}

func (w *watcher) run(wanted uint64) error {
	seen := w.server.look()
	initial := w.options.SendInitialEvents != nil && *w.options.SendInitialEvents
	if initial && wanted > seen.revision {
		return tooLargeVersion(wanted, seen.revision)
	}
	if seconds := w.options.TimeoutSeconds; seconds != nil && *seconds > 0 {
		limit := time.Duration(*seconds) * time.Second
		if w.server.beyond {
			ctx, cancel := context.WithTimeout(w.context, limit)
			defer cancel()
			w.context = ctx
		} else {
			w.deadline = seen.now.Add(limit)
		}
	}
	w.bookmark = seen.now.Add(bookmarkEvery)
	w.begin()
	w.position, w.told = wanted, wanted
	if initial || wanted == 0 && w.options.SendInitialEvents == nil {
		w.position, w.told = seen.revision, seen.revision
		if !w.sendInitial(seen, initial) {
			return nil
		}
	} else if wanted == 0 {
		w.position, w.told = seen.revision, seen.revision
	}
	for w.next() {
	}
	return nil
}

// begin sends the head of the answer, so that the client knows the watch has begun.
func (w *watcher) begin() {
	header := w.writer.Header()
	for _, warning := range w.warnings {
		header.Add("Warning", warning)
	}
	mediaType := w.media.mediaType
	if mediaType != jsonType {
		mediaType += ";stream=watch"
	}
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", "no-cache, private")
	w.writer.WriteHeader(http.StatusOK)
	w.writer.Flush()
}

// sendInitial tells of what is there already, and with sendInitialEvents that this was all of it.
func (w *watcher) sendInitial(seen moment, mark bool) bool {
	objects := w.chosen.in(seen.view)
	changes := make([]change, len(objects))
	for i, object := range objects {
		changes[i] = change{what: watch.Added, object: object}
	}
	if !w.send(changes, seen) {
		return false
	}
	if mark && w.options.AllowWatchBookmarks {
		return w.sendBookmark(seen, map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	}
	return true
}

// next waits for changes and sends them; it is false at the end of the watch.
func (w *watcher) next() bool {
	var changes []change
	var lost error
	var seen moment
	over, due := false, false
	err := w.server.door.WaitFor(w.context, w.hope, func(cluster *sim.Cluster) bool {
		changes, lost = w.collect(cluster)
		now := cluster.Now()
		over = !w.deadline.IsZero() && !now.Before(w.deadline)
		due = w.options.AllowWatchBookmarks && !now.Before(w.bookmark) && w.position > w.told
		if len(changes) == 0 && lost == nil && !over && !due {
			return false
		}
		seen = momentOf(cluster)
		return true
	})
	if err != nil && w.http.Context().Err() == nil { // its time is over: the client is told of what it may not know, and where to go on
		err, over = nil, true
		w.server.door.Do(func(cluster *sim.Cluster) {
			changes, lost = w.collect(cluster)
			seen = momentOf(cluster)
		})
	}
	switch {
	case err != nil:
		return false
	case lost != nil:
		w.sendError(lost)
		return false
	case !w.send(changes, seen):
		return false
	case (over || due) && w.options.AllowWatchBookmarks && w.position > w.told:
		return w.sendBookmark(seen, nil) && !over
	}
	return !over && w.gather()
}

// maxBehind is how many changes of other kinds a watcher lets pass before it looks again, so that the log still goes back to its position.
const maxBehind = store.DefaultLog / 4

// hope says whether there may be anything to tell.
func (w *watcher) hope(cluster *sim.Cluster) bool {
	present := cluster.Present()
	meta := present.Meta()
	return present.Written(w.kind) > w.position || meta.Revision > w.position+maxBehind ||
		!w.deadline.IsZero() && !meta.Now.Before(w.deadline) || w.options.AllowWatchBookmarks && !meta.Now.Before(w.bookmark) && meta.Revision > w.told
}

// watchPause is how long (by the wall clock) a watcher gathers changes after it has told of some: a client that is told of many at a time is told with
// less work. It is as nothing to people and to control loops.
const watchPause = 10 * time.Millisecond

// gather waits a moment; it is false when the client has gone.
func (w *watcher) gather() bool {
	if w.server.door.Driven() {
		return true // by the clock of the cluster
	}
	select {
	case <-w.http.Context().Done():
		return false
	case <-w.context.Done():
		return true // next ends it
	case <-time.After(watchPause):
		return true
	}
}

// collect looks at the changes since the last time.
func (w *watcher) collect(cluster *sim.Cluster) ([]change, error) {
	log, err := cluster.Since(w.position)
	if err != nil {
		return nil, apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", w.position, cluster.View().Meta().Revision))
	}
	var changes []change
	for _, entry := range log {
		w.position = entry.Revision
		if entry.Kind == w.kind {
			if seen, told := w.chosen.change(entry); told {
				changes = append(changes, seen)
			}
		}
	}
	return changes, nil
}

// change is what a change means to a client that sees only the selection: an object that leaves it is deleted, one that enters it
// is added.
func (s selection) change(entry store.Change) (change, bool) {
	before, after := s.matches(entry.Old), s.matches(entry.New)
	switch {
	case before && after:
		return change{what: watch.Modified, object: entry.New}, true
	case after:
		return change{what: watch.Added, object: entry.New}, true
	case before:
		return change{what: watch.Deleted, object: entry.Old, revision: entry.Revision}, true
	}
	return change{}, false
}

// send writes events; it is false when the client has gone.
func (w *watcher) send(changes []change, seen moment) bool {
	for _, one := range changes {
		if err := w.sendChange(one, seen); err != nil {
			return false
		}
	}
	if len(changes) > 0 {
		w.told = w.position
		w.bookmark = seen.now.Add(bookmarkEvery)
		w.writer.Flush()
	}
	return true
}

func (w *watcher) sendChange(one change, seen moment) error {
	switch w.media.form {
	case asTable:
		object := one.shown()
		table, err := w.table([]api.Object{object}, seen, !w.headsSent)
		if err != nil {
			w.sendError(err)
			return err
		}
		table.ResourceVersion = object.GetResourceVersion()
		w.headsSent = true
		return w.frames.object(one.what, table)
	case asMetadata:
		return w.frames.object(one.what, w.metadata(one.shown(), seen.view))
	}
	data, err := w.encoded(one, seen.view)
	if err != nil {
		w.sendError(err)
		return err
	}
	return w.frames.encoded(one.what, data)
}

// shown is the object as the client sees it, but for its managers.
func (c change) shown() api.Object {
	if c.revision == 0 {
		return c.object
	}
	object := shallow(c.object)
	object.SetResourceVersion(formatVersion(c.revision))
	return object
}

// sendBookmark tells the client which resource version it has seen everything up to.
func (w *watcher) sendBookmark(seen moment, annotations map[string]string) bool {
	mark := api.Stamp(w.kind.New())
	mark.SetResourceVersion(formatVersion(w.position))
	mark.SetAnnotations(annotations)
	if err := w.sendChange(change{what: watch.Bookmark, object: mark}, seen); err != nil {
		return false
	}
	w.told = w.position
	w.bookmark = seen.now.Add(bookmarkEvery)
	w.writer.Flush()
	return true
}

func (w *watcher) sendError(err error) {
	_ = w.frames.object(watch.Error, statusOf(err)) // a client that went away gets no answer
	w.writer.Flush()
}
