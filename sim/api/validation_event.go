package api

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// validateEvent is upstream's legacyValidateEvent (pkg/apis/core/validation/events.go), which core/v1 events pass. Those with an eventTime are of the
// new form, whose fields must be there.
func validateEvent(event *corev1.Event) (errs field.ErrorList) {
	namespace, regarding := event.Namespace, event.InvolvedObject.Namespace
	var agree bool
	switch isNew := !event.EventTime.IsZero(); {
	case isNew:
		agree = regarding != "" || namespace == "default" || namespace == "kube-system"
	case regarding == "":
		agree = namespace == "" || namespace == "default"
	default:
		agree = namespace == regarding
	}
	if !agree {
		errs = append(errs, field.Invalid(field.NewPath("involvedObject", "namespace"), regarding, "does not match event.namespace"))
	}
	if !event.EventTime.IsZero() {
		path := field.NewPath("reportingComponent")
		errs = append(errs, required(event.ReportingController, path)...)
		errs = append(errs, checkQualifiedName(event.ReportingController, path)...)
		for _, one := range []struct{ name, value string }{{"reportingInstance", event.ReportingInstance}, {"action", event.Action}, {"reason", event.Reason}} {
			errs = append(errs, required(one.value, field.NewPath(one.name))...)
			errs = append(errs, checkLength(one.value, 128, one.name)...)
		}
		errs = append(errs, checkLength(event.Message, 1024, "message")...)
	}
	return append(errs, checkSubdomain(namespace, field.NewPath("namespace"))...)
}

func checkLength(value string, most int, name string) field.ErrorList {
	if len(value) <= most {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath(name), "", fmt.Sprintf("can have at most %v characters", most))}
}
