package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/journal"
)

// past is a history in a file, up to an instant of it.
type past struct {
	header  journal.Header
	records []sim.Recorded // up to the instant
	cluster *sim.Cluster   // as it was then
	begin   time.Time      // of virtual time
	later   int            // how many inputs came after the instant
	inputs  int            // how many came before
	torn    int64
}

// readPast lives the history of a file again, up to an instant, or to its end for "". Prepare may change the options that do not change
// the history; each is told of every input before it comes.
func readPast(path, until string, prepare func(*sim.Options), each func(sim.Point, sim.Input)) (*past, error) {
	reader, err := journal.ReadFile(path)
	if err != nil {
		return nil, historyFailure(path, err)
	}
	p := &past{header: reader.Header, begin: reader.Header.Options.Start}
	if err := sameProgram(p.header); err != nil {
		return nil, historyFailure(path, err)
	}
	var end time.Time
	if until != "" {
		if end, err = parseInstant(until, p.begin); err != nil {
			return nil, err
		}
	}
	last, err := reader.Each(func(recorded sim.Recorded) error {
		switch {
		case end.IsZero() || !recorded.At.After(end):
			p.records = append(p.records, recorded)
		case len(recorded.Input) > 0:
			p.later++
		}
		return nil
	})
	if err != nil {
		return nil, historyFailure(path, err)
	}
	p.torn = reader.Torn()
	if end.After(last.At) {
		return nil, failure{fmt.Sprintf("%s ends at %s of its time, before %s\nhint: leave the instant out to see it all", path, sinceBegin(last.At, p.begin), until)}
	}
	options := p.header.Options
	prepare(&options)
	if p.cluster, err = sim.Make(options); err != nil {
		return nil, historyFailure(path, err)
	}
	for _, recorded := range p.records {
		if err := p.take(recorded, each); err != nil {
			return nil, historyFailure(path, err)
		}
	}
	if !end.IsZero() {
		p.cluster.RunFor(end.Sub(p.cluster.Now()))
	}
	return p, nil
}

func (p *past) take(recorded sim.Recorded, each func(sim.Point, sim.Input)) error {
	if len(recorded.Input) > 0 {
		p.inputs++
		var in sim.Input
		if err := in.UnmarshalBinary(recorded.Input); err != nil {
			return err
		}
		if err := p.cluster.RunTo(recorded.Point); err != nil {
			return err
		}
		each(recorded.Point, in)
	}
	return p.cluster.TakeAt(recorded)
}

// historyFailure says what is wrong with a file that is read.
func historyFailure(path string, err error) error {
	message := path + ": " + strings.TrimPrefix(err.Error(), path+": ")
	if !strings.Contains(message, "hint: ") {
		message += "\nhint: name a file that stsim serve --state has written"
	}
	return failure{message}
}

// parseInstant reads an instant of a cluster's life: a duration since its beginning (3m12s), or a time (2026-01-01T00:03:12Z).
func parseInstant(text string, begin time.Time) (time.Time, error) {
	if duration, err := time.ParseDuration(text); err == nil && duration >= 0 {
		return begin.Add(duration), nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		if at.Before(begin) {
			return at, fmt.Errorf("the cluster begins at %s, after %s", begin.UTC().Format(time.RFC3339), text)
		}
		return at.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("expected how long after the beginning, such as 3m12s, or a time such as %s, found %q", begin.UTC().Format(time.RFC3339), text)
}

// alignedTime prints a duration with milliseconds always, so that a column of them is calm: 3m12.080s.
func alignedTime(d time.Duration) string {
	minutes := d.Truncate(time.Minute)
	text := ""
	if minutes > 0 {
		text = strings.TrimSuffix(minutes.String(), "0s")
	}
	return text + fmt.Sprintf("%.3fs", (d-minutes).Seconds())
}

// sinceBegin is an instant as parseInstant reads it.
func sinceBegin(at, begin time.Time) time.Duration { return at.Sub(begin).Round(time.Millisecond) }
