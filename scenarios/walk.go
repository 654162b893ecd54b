package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/compare"
	"github.com/stsim/stsim/sim/store"
)

// walk takes a person through a page a command at a time. Before each they may type commands of their own. Those are run on a copy of the cluster and of the
// machine beside it, which is forgotten when the page goes on: so whatever they try, the page does what it says. Who wants otherwise keeps the copy.
type walk struct {
	*runner
	learner Learner
	trial   *session // the copy; nil: nothing was tried here
	tried   bool     // something has changed in it
	stops   []*stop
	before  store.View // as it was when they were last told
	total   int        // commands of the page
}

// stop is where the person was asked, and all that is needed to ask them again.
type stop struct {
	at     int // index of the item of the command
	moment *moment
	watch  watch
	report Report
	asked  int
	before store.View
}

// maxChanges is how many lines of changes are told after a command.
const maxChanges = 8

func newWalk(r *runner, learner Learner) *walk {
	return &walk{runner: r, learner: learner, before: r.session.view(), total: len(r.page.Steps())}
}

func (s *session) view() (view store.View) {
	s.door.Do(func(cluster *sim.Cluster) { view = cluster.View() })
	return view
}

// stop implements [guide].
func (w *walk) stop(ctx context.Context, step *Step) (move, error) {
	w.stops = append(w.stops, &stop{w.at, w.session.moment(), w.watch.copy(), w.report.copy(), w.asked, w.before})
	w.printer.Command(step)
	if len(w.stops) == 1 {
		w.printer.Note("Enter runs this command. Before, type commands of your own, which are tried on a copy of the cluster; help says more.")
	}
	for asked := 0; ; asked++ {
		line, err := w.learner.Line(ctx, Ask{Prompt: w.prompt(step), Suggest: pick(asked == 0, step.Command, ""), Complete: w.complete})
		switch {
		case errors.Is(err, ErrGivenUp):
			continue
		case errors.Is(err, io.EOF), err != nil && ctx.Err() != nil:
			w.drop()
			return endIt, nil
		case err != nil:
			return endIt, err
		}
		line = strings.TrimSpace(line)
		if line == "" || line == step.Command {
			if asked > 0 {
				w.printer.Command(step)
			}
			w.forget()
			return runIt, nil
		}
		if move, done, err := w.word(ctx, line); done || err != nil {
			return move, err
		}
	}
}

func (w *walk) prompt(step *Step) string {
	return fmt.Sprintf("%d/%d%s > ", step.Index+1, w.total, pick(w.trial != nil, " (copy)", ""))
}

// walkWords are what can be typed besides commands.
var walkWords = [][2]string{
	{"Enter", "run the command of the page, and see whether it prints what the page says"},
	{"COMMAND", "a command of your own: kubectl, curl, dig, nslookup, cat, sleep 60, ...; it is tried on a copy, and forgotten when you go on"},
	{"why KIND/NAME", "what holds an object up, for example why sts/web; why dns/NAME for a name"},
	{"keep", "let the page go on with what you have tried; it may then print something else than it says"},
	{"undo", "forget what you have tried, now"},
	{"back", "go one command back: the cluster as it was before it"},
	{"skip", "leave this command out"},
	{"quit", "leave the page; so does Ctrl-D. Ctrl-C ends a command that runs"},
}

// word does what one of them asks for, or runs a command; done says that the page goes on.
func (w *walk) word(ctx context.Context, line string) (next move, done bool, err error) {
	switch line {
	case "help", "?":
		w.printer.Help(walkWords)
	case "quit", "exit":
		w.drop()
		return endIt, true, nil
	case "skip":
		w.forget()
		w.printer.Note("(left out)")
		return leaveIt, true, nil
	case "back":
		if len(w.stops) < 2 {
			w.printer.Note("(this is the first command)")
			return 0, false, nil
		}
		return goBack, true, w.back()
	case "undo":
		w.printer.Note(pick(w.trial == nil, "(you have tried nothing here)", "(forgotten)"))
		w.drop()
	case "keep":
		w.keep()
	default:
		err = w.own(ctx, line)
	}
	return 0, false, err
}

