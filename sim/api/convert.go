package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// ToStored converts an object from a served version to the stored one, and fills in the defaults in which the
// old version differed. An object in the stored version is given back as it is; any other is left unchanged.
// An error says that the kind is not kept in any version.
func ToStored(object runtime.Object) (Object, error) {
	if stored, ok := object.(Object); ok && KindOf(stored) != nil {
		return stored, nil
	}
	if event, ok := object.(*eventsv1.Event); ok {
		return storedEvent(event), nil
	}
	gvk, kind, err := kindServedAs(object)
	if err != nil {
		return nil, err
	}
	stored := kind.New()
	if err := reshape(object, stored); err != nil {
		return nil, err
	}
	Stamp(stored)
	defaultAsIn(gvk.GroupVersion(), stored)
	return stored, nil
}

// FromStored converts an object to another version in which its kind is served, e.g. apps/v1beta1. The object is
// left unchanged; in the stored version it is given back itself.
func FromStored(object Object, version schema.GroupVersion) (runtime.Object, error) {
	kind := KindOf(object)
	if kind == nil {
		return nil, fmt.Errorf("expected an object of a kind that is kept, found %T", object)
	}
	if version == (schema.GroupVersion{Group: kind.Group, Version: kind.Version}) {
		return object, nil
	}
	if event, ok := object.(*corev1.Event); ok && version == eventsv1.SchemeGroupVersion {
		return servedEvent(event), nil
	}
	served, err := scheme.New(version.WithKind(kind.Kind))
	if err != nil {
		return nil, noMatch(version.WithKind(kind.Kind))
	}
	source := object
	if budget, ok := object.(*policyv1.PodDisruptionBudget); ok {
		source = olderBudget(budget)
	}
	if err := reshape(source, served); err != nil {
		return nil, err
	}
	served.GetObjectKind().SetGroupVersionKind(version.WithKind(kind.Kind))
	return served, nil
}

func kindServedAs(object runtime.Object) (schema.GroupVersionKind, *Kind, error) {
	found, _, err := scheme.ObjectKinds(object)
	if err != nil {
		return schema.GroupVersionKind{}, nil, fmt.Errorf("expected an object of a kind that is served, found %T", object)
	}
	kind := KindNamed(found[0].Kind)
	if kind == nil {
		return schema.GroupVersionKind{}, nil, fmt.Errorf("%s is not simulated", found[0].Kind)
	}
	return found[0], kind, nil
}

// reshape carries the fields that both types have; the versions of a kind name them alike.
func reshape(from, to any) error {
	text, err := json.Marshal(from)
	if err != nil {
		return fmt.Errorf("converting %T: %w", from, err)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("converting %T to %T: %w", from, to, err)
	}
	return nil
}

// defaultAsIn fills in what the version defaulted otherwise than the stored one does.
// Upstream: pkg/apis/{apps,extensions}/v1beta1/defaults.go, pkg/apis/policy/v1beta1/conversion.go.
func defaultAsIn(version schema.GroupVersion, object Object) {
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		if version.Version == "v1beta1" {
			if object.Spec.UpdateStrategy.Type == "" {
				object.Spec.UpdateStrategy.Type = appsv1.OnDeleteStatefulSetStrategyType
			}
			selectTemplate(&object.Spec.Selector, &object.ObjectMeta, &object.Spec.Template)
		}
	case *appsv1.Deployment:
		if version.Version == "v1beta1" {
			selectTemplate(&object.Spec.Selector, &object.ObjectMeta, &object.Spec.Template)
			defaultOldDeployment(&object.Spec, version.Group)
		}
	case *appsv1.ReplicaSet:
		if version.Group == "extensions" {
			selectTemplate(&object.Spec.Selector, &object.ObjectMeta, &object.Spec.Template)
		}
	case *appsv1.DaemonSet:
		if version.Group == "extensions" {
			selectTemplate(&object.Spec.Selector, &object.ObjectMeta, &object.Spec.Template)
			if object.Spec.UpdateStrategy.Type == "" {
				object.Spec.UpdateStrategy.Type = appsv1.OnDeleteDaemonSetStrategyType
			}
		}
	case *policyv1.PodDisruptionBudget:
		newerBudget(object)
	}
}

