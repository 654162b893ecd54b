package why

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Answer is one reason, or the word that there is none.
type Answer struct {
	Rule     string `json:"rule"`                 // what holds the object, as a sentence; for an object that is fine, that it is
	Holds    string `json:"mustChange,omitempty"` // the object that must change, e.g. "Pod default/web-0"; empty when nothing holds or only time helps
	Upstream string `json:"upstream,omitempty"`   // upstream's own sentence, an event or a log line, and the source file it is in; empty when it says nothing
	Command  string `json:"toFreeIt,omitempty"`   // what would free it; empty when it needs no help
}

// Fine says whether the answer is that nothing holds the object.
func (a Answer) Fine() bool { return a.Holds == "" && a.Upstream == "" && a.Command == "" }

// Why says what holds an object, most immediate first: there is always at least one answer. Kind is written as in manifests
// (StatefulSet, Pod, ...) or as kubectl takes it (sts, po, pvc, pv, svc, no, pdb, ns); namespace is ignored for kinds that have none. The kind dns is for
// names, as a Pod of the namespace would ask for them. For another kind, and for an object that does not exist, the answer says so.
func Why(view store.View, settings *api.Settings, kind, namespace, name string) []Answer {
	a := &asker{view: view, settings: settings, asked: map[string]bool{}}
	if strings.EqualFold(kind, nameKind) {
		return explainName(view, settings, namespace, name).Answers
	}
	row := kindOf(kind)
	if row == nil {
		return []Answer{{Rule: fmt.Sprintf("nothing is known about why for %q", kind), Command: "ask about " + known()}}
	}
	if !row.Namespaced {
		namespace = ""
	}
	a.madeSilentAPI()
	a.about(row, namespace, name)
	if len(a.answers) == 0 {
		a.answers = []Answer{{Rule: fmt.Sprintf("%s %s is fine: nothing holds it", row.Kind, api.Name{Namespace: namespace, Name: name})}}
	}
	return a.answers
}

// Text prints answers for people.
func Text(answers []Answer) string {
	var text strings.Builder
	for _, answer := range answers {
		fmt.Fprintln(&text, answer.Rule)
		for _, line := range []struct{ label, value string }{
			{"must change:", answer.Holds}, {"upstream:", answer.Upstream}, {"to free it:", answer.Command},
		} {
			if line.value != "" {
				fmt.Fprintf(&text, "  %-12s %s\n", line.label, line.value)
			}
		}
	}
	return text.String()
}

// asker collects the answers to one question.
type asker struct {
	view     store.View
	settings *api.Settings
	answers  []Answer
	asked    map[string]bool // objects that were looked at, so that no chain becomes a circle
}

// kinds are those that can be asked about, in the order in which they are told.
var kinds = []string{"StatefulSet", "Pod", "PersistentVolumeClaim", "PersistentVolume", "Service", "Node", "PodDisruptionBudget", "Namespace"}

func kindOf(word string) *api.Kind {
	for _, name := range kinds {
		kind := api.KindNamed(name)
		lower := strings.ToLower(word)
		if lower == strings.ToLower(kind.Kind) || lower == kind.Resource || lower == kind.Singular {
			return kind
		}
		for _, short := range kind.ShortNames {
			if lower == short {
				return kind
			}
		}
	}
	return nil
}

func known() string {
	words := make([]string, len(kinds))
	for i, name := range kinds {
		words[i] = strings.ToLower(name)
	}
	return strings.Join(append(words, nameKind), ", ")
}

// about adds what holds one object.
func (a *asker) about(kind *api.Kind, namespace, name string) {
	key := kind.Kind + "/" + namespace + "/" + name
	if a.asked[key] {
		return
	}
	a.asked[key] = true
	object, found := a.view.Object(kind, namespace, name)
	if !found {
		a.absent(kind, namespace, name)
		return
	}
	switch object := object.(type) {
	case *appsv1.StatefulSet:
		a.statefulSet(object)
	case *corev1.Pod:
		a.pod(object)
	case *corev1.PersistentVolumeClaim:
		a.claim(object)
	case *corev1.Service:
		a.service(object)
	case *corev1.Node:
		a.node(object)
	case *policyv1.PodDisruptionBudget:
		a.budget(object)
	case *corev1.PersistentVolume:
		a.volume(object)
	case *corev1.Namespace:
		a.namespace(object)
	default: // at the end of a chain
		if object.GetDeletionTimestamp() != nil {
			a.finalizers(object, object.GetFinalizers())
		}
	}
}

