package control

import (
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Carry makes the Plan's writes through write, as far as failures allow, and has the events recorded. Told hears of every write
// that was made or tried, with what came of it. The answer is why the loop must be called again: the Plan's own error,
// otherwise that of the first write that failed.
func (p Plan) Carry(write func(Write) error, record func(Event), told func(Write, error)) error {
	problem := p.Error
	failed := false
	batch, parts := 0, []int(nil) // of the failures
	for _, wanted := range p.Writes {
		if failed && !wanted.Always && (wanted.Batch != batch || slices.Contains(parts, wanted.Part)) {
			continue
		}
		if wanted.After != nil {
			if wanted.Object = wanted.After(problem); wanted.Object == nil {
				continue
			}
		}
		err := write(wanted)
		if err != nil && slices.Contains(wanted.Tolerate, string(apierrors.ReasonForError(err))) {
			err = nil
		}
		told(wanted, err)
		if err == nil {
			if wanted.Success != nil {
				done := *wanted.Success
				done.Message = strings.ReplaceAll(done.Message, "{name}", wanted.Object.GetName())
				record(done)
			}
			continue
		}
		if !failed {
			failed, batch = true, wanted.Batch
		}
		parts = append(parts, wanted.Part)
		if problem == nil {
			problem = err
		}
		if wanted.Verb == Create && apierrors.IsAlreadyExists(err) {
			continue
		}
		for _, event := range wanted.Failure {
			event.Message = strings.ReplaceAll(event.Message, "{error}", err.Error())
			record(event)
		}
	}
	for _, event := range p.Events {
		record(event)
	}
	return problem
}
