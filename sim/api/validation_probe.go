package api

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/stsim/stsim/sim/api/field"
)

// oneOf counts how many of several exclusive fields are set and reports each after the first.
type oneOf struct {
	thing  string // as in "volume type"
	chosen bool
	errs   field.ErrorList
}

// first says whether the field with this name is set and is the first one that is.
func (o *oneOf) first(at field.Path, set bool, name string) bool {
	if !set {
		return false
	}
	if o.chosen {
		o.errs = append(o.errs, field.Forbidden(at.Child(name), "may not specify more than 1 "+o.thing))
		return false
	}
	o.chosen = true
	return true
}

func (o *oneOf) add(errs ...*field.Error) { o.errs = append(o.errs, errs...) }

// validateProbes checks the three probes of a container.
func validateProbes(container *corev1.Container, grace *int64, at field.Path) (errs field.ErrorList) {
	if probe := container.LivenessProbe; probe != nil {
		path := at.Child("livenessProbe")
		errs = append(errs, validateProbe(probe, grace, path)...)
		errs = append(errs, checkOneSuccess(probe, path)...)
	}
	if probe := container.ReadinessProbe; probe != nil {
		path := at.Child("readinessProbe")
		errs = append(errs, validateProbe(probe, grace, path)...)
		if probe.TerminationGracePeriodSeconds != nil {
			errs = append(errs, field.Invalid(path.Child("terminationGracePeriodSeconds"), probe.TerminationGracePeriodSeconds, "must not be set for readinessProbes"))
		}
	}
	if probe := container.StartupProbe; probe != nil {
		path := at.Child("startupProbe")
		errs = append(errs, validateProbe(probe, grace, path)...)
		errs = append(errs, checkOneSuccess(probe, path)...)
	}
	return errs
}

func checkOneSuccess(probe *corev1.Probe, at field.Path) field.ErrorList {
	if probe.SuccessThreshold == 1 {
		return nil
	}
	return field.ErrorList{field.Invalid(at.Child("successThreshold"), probe.SuccessThreshold, "must be 1")}
}

func validateProbe(probe *corev1.Probe, grace *int64, at field.Path) field.ErrorList {
	handler := corev1.LifecycleHandler{Exec: probe.Exec, HTTPGet: probe.HTTPGet, TCPSocket: probe.TCPSocket}
	errs := validateHandler(&handler, probe.GRPC, grace, at)
	errs = append(errs, checkNotNegative(probe.InitialDelaySeconds, at, "initialDelaySeconds")...)
	errs = append(errs, checkNotNegative(probe.TimeoutSeconds, at, "timeoutSeconds")...)
	errs = append(errs, checkNotNegative(probe.PeriodSeconds, at, "periodSeconds")...)
	errs = append(errs, checkNotNegative(probe.SuccessThreshold, at, "successThreshold")...)
	errs = append(errs, checkNotNegative(probe.FailureThreshold, at, "failureThreshold")...)
	if seconds := probe.TerminationGracePeriodSeconds; seconds != nil && *seconds <= 0 {
		errs = append(errs, field.Invalid(at.Child("terminationGracePeriodSeconds"), *seconds, "must be greater than 0"))
	}
	return errs
}

// validateHandler checks what a probe or a lifecycle hook does. GRPC is for probes only.
func validateHandler(handler *corev1.LifecycleHandler, grpc *corev1.GRPCAction, grace *int64, at field.Path) field.ErrorList {
	is := oneOf{thing: "handler type"}
	if is.first(at, handler.Exec != nil, "exec") && len(handler.Exec.Command) == 0 {
		is.add(field.Required(at.Child("exec", "command"), ""))
	}
	if is.first(at, handler.HTTPGet != nil, "httpGet") {
		is.add(validateHTTPGet(handler.HTTPGet, at.Child("httpGet"))...)
	}
	if is.first(at, handler.TCPSocket != nil, "tcpSocket") {
		is.add(checkPort(handler.TCPSocket.Port, at.Child("tcpSocket", "port"))...)
	}
	if is.first(at, grpc != nil, "grpc") {
		is.add(checkPort(intstr.FromInt32(grpc.Port), at.Child("grpc", "port"))...)
	}
	if is.first(at, handler.Sleep != nil, "sleep") && grace != nil {
		if seconds := handler.Sleep.Seconds; seconds < 0 || seconds > *grace {
			is.add(field.Invalid(at.Child("sleep"), seconds, fmt.Sprintf("must be non-negative and less than terminationGracePeriodSeconds (%d)", *grace)))
		}
	}
	if !is.chosen {
		is.add(field.Required(at, "must specify a handler type"))
	}
	return is.errs
}

func validateHTTPGet(action *corev1.HTTPGetAction, at field.Path) (errs field.ErrorList) {
	if action.Path == "" {
		errs = append(errs, field.Required(at.Child("path"), ""))
	}
	errs = append(errs, checkPort(action.Port, at.Child("port"))...)
	errs = append(errs, checkAmong(action.Scheme, at.Child("scheme"), corev1.URISchemeHTTP, corev1.URISchemeHTTPS)...)
	for _, header := range action.HTTPHeaders {
		errs = append(errs, invalids(at.Child("httpHeaders"), header.Name, validation.IsHTTPHeaderName(header.Name))...)
	}
	return errs
}

// checkPort checks a port that is given by number or by name.
func checkPort(port intstr.IntOrString, at field.Path) field.ErrorList {
	switch port.Type {
	case intstr.Int:
		return invalids(at, port.IntValue(), validation.IsValidPortNum(port.IntValue()))
	case intstr.String:
		return invalids(at, port.StrVal, validation.IsValidPortName(port.StrVal))
	}
	return field.ErrorList{field.InternalError(at, fmt.Errorf("unknown type: %v", port.Type))}
}

func validateLifecycle(lifecycle *corev1.Lifecycle, grace *int64, os *corev1.PodOS, at field.Path) (errs field.ErrorList) {
	if lifecycle.PostStart != nil {
		errs = append(errs, validateHandler(lifecycle.PostStart, nil, grace, at.Child("postStart"))...)
	}
	if lifecycle.PreStop != nil {
		errs = append(errs, validateHandler(lifecycle.PreStop, nil, grace, at.Child("preStop"))...)
	}
	if lifecycle.StopSignal != nil && os == nil {
		errs = append(errs, field.Forbidden(at.Child("stopSignal"), "may not be set for containers with empty `spec.os.name`"))
	}
	return errs
}