// selectTemplate selects the template's labels when no selector is given, and labels the object so.
func selectTemplate(selector **metav1.LabelSelector, meta *metav1.ObjectMeta, template *corev1.PodTemplateSpec) {
	if template.Labels == nil {
		return
	}
	if *selector == nil {
		*selector = &metav1.LabelSelector{MatchLabels: maps.Clone(template.Labels)}
	}
	if len(meta.Labels) == 0 {
		meta.Labels = maps.Clone(template.Labels)
	}
}

func defaultOldDeployment(spec *appsv1.DeploymentSpec, group string) {
	if group == "apps" {
		defaultCount(&spec.RevisionHistoryLimit, 2)
		return
	}
	if spec.Strategy.Type == "" {
		spec.Strategy.Type = appsv1.RollingUpdateDeploymentStrategyType
	}
	if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType || spec.Strategy.RollingUpdate != nil {
		if spec.Strategy.RollingUpdate == nil {
			spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{}
		}
		defaultShare(&spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromInt32(1))
		defaultShare(&spec.Strategy.RollingUpdate.MaxSurge, intstr.FromInt32(1))
	}
	// The largest number means none.
	defaultCount(&spec.ProgressDeadlineSeconds, math.MaxInt32)
	defaultCount(&spec.RevisionHistoryLimit, math.MaxInt32)
}

// In policy/v1beta1 an empty selector selects nothing, in policy/v1 everything. Both can be said in the other
// version with an expression on this label.
const emptySelectorLabel = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"

func emptySelector(operator metav1.LabelSelectorOperator) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: emptySelectorLabel, Operator: operator}}}
}

func newerBudget(budget *policyv1.PodDisruptionBudget) {
	switch selector := budget.Spec.Selector; {
	case selector == nil:
	case len(selector.MatchLabels)+len(selector.MatchExpressions) == 0:
		budget.Spec.Selector = emptySelector(metav1.LabelSelectorOpExists)
	case sameMeaning(selector, emptySelector(metav1.LabelSelectorOpDoesNotExist)):
		budget.Spec.Selector = &metav1.LabelSelector{}
	}
}

func olderBudget(budget *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudget {
	older := *budget
	switch selector := budget.Spec.Selector; {
	case selector == nil:
	case len(selector.MatchLabels)+len(selector.MatchExpressions) == 0:
		older.Spec.Selector = emptySelector(metav1.LabelSelectorOpDoesNotExist)
	case sameMeaning(selector, emptySelector(metav1.LabelSelectorOpExists)):
		older.Spec.Selector = &metav1.LabelSelector{}
	}
	return &older
}

// storedEvent and servedEvent are upstream's pkg/apis/events/v1/conversion.go.
func storedEvent(event *eventsv1.Event) *corev1.Event {
	stored := Stamp(&corev1.Event{
		ObjectMeta: event.ObjectMeta, InvolvedObject: event.Regarding, Reason: event.Reason, Message: event.Note,
		Source: event.DeprecatedSource, FirstTimestamp: event.DeprecatedFirstTimestamp, LastTimestamp: event.DeprecatedLastTimestamp,
		Count: event.DeprecatedCount, Type: event.Type, EventTime: event.EventTime, Action: event.Action, Related: event.Related,
		ReportingController: event.ReportingController, ReportingInstance: event.ReportingInstance,
	})
	if event.Series != nil {
		stored.Series = ptr.To(corev1.EventSeries{Count: event.Series.Count, LastObservedTime: event.Series.LastObservedTime})
	}
	return stored
}

func servedEvent(event *corev1.Event) *eventsv1.Event {
	served := &eventsv1.Event{
		ObjectMeta: event.ObjectMeta, Regarding: event.InvolvedObject, Reason: event.Reason, Note: event.Message,
		DeprecatedSource: event.Source, DeprecatedFirstTimestamp: event.FirstTimestamp, DeprecatedLastTimestamp: event.LastTimestamp,
		DeprecatedCount: event.Count, Type: event.Type, EventTime: event.EventTime, Action: event.Action, Related: event.Related,
		ReportingController: event.ReportingController, ReportingInstance: event.ReportingInstance,
	}
	served.SetGroupVersionKind(eventsv1.SchemeGroupVersion.WithKind("Event"))
	if event.Series != nil {
		served.Series = ptr.To(eventsv1.EventSeries{Count: event.Series.Count, LastObservedTime: event.Series.LastObservedTime})
	}
	return served
}
