package why

import (
	"fmt"
	"regexp"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

// missing are upstream's sentences about an object that another one names and that is not there, with what would make it.
var missing = []struct {
	sentence *regexp.Regexp // the first group is the name
	kind     string
	command  string // format with the name
}{
	{regexp.MustCompile(`serviceaccount "([^"]+)" not found`), "ServiceAccount", "create serviceaccount %s"},
	{regexp.MustCompile(`no PriorityClass with name (\S+) was found`), "PriorityClass", "create priorityclass %s --value=1000"},
	{regexp.MustCompile(`configmap "([^"]+)" not found`), "ConfigMap", "create configmap %s --from-literal=KEY=VALUE"},
	{regexp.MustCompile(`secret "([^"]+)" not found`), "Secret", "create secret generic %s --from-literal=KEY=VALUE"},
	{regexp.MustCompile(`couldn't find key \S+ in ConfigMap [^/]+/(\S+)`), "ConfigMap", "edit configmap %s"},
	{regexp.MustCompile(`couldn't find key \S+ in Secret [^/]+/(\S+)`), "Secret", "edit secret %s"},
}

// named reads a sentence for an object that it misses: which it is, what would help, and a name that it may have been meant to have. Holds is empty when
// the sentence is about something else, or when the object is there by now.
func (a *asker) named(namespace, sentence string) (holds, command, hint string) {
	for _, row := range missing {
		match := row.sentence.FindStringSubmatch(sentence)
		if match == nil {
			continue
		}
		kind := api.KindNamed(row.kind)
		if !kind.Namespaced {
			namespace = ""
		}
		if near := nearest(a.view, kind, namespace, match[1]); near != "" {
			hint = fmt.Sprintf(" (there is %s)", near)
		}
		return row.kind + " " + api.Name{Namespace: namespace, Name: match[1]}.String(), a.kubectl(namespace, row.command, match[1]), hint
	}
	return "", "", ""
}

// unmade is about a Pod that the API refused because of what it names.
func (a *asker) unmade(set *appsv1.StatefulSet, pod string, event *corev1.Event) (rule, holds, command string) {
	rule = fmt.Sprintf("Pod %s could not be created; the controller tries again, at longer and longer intervals", pod)
	holds, command, hint := a.named(set.Namespace, event.Message)
	if holds == "" {
		return rule, of(set), a.kubectl(set.Namespace, "describe statefulset %s", set.Name)
	}
	return fmt.Sprintf("Pod %s could not be created: its template names %s, which does not exist%s", pod, holds, hint), holds, command
}
