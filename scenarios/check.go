package scenarios

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/property"
)

// alwaysWord comes after check when something must hold from there on.
const alwaysWord = "always"

// check reads what must hold: an expression of package property, perhaps behind the word always.
func (p *parser) check(directive *Directive, argument string) error {
	if argument == "" || strings.Contains(argument, "\n") {
		return p.fail(directive.Line, "an expression on one line after check", quote(argument), "write for example <!-- check count(ready(web)) == 3 -->")
	}
	directive.Check = argument
	if rest, always := strings.CutPrefix(argument, alwaysWord+" "); always {
		directive.Always, argument = true, rest
	}
	read, err := property.Parse(argument)
	var malformed *property.Error
	if errors.As(err, &malformed) {
		place := malformed.Text[:min(malformed.Offset, len(malformed.Text))]
		return p.fail(directive.Line, fmt.Sprintf("at character %d of the check %s", len([]rune(place))+1, malformed.Expected), malformed.Found, malformed.Hint)
	}
	directive.property = read
	return err
}

// watch keeps an eye on the checks that must always hold. It is called by the cluster, after every event.
type watch struct {
	cluster *sim.Cluster // nil until it is made
	checks  []*watched
}

// watched is one check that must always hold.
type watched struct {
	directive *Directive
	broken    string // what was found and when, the first time that it did not hold; "" as long as it does
	told      bool
}

// event looks at the cluster after an event. It is [sim.Options.Trace].
func (w *watch) event(record sim.Record) {
	if w.cluster == nil || len(record.Changes) == 0 {
		return
	}
	for _, check := range w.checks {
		if check.broken != "" {
			continue
		}
		if err := check.directive.property.Holds(w.cluster.View()); err != nil {
			check.broken = fmt.Sprintf("%v, after event %d: %s %s", err, record.Event, record.Who, record.Key)
		}
	}
}

// check asks once, and keeps asking if it must always hold.
func (r *runner) check(directive *Directive) {
	r.printer.Directive(directive, r.clock())
	var err error
	r.session.door.Do(func(cluster *sim.Cluster) { err = directive.property.Holds(cluster.View()) })
	switch {
	case err != nil:
		r.report.BrokenChecks++
		r.verdict(directive, r.clock(), "the check does not hold: "+err.Error())
	case directive.Always:
		r.printer.Verdict(true, r.clock(), "")
		r.watch.checks = append(r.watch.checks, &watched{directive: directive})
	default:
		r.verdict(directive, r.clock(), "")
	}
}

// verdict counts and tells what became of a check.
func (r *runner) verdict(directive *Directive, clock time.Duration, reason string) {
	if reason == "" {
		r.report.Checks++
	} else {
		reason = fmt.Sprintf("%s:%d: %s", r.page.Name, directive.Line, reason)
		r.report.Failed++
	}
	r.printer.Verdict(reason == "", clock, reason)
	r.played(Played{Check: directive, Reason: reason, Clock: clock})
}

// lookBack tells the checks and promises that did not hold at some event since the last step, which is the one of a line of the page.
func (r *runner) lookBack(line int) {
	r.promises(line)
	for _, check := range r.watch.checks {
		if check.broken != "" && !check.told && !r.page.saysBreaks(check.sentence()) {
			check.told = true
			r.report.BrokenChecks++
			r.printer.Directive(check.directive, r.clock())
			r.verdict(check.directive, r.clock(), "the check did not hold all the time: "+check.broken)
		}
	}
}

// heldThroughout counts the checks that held to the end of the page.
func (r *runner) heldThroughout() {
	for _, check := range r.watch.checks {
		if check.broken == "" {
			r.report.Checks++
			r.played(Played{Check: check.directive, Clock: r.clock()})
		}
	}
}

func (r *runner) played(what Played) {
	if r.options.Played != nil {
		r.options.Played(what)
	}
}
