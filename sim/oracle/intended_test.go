package oracle

import (
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// deviation is a request that upstream makes and the simulator, for a reason, does not.
type deviation struct {
	reason string
	fits   func(c call) bool
}

// intended are all differences between the controllers that are meant to be. None of them changes an object or an event.
var intended = []deviation{
	{"upstream keeps a Pod it has adopted as it was before, so that its first update in the same sync is refused as a conflict and made again " +
		"with the Pod as it is; the simulator makes the second update only",
		func(c call) bool { return c.verb == "update" && c.kind == "Pod" && apierrors.IsConflict(c.err) }},
}

// without is the outcome without requests that are meant to differ.
func (o outcome) without(deviations []deviation) outcome {
	o.calls = slices.DeleteFunc(o.calls, func(c call) bool {
		return slices.ContainsFunc(deviations, func(deviation deviation) bool { return deviation.fits(c) })
	})
	return o
}