// own runs a command of the person's on the copy.
func (w *walk) own(ctx context.Context, line string) (err error) {
	if w.trial == nil {
		if w.trial, err = w.session.moment().session(w.printer.Output); err != nil {
			return err
		}
	}
	before := w.trial.view()
	if err := w.trial.ask(ctx, line, w.learner, w.printer, w.page.FrontMatter.ThinkTime); err != nil {
		return err
	}
	w.printer.EndOutput()
	changes := w.changes(w.trial, before)
	w.tried = w.tried || len(changes) > 0
	w.printer.Changes(changes)
	return nil
}

// ask runs a line after the time a person needs to think of it, and asks for the rest of the command until it is complete.
func (s *session) ask(ctx context.Context, line string, learner Learner, printer *Printer, thinks time.Duration) error {
	s.printed = nil
	s.pass(thinks)
	for {
		more, err := s.own(ctx, line, learner, printer)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !more {
			return nil
		}
		line, err = learner.Line(ctx, Ask{Prompt: "> "})
		switch {
		case err == nil:
		case errors.Is(err, ErrGivenUp), errors.Is(err, io.EOF), ctx.Err() != nil:
			s.forget()
			return nil
		default:
			return err
		}
	}
}

// changes are what has become of a session's cluster, in words.
func (w *walk) changes(s *session, before store.View) (lines []string) {
	s.door.Do(func(cluster *sim.Cluster) {
		lines = compare.Lines(compare.Changes(before, cluster.View(), cluster.Settings()), maxChanges)
	})
	return lines
}

// drop ends the copy.
func (w *walk) drop() {
	if w.trial != nil {
		w.trial.close()
	}
	w.trial, w.tried = nil, false
}

// forget drops the copy, and says so when that makes a difference.
func (w *walk) forget() {
	if w.tried {
		w.printer.Note("(what you tried is forgotten; keep would have kept it)")
	}
	w.drop()
}

// keep lets the page go on with the copy.
func (w *walk) keep() {
	if w.trial == nil {
		w.printer.Note("(you have tried nothing here)")
		return
	}
	w.adopt(w.trial)
	w.trial, w.tried = nil, false
	w.before = w.session.view()
	w.printer.Note("(kept: the page goes on from here, and may print something else than it says)")
}

// adopt makes another session the page's.
func (r *runner) adopt(s *session) {
	r.session.close()
	r.session = s
	s.door.Do(func(cluster *sim.Cluster) {
		r.watch.cluster = cluster
		cluster.SetTrace(r.watch.event)
	})
}

// back goes to the stop before the present one.
func (w *walk) back() error {
	to := w.stops[len(w.stops)-2]
	w.stops = w.stops[:len(w.stops)-2]
	w.drop()
	session, err := to.moment.session(w.printer.Output)
	if err != nil {
		return err
	}
	*w.watch, *w.report, w.asked, w.before = to.watch.copy(), to.report.copy(), to.asked, to.before
	w.adopt(session)
	w.printer.Note("(back, " + clockText(w.clock()) + ")")
	from := to.at
	for from > 0 && w.items[from-1].step == nil {
		from--
	}
	for _, item := range w.items[from:to.at] {
		switch block := item.block.(type) {
		case *Prose:
			w.printer.Prose(block.Text)
		case *File:
			w.printer.File(block)
		}
	}
	w.at = to.at - 1
	return nil
}

// after implements [guide]: it tells what has changed since the person was last told.
func (w *walk) after() {
	w.printer.Changes(w.changes(w.session, w.before))
	w.before = w.session.view()
}

// copy of what is watched, for who may come back.
func (w *watch) copy() watch {
	twin := watch{cluster: w.cluster}
	for _, check := range w.checks {
		one := *check
		twin.checks = append(twin.checks, &one)
	}
	return twin
}

func (r *Report) copy() Report {
	twin := *r
	twin.Outputs, twin.Broken = maps.Clone(r.Outputs), slices.Clone(r.Broken)
	return twin
}