// absent is about an object that is not there. A Pod that a StatefulSet is to make is asked for at its set.
func (a *asker) absent(kind *api.Kind, namespace, name string) {
	a.say(fmt.Sprintf("there is no %s %s%s", kind.Kind, api.Name{Namespace: namespace, Name: name}, a.instead(kind, namespace, name)), "",
		fmt.Sprintf("Error from server (NotFound): %s %q not found", resourceOf(kind), name), a.kubectl(namespace, "get %s", kind.Resource))
	if kind.Kind != "Pod" {
		return
	}
	at := strings.LastIndexByte(name, '-')
	if at < 0 {
		return
	}
	set, found := store.Get[*appsv1.StatefulSet](a.view, namespace, name[:at])
	if !found {
		return
	}
	if ordinal := ordinalOf(set, name); ordinal < first(set) || ordinal >= first(set)+replicas(set) {
		a.say(fmt.Sprintf("StatefulSet %s wants %s", api.NameOf(set), ordinals(set)), of(set), "", a.kubectl(namespace, "scale statefulset %s --replicas=%d", set.Name, ordinal-first(set)+1))
		return
	}
	a.object(set)
}

// instead is what may have been meant by the name of an object that is not there.
func (a *asker) instead(kind *api.Kind, namespace, name string) string {
	if near := nearest(a.view, kind, namespace, name); near != "" {
		return fmt.Sprintf("; there is %s", near)
	}
	if other := elsewhere(a.view, kind, namespace, name); other != "" {
		return fmt.Sprintf("; there is one in namespace %s", other)
	}
	return ""
}

func resourceOf(kind *api.Kind) string {
	if kind.Group == "" {
		return kind.Resource
	}
	return kind.Resource + "." + kind.Group
}

// object adds what holds another object, on which the one before depends.
func (a *asker) object(object api.Object) {
	a.about(api.KindOf(object), object.GetNamespace(), object.GetName())
}

func (a *asker) say(rule, holds, upstream, command string) {
	a.answers = append(a.answers, Answer{Rule: rule, Holds: holds, Upstream: upstream, Command: command})
}

// kubectl is a command, with the namespace unless it is the default one.
func (a *asker) kubectl(namespace, format string, values ...any) string {
	command := "kubectl " + fmt.Sprintf(format, values...)
	if namespace != "" && namespace != "default" {
		command += " -n " + namespace
	}
	return command
}

// of names an object that must change.
func of(object api.Object) string { return api.KindOf(object).Kind + " " + api.NameOf(object).String() }

// event is the newest event about an object with one of the reasons; nil when there is none.
func (a *asker) event(object api.Object, reasons ...string) *corev1.Event {
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = "default"
	}
	var newest *corev1.Event
	for event := range store.List[*corev1.Event](a.view, namespace) {
		if !regards(event, object) || newest != nil && event.LastTimestamp.Before(&newest.LastTimestamp) {
			continue
		}
		for _, reason := range reasons {
			if event.Reason == reason {
				newest = event
			}
		}
	}
	return newest
}

// regards says whether an event is about an object. Some components do not know its uid, and say nothing or the name of the node.
func regards(event *corev1.Event, object api.Object) bool {
	about := &event.InvolvedObject
	return about.Kind == api.KindOf(object).Kind && about.Name == object.GetName() &&
		(about.UID == object.GetUID() || about.UID == "" || string(about.UID) == object.GetName())
}

// eventSaying is the newest event with a reason and a message that begins so; nil when there is none.
func (a *asker) eventSaying(object api.Object, reason, begins string) *corev1.Event {
	var newest *corev1.Event
	for event := range store.List[*corev1.Event](a.view, object.GetNamespace()) {
		if regards(event, object) && event.Reason == reason && strings.HasPrefix(event.Message, begins) &&
			(newest == nil || !event.LastTimestamp.Before(&newest.LastTimestamp)) {
			newest = event
		}
	}
	return newest
}

// told quotes an event, and where upstream records it; without an event, the text that it would have.
func told(event *corev1.Event, otherwise, file string) string {
	if event != nil {
		return fmt.Sprintf("event %s %q (%s)", event.Reason, event.Message, file)
	}
	if otherwise == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s)", otherwise, file)
}

// logged quotes a log line, which nobody sees who cannot read the controller manager's log.
func logged(text, file string) string { return fmt.Sprintf("log %q (%s)", text, file) }
