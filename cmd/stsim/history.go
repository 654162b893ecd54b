package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
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
		p.records = append(p.records, recorded)
		return nil
	})
	if err != nil {
		return nil, historyFailure(path, err)
	}
	p.cut(end)
	p.torn = reader.Torn()
	if end.After(last.At) {
		return nil, failure{fmt.Sprintf("%s ends at %s of its time, before %s\nhint: leave the instant out to see it all", path, sinceBegin(last.At, p.begin), until)}
	}
	if err := p.live(end, prepare, each); err != nil {
		return nil, historyFailure(path, err)
	}
	return p, nil
}

// cut leaves out the records behind an instant; a zero one is the end. Where the cluster has gone back, what counts is the present that it went on in.
func (p *past) cut(end time.Time) {
	if end.IsZero() {
		return
	}
	kept := len(p.records)
	for kept > 0 && p.records[kept-1].At.After(end) && !goesBackBefore(p.records[kept-1], end) {
		kept--
	}
	for _, recorded := range p.records[kept:] {
		if len(recorded.Input) > 0 {
			p.later++
		}
	}
	p.records = p.records[:kept]
}

// goesBackBefore says whether an input makes an instant before another one the present.
func goesBackBefore(recorded sim.Recorded, end time.Time) bool {
	var in sim.Input
	return bytes.Contains(recorded.Input, []byte(sim.DoGoBack)) && in.UnmarshalBinary(recorded.Input) == nil && in.Do == sim.DoGoBack && !in.Instant.After(end)
}

// live makes the cluster, and takes the records up to the instant.
func (p *past) live(end time.Time, prepare func(*sim.Options), each func(sim.Point, sim.Input)) (err error) {
	options := p.header.Options
	taken := 0
	prepare(&options)
	if p.cluster, err = sim.Make(options); err != nil {
		return err
	}
	p.cluster.SetRecall(func(instant time.Time) (*sim.Cluster, error) { return p.before(taken, instant) })
	for _, recorded := range p.records {
		if err := p.take(recorded, each); err != nil {
			return err
		}
		taken++
	}
	if !end.IsZero() {
		p.cluster.RunFor(end.Sub(p.cluster.Now()))
	}
	return nil
}

// before lives the first records again, up to an instant.
func (p *past) before(taken int, instant time.Time) (*sim.Cluster, error) {
	earlier := &past{header: p.header, begin: p.begin, records: slices.Clip(p.records[:taken])}
	earlier.cut(instant)
	err := earlier.live(instant, func(*sim.Options) {}, func(sim.Point, sim.Input) {})
	return earlier.cluster, err
}

// recall gives the past of a cluster out of the file that it is kept in, of which it has taken so many records.
func recall(path string, taken func() int) func(time.Time) (*sim.Cluster, error) {
	return func(instant time.Time) (*sim.Cluster, error) {
		limit := taken() // first: it has all of them written
		reader, err := journal.ReadFile(path)
		if err != nil {
			return nil, err
		}
		p := &past{header: reader.Header, begin: reader.Header.Options.Start}
		for len(p.records) < limit {
			recorded, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			p.records = append(p.records, recorded)
		}
		return p.before(len(p.records), instant)
	}
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
