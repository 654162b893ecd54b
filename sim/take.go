package sim

import (
	"errors"
	"fmt"

	"github.com/stsim/stsim/sim/store"
)

// Recorded is an input that was accepted, and when it came.
type Recorded struct {
	Point
	Input []byte // as [Input.MarshalBinary] writes it
}

// Take lets an input come in: one transaction, which is not made at all when it fails. Objects in it are taken over. What it does is
// what the method of the cluster with that purpose does; the errors are the same.
func (c *Cluster) Take(in Input) (Outcome, error) { return c.take(in, false) }

// TakeAt runs the cluster to the point at which a recorded input came, and lets it come in.
//
// Errors: the cluster is not the one that was recorded, because it takes other ways. Then the cluster is as far as both are the same or
// a little further, and of no more use.
func (c *Cluster) TakeAt(recorded Recorded) error {
	if err := c.RunTo(recorded.Point); err != nil {
		return err
	}
	if len(recorded.Input) == 0 {
		return nil
	}
	var in Input
	if err := in.UnmarshalBinary(recorded.Input); err != nil {
		return err
	}
	if _, err := c.Take(in); err != nil {
		return fmt.Errorf("%s was accepted when it was recorded at %s, and now is not: %w", in, recorded.Point, err)
	}
	return nil
}

// RunTo takes events until a point of a recorded history, and moves the clock there.
//
// Errors: the point cannot be reached, or is another one here: the cluster is not the one that was recorded.
func (c *Cluster) RunTo(point Point) error {
	for c.events < point.Events {
		next, found := c.View().NextEvent()
		if !found || next.When.After(point.At) {
			break
		}
		c.Step()
	}
	if c.events == point.Events && !c.Now().After(point.At) {
		c.advanceClock(point.At)
	}
	if here := c.Point(); !here.same(point) {
		return fmt.Errorf("the history is another one: expected %s, found %s (hint: only the program and the options that recorded it repeat it)", point, here)
	}
	return nil
}

func (p Point) same(other Point) bool {
	return p.Events == other.Events && p.At.Equal(other.At) && p.Revision == other.Revision && p.Identities == other.Identities
}

// take is the one way in. With dryRun everything is checked and nothing kept.
func (c *Cluster) take(in Input, dryRun bool) (outcome Outcome, err error) {
	recorded, in, err := c.write(in, dryRun)
	if err != nil {
		return Outcome{}, err
	}
	luck := c.chooser
	if c.options.Record != nil { // what failed is not recorded, so it must not have drawn either
		luck = c.chooser.Fork()
	}
	if in.Do == DoGoBack {
		err = c.goBack(in.Instant)
	} else {
		err = c.input(func(tx *store.Tx) error {
			outcome, err = c.do(tx, in)
			if err == nil && dryRun {
				return errDryRun
			}
			return err
		})
	}
	switch {
	case err == nil && c.options.Record != nil:
		c.options.Record(recorded)
	case err != nil:
		c.SetChooser(luck)
	}
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return outcome, err
}

// errDryRun makes the transaction of a dry run end like a failed one.
var errDryRun = errors.New("dry run")

// write prepares an input for being recorded. The input given back is the one that was written, read again: so a history that is repeated from what was
// recorded cannot differ in what writing loses, such as the difference between an empty list and none.
func (c *Cluster) write(in Input, dryRun bool) (Recorded, Input, error) {
	if c.options.Record == nil || dryRun {
		return Recorded{}, in, nil
	}
	data, err := in.MarshalBinary()
	if err != nil {
		return Recorded{}, in, err
	}
	var again Input
	if err := again.UnmarshalBinary(data); err != nil {
		return Recorded{}, in, fmt.Errorf("reading what was recorded: %w", err)
	}
	return Recorded{Point: c.Point(), Input: data}, again, nil
}
