package control

import (
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"

	"github.com/stsim/stsim/sim/api"
)

// Carry makes the Plan's writes through write, as far as failures allow, and has the events recorded. Told hears of every write
// that was made or tried, with what came of it. The answer is why the loop must be called again: the Plan's own error,
// otherwise that of the first write that failed.
func (p Plan) Carry(write func(Write) error, record func(Event), told func(Write, error)) error {
	carrier := carrier{write: write, record: record, told: told}
	problem := p.Error
	failed := false
	made := 0
	batch, parts := 0, []int(nil) // of the failures
	for _, wanted := range p.Writes {
		if failed && !wanted.Always && (wanted.Batch != batch || slices.Contains(parts, wanted.Part)) {
			continue
		}
		var given api.Object
		switch {
		case wanted.After != nil:
			given = wanted.After(problem)
		case wanted.Tally != nil:
			given = wanted.Tally(problem, made)
		}
		if wanted.After != nil || wanted.Tally != nil {
			if wanted.Object = given; given == nil {
				continue
			}
		}
		err := carrier.carry(wanted)
		if err == nil {
			made++
			continue
		}
		if !failed {
			failed, batch = true, wanted.Batch
		}
		parts = append(parts, wanted.Part)
		if problem == nil {
			problem = err
		}
	}
	for _, event := range p.Events {
		record(event)
	}
	return problem
}

// carrier makes single writes, and records what is to be said about them.
type carrier struct {
	write  func(Write) error
	record func(Event)
	told   func(Write, error)
}

func (c carrier) carry(wanted Write) error {
	err := c.try(wanted)
	taken := wanted.Verb == Create && apierrors.IsAlreadyExists(err)
	if !taken {
		for _, also := range wanted.Meanwhile {
			also.Batch, also.Part = wanted.Batch, wanted.Part
			if also.After != nil {
				also.Object = also.After(err)
			}
			if problem := c.carry(also); problem != nil {
				return problem
			}
		}
	}
	if err == nil {
		if wanted.Success != nil {
			done := *wanted.Success
			if wanted.Object != nil {
				done.Message = strings.ReplaceAll(done.Message, "{name}", wanted.Object.GetName())
			}
			c.record(done)
		}
		return nil
	}
	if taken {
		return err
	}
	c.recordProblem(wanted.Failure, err)
	return err
}

func (c carrier) recordProblem(events func() []Event, problem error) {
	if events == nil {
		return
	}
	for _, event := range events() {
		event.Message = strings.ReplaceAll(event.Message, "{error}", problem.Error())
		c.record(event)
	}
}

// try makes the write, or those of a group.
func (c carrier) try(wanted Write) error {
	if wanted.Refused != nil {
		return wanted.Refused
	}
	if wanted.Group != nil {
		var problems []error
		for _, one := range wanted.Group {
			one.Batch, one.Part = wanted.Batch, wanted.Part
			if err := c.carry(one); err != nil {
				problems = append(problems, one.inWords(err))
			}
		}
		return utilerrors.NewAggregate(problems)
	}
	err := c.write(wanted)
	for tries := 1; tries < wanted.Tries && apierrors.IsConflict(err); tries++ {
		c.told(wanted, err)
		c.recordProblem(wanted.Again, err)
		err = c.write(wanted)
	}
	if err != nil && slices.Contains(wanted.Tolerate, string(apierrors.ReasonForError(err))) {
		err = nil
	}
	c.told(wanted, err)
	return err
}

// inWords is the error as the group tells it.
func (w Write) inWords(err error) error {
	if w.Problem == "" {
		return err
	}
	text := w.Problem
	if w.Object != nil {
		text = strings.ReplaceAll(text, "{name}", w.Object.GetName())
	}
	return errors.New(strings.ReplaceAll(text, "{error}", err.Error()))
}
