package why

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/store"
)

// tolerateUnready is what publishNotReadyAddresses was before it was a field.
const tolerateUnready = "service.alpha.kubernetes.io/tolerate-unready-endpoints"

const endpointUtils = "staging/src/k8s.io/endpointslice/utils.go"

// governingService is about what gives the Pods of a set their names.
func (a *asker) governingService(set *appsv1.StatefulSet) {
	name := set.Spec.ServiceName
	service, found := store.Get[*corev1.Service](a.view, set.Namespace, name)
	template := labels.Set(set.Spec.Template.Labels)
	silent := "nothing: the controller never looks at the Service (pkg/controller/statefulset)"
	switch {
	case name == "":
		if other := a.headlessFor(set); other != nil {
			a.say(fmt.Sprintf("%s names no Service, and so its Pods have no DNS names, although Service %s is headless and selects them", of(set), other.Name), of(set), silent, a.recreate(set, other.Name))
		}
	case !found:
		rule := fmt.Sprintf("Service %s (spec.serviceName) does not exist: the Pods run, and have no DNS names", name)
		command := a.kubectl(set.Namespace, "create service clusterip %s --clusterip=None", name) + ", with the selector " + template.String()
		holds := "Service " + set.Namespace + "/" + name
		if other := a.headlessFor(set); other != nil {
			rule += fmt.Sprintf("; the headless Service that selects them is named %s", other.Name)
			holds, command = of(set), a.recreate(set, other.Name)
		}
		a.say(rule, holds, silent, command)
	case service.Spec.ClusterIP != corev1.ClusterIPNone:
		a.say(fmt.Sprintf("%s is not headless (clusterIP %s): its own name leads to one address that hides the Pods", of(service), service.Spec.ClusterIP), of(service), silent,
			"make it anew with clusterIP: None: "+a.kubectl(service.Namespace, "delete service %s", service.Name))
	case len(service.Spec.Selector) > 0 && !labels.SelectorFromSet(service.Spec.Selector).Matches(template):
		a.say(fmt.Sprintf("the selector %s of %s does not match the labels %s of the Pods: they have no DNS names", labels.Set(service.Spec.Selector), of(service), template), of(service), silent,
			a.kubectl(service.Namespace, "set selector service %s %s", service.Name, joined(set.Spec.Selector.MatchLabels)))
	}
}

// recreate makes the set anew with another serviceName, which is immutable. The Pods go on running.
func (a *asker) recreate(set *appsv1.StatefulSet, service string) string {
	return fmt.Sprintf("spec.serviceName is immutable: %s, then apply it with serviceName: %s", a.kubectl(set.Namespace, "delete statefulset %s --cascade=orphan", set.Name), service)
}

// headlessFor is a headless Service that selects the set's Pods; nil when there is none.
func (a *asker) headlessFor(set *appsv1.StatefulSet) *corev1.Service {
	for service := range store.List[*corev1.Service](a.view, set.Namespace) {
		if service.Spec.ClusterIP == corev1.ClusterIPNone && len(service.Spec.Selector) > 0 &&
			labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(set.Spec.Template.Labels)) {
			return service
		}
	}
	return nil
}

// service follows a Service to its endpoints.
func (a *asker) service(service *corev1.Service) {
	if service.Spec.Type == corev1.ServiceTypeExternalName || len(service.Spec.Selector) == 0 {
		a.unselecting(service)
		return
	}
	var pods []*corev1.Pod
	for pod := range store.List[*corev1.Pod](a.view, service.Namespace) {
		if labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
			pods = append(pods, pod)
		}
	}
	if len(pods) == 0 {
		a.say(fmt.Sprintf("the selector %s of %s matches no Pod", labels.Set(service.Spec.Selector), of(service)), of(service), "endpoints: <none> ("+endpointUtils+")",
			a.kubectl(service.Namespace, "get pods --show-labels"))
	}
	var unready []*corev1.Pod
	for _, pod := range pods {
		if !ended(pod) && !service.Spec.PublishNotReadyAddresses && (!ready(pod) || pod.DeletionTimestamp != nil) {
			unready = append(unready, pod)
		}
	}
	for _, pod := range unready {
		a.say(fmt.Sprintf("Pod %s is no ready endpoint of %s, and DNS leaves it out: it is not Ready", pod.Name, of(service)), of(pod),
			"conditions.ready: false ("+endpointUtils+")", a.kubectl(service.Namespace, "describe pod %s", pod.Name)+", or set publishNotReadyAddresses: true on the Service")
	}
	if _, old := service.Annotations[tolerateUnready]; old && len(unready) > 0 {
		a.say(fmt.Sprintf("the annotation %s of %s does nothing any more: nobody reads it", tolerateUnready, of(service)), of(service), "",
			a.kubectl(service.Namespace, `patch service %s -p '{"spec":{"publishNotReadyAddresses":true}}'`, service.Name))
	}
	for _, pod := range unready {
		a.object(pod)
	}
	for _, pod := range pods {
		a.unnamedPort(service, pod)
		break // the Pods of a Service are made from one template
	}
	for set := range store.List[*appsv1.StatefulSet](a.view, service.Namespace) {
		if set.Spec.ServiceName == service.Name {
			a.governingService(set)
		} else if service.Spec.ClusterIP == corev1.ClusterIPNone && labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(set.Spec.Template.Labels)) {
			a.say(fmt.Sprintf("%s selects the Pods of %s, whose serviceName is %q: names such as %s.%s do not exist", of(service), of(set), set.Spec.ServiceName, podName(set, first(set)), service.Name),
				of(set), "hostname only where subdomain is the Service's name ("+endpointUtils+")", a.recreate(set, service.Name))
		}
	}
}

// unselecting is about a Service whose endpoints somebody else makes.
func (a *asker) unselecting(service *corev1.Service) {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return
	}
	for slice := range store.List[*discoveryv1.EndpointSlice](a.view, service.Namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] == service.Name && len(slice.Endpoints) > 0 {
			return
		}
	}
	a.say(fmt.Sprintf("%s has no selector, and nobody has made endpoints for it", of(service)), of(service), "", a.kubectl(service.Namespace, "set selector service %s KEY=VALUE", service.Name))
}

// unnamedPort is about a target port that has a name no container declares.
func (a *asker) unnamedPort(service *corev1.Service, pod *corev1.Pod) {
	for _, port := range service.Spec.Ports {
		if port.TargetPort.StrVal == "" {
			continue
		}
		declared := slices.ContainsFunc(pod.Spec.Containers, func(container corev1.Container) bool {
			return slices.ContainsFunc(container.Ports, func(own corev1.ContainerPort) bool { return own.Name == port.TargetPort.StrVal })
		})
		if !declared {
			a.say(fmt.Sprintf("port %d of %s leads to the port named %q, which no container of Pod %s declares", port.Port, of(service), port.TargetPort.StrVal, pod.Name), of(service),
				fmt.Sprintf("no suitable port for manifest: %s (staging/src/k8s.io/endpointslice/utils.go)", pod.UID), a.kubectl(service.Namespace, "describe service %s", service.Name))
		}
	}
}

func joined(marks map[string]string) string {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(marks)) {
		pairs = append(pairs, key+"="+marks[key])
	}
	return strings.Join(pairs, ",")
}
