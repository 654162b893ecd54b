package why

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

// nameKind is what a question about a name in DNS begins with: why dns/web-0.nginx. It is asked as a Pod of the namespace asks.
const nameKind = "dns"

const corednsCache = "plugin cache of CoreDNS, which kubeadm before 1.32 sets up for everything"

// name says why a name in DNS leads nowhere, or elsewhere than one would think. It is true when DNS knows the name.
func (a *asker) name(namespace, asked string) (known bool) {
	live := a.resolver(namespace, false)
	_, final := live.Lookup(asked, dns.TypeA, true)
	addresses := dnsserver.Addresses(final.Response)
	full := strings.TrimSuffix(final.Question.Name, ".")
	if len(addresses) == 0 {
		n := a.parseName(namespace, asked)
		if n.full != "" {
			a.remembered(namespace, n.full, nil)
		}
		a.unknownName(n)
		return false
	}
	if !a.remembered(namespace, full, addresses) {
		a.say(fmt.Sprintf("%s is %s: %s", asked, full, texts(addresses)), "", "", "")
	}
	return true
}

// resolver asks as a Pod does, with what DNS remembers or without.
func (a *asker) resolver(namespace string, remembering bool) dnsserver.Resolver {
	settings := *a.settings
	if !remembering {
		settings.DNS.Cache = 0
	}
	return network.ResolverWith(a.view, readOnly{a.view}, &settings, nil, dnsserver.SearchList(namespace, settings.Zone, nil), dnsserver.ClusterNdots)
}

// readOnly is what DNS remembers, for somebody whose questions leave no trace.
type readOnly struct{ view store.View }

func (r readOnly) Load(key string) (dnsserver.CachedReply, bool) {
	return network.RememberedReply(r.view, key)
}

func (readOnly) Save(string, dnsserver.CachedReply) {}

// remembered is about a reply that was true once.
func (a *asker) remembered(namespace, full string, now []netip.Addr) bool {
	exchanges := a.resolver(namespace, true).Ask(full, dns.TypeA)
	reply := exchanges[len(exchanges)-1].Response
	said := dnsserver.Addresses(reply)
	if sameAddresses(said, now) {
		return false
	}
	left := time.Duration(0)
	for _, record := range append(reply.Answer[:len(reply.Answer):len(reply.Answer)], reply.Ns...) {
		left = time.Duration(record.Header().Ttl) * time.Second
	}
	rule := fmt.Sprintf("for %s more DNS says that %s is %s: it remembers what was so", left, full, texts(said))
	switch {
	case len(said) == 0:
		rule = fmt.Sprintf("for %s more DNS says that there is no %s: somebody asked too early, and it remembers that for %s", left, full, a.settings.DNS.Cache)
	case len(now) > 0:
		rule += fmt.Sprintf(", and it is %s now", texts(now))
	}
	a.say(rule, "", corednsCache, "wait; since kubeadm 1.32 names of the cluster are not remembered")
	return true
}

func sameAddresses(x, y []netip.Addr) bool {
	x, y = slices.Clone(x), slices.Clone(y)
	slices.SortFunc(x, netip.Addr.Compare)
	slices.SortFunc(y, netip.Addr.Compare)
	return slices.Equal(x, y)
}

func texts(addresses []netip.Addr) string {
	words := make([]string, len(addresses))
	for i, address := range addresses {
		words[i] = address.String()
	}
	return strings.Join(words, ", ")
}

// dnsName is a name as the one who asks seems to mean it.
type dnsName struct {
	asked                    string
	host, service, namespace string
	full                     string // with the domain of the cluster; empty when it cannot be the name of a Service or of a Pod
	pods                     bool   // it is below pod.ZONE
}

func (a *asker) parseName(namespace, asked string) dnsName {
	n := dnsName{asked: asked, namespace: namespace}
	text := strings.ToLower(strings.TrimSuffix(asked, "."))
	text, whole := strings.CutSuffix(text, "."+a.settings.Zone)
	words := strings.Split(text, ".")
	for len(words) > 1 && strings.HasPrefix(words[0], "_") {
		words = words[1:] // port and protocol
	}
	last := len(words) - 1
	switch subtree := words[last]; {
	case last > 0 && subtree == "pod":
		n.pods = true
		return n
	case last > 0 && subtree == "svc":
		words, whole = words[:last], true
	}
	if slices.Contains(words, "") {
		return n
	}
	_, isNamespace := store.Get[*corev1.Namespace](a.view, "", words[len(words)-1])
	switch {
	case len(words) == 1:
		n.service = words[0]
	case len(words) == 2 && (whole || isNamespace):
		n.service, n.namespace = words[0], words[1]
	case len(words) == 2:
		n.host, n.service = words[0], words[1]
	case len(words) == 3:
		n.host, n.service, n.namespace = words[0], words[1], words[2]
	default:
		return n
	}
	n.full = a.fullName(n.host, n.service, n.namespace)
	return n
}

func (a *asker) fullName(host, service, namespace string) string {
	name := service + "." + namespace + ".svc." + a.settings.Zone
	if host != "" {
		name = host + "." + name
	}
	return name
}

// unknownName is about a name that DNS does not know.
func (a *asker) unknownName(n dnsName) {
	if n.pods {
		a.say(fmt.Sprintf("below pod.%s there are addresses and no names of Pods: 10-244-1-2.NAMESPACE.pod.%s", a.settings.Zone, a.settings.Zone), "", "", "ask for POD.SERVICE.NAMESPACE.svc."+a.settings.Zone)
		return
	}
	if n.full == "" {
		a.say(fmt.Sprintf("%s is no name of the cluster: those are [POD.]SERVICE.NAMESPACE.svc.%s", n.asked, a.settings.Zone), "", "", "")
		return
	}
	if _, found := store.Get[*corev1.Namespace](a.view, "", n.namespace); !found {
		a.say(fmt.Sprintf("there is no namespace %s, and so no %s", n.namespace, n.full), "Namespace "+n.namespace, "", a.kubectl("", "get namespaces"))
		return
	}
	service, found := store.Get[*corev1.Service](a.view, n.namespace, n.service)
	switch {
	case !found:
		a.withoutService(n)
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		a.say(fmt.Sprintf("%s is another name for %s, which the cluster's DNS does not know", of(service), service.Spec.ExternalName), of(service), "", a.kubectl(n.namespace, "edit service %s", service.Name))
	case n.host == "":
		a.about(api.KindOf(service), service.Namespace, service.Name)
	default:
		a.member(n, service)
	}
	if len(a.answers) == 0 {
		a.say(fmt.Sprintf("there is no %s yet, and nothing holds it: it is about to be there", n.full), "", "", "")
	}
}

// withoutService is about a name whose Service is not there.
func (a *asker) withoutService(n dnsName) {
	if n.host == "" {
		if pod, found := store.Get[*corev1.Pod](a.view, n.namespace, n.service); found {
			a.nameOnly(n, pod)
			return
		}
	}
	governs := false
	for set := range store.List[*appsv1.StatefulSet](a.view, n.namespace) {
		if set.Spec.ServiceName == n.service {
			a.governingService(set)
			governs = true
		}
	}
	if pod, found := store.Get[*corev1.Pod](a.view, n.namespace, n.host); found && !governs {
		a.elsewhere(pod)
		return
	}
	if !governs {
		a.about(api.KindNamed("Service"), n.namespace, n.service)
	}
}

// nameOnly is about a question for a Pod's name and nothing more.
func (a *asker) nameOnly(n dnsName, pod *corev1.Pod) {
	rule := fmt.Sprintf("%s is the name of a Pod, and in DNS a Pod has a name only below a Service", n.asked)
	if pod.Spec.Subdomain == "" {
		a.say(rule+"; this one has none (spec.subdomain)", of(pod), "", "")
		return
	}
	full := a.fullName(hostOf(pod), pod.Spec.Subdomain, pod.Namespace)
	a.say(rule, "", "", "ask for "+hostOf(pod)+"."+pod.Spec.Subdomain+", or in other namespaces "+full)
}

// elsewhere is about a Pod that has its name below another Service than the one asked for.
func (a *asker) elsewhere(pod *corev1.Pod) {
	rule := fmt.Sprintf("%s has no name in DNS: it has no spec.subdomain", of(pod))
	if pod.Spec.Subdomain != "" {
		rule = fmt.Sprintf("%s has its name below Service %s only, which is its spec.subdomain: %s", of(pod), pod.Spec.Subdomain, a.fullName(hostOf(pod), pod.Spec.Subdomain, pod.Namespace))
	}
	holds, command := of(pod), ""
	if set := a.setOf(pod); set != nil {
		holds = of(set)
		rule += fmt.Sprintf(" (%s has serviceName: %q)", of(set), set.Spec.ServiceName)
	}
	if pod.Spec.Subdomain != "" {
		command = "ask for " + hostOf(pod) + "." + pod.Spec.Subdomain
	}
	a.say(rule, holds, "hostname only where subdomain is the Service's name ("+endpointUtils+")", command)
}

func hostOf(pod *corev1.Pod) string {
	if pod.Spec.Hostname != "" {
		return pod.Spec.Hostname
	}
	return pod.Name
}

func (a *asker) setOf(pod *corev1.Pod) *appsv1.StatefulSet {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "StatefulSet" {
		return nil
	}
	set, _ := store.Get[*appsv1.StatefulSet](a.view, pod.Namespace, owner.Name)
	return set
}

// member is about the name of a Pod below a Service that is there.
func (a *asker) member(n dnsName, service *corev1.Service) {
	pod, found := store.Get[*corev1.Pod](a.view, n.namespace, n.host)
	switch {
	case !found:
		a.about(api.KindNamed("Pod"), n.namespace, n.host)
	case pod.Spec.Subdomain != service.Name:
		a.elsewhere(pod)
	case !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)):
		a.say(fmt.Sprintf("the selector %s of %s does not match the labels %s of %s", labels.Set(service.Spec.Selector), of(service), labels.Set(pod.Labels), of(pod)), of(service),
			"endpoints: <none> ("+endpointUtils+")", a.kubectl(n.namespace, "get pods --show-labels"))
	case (!ready(pod) || pod.DeletionTimestamp != nil) && !service.Spec.PublishNotReadyAddresses:
		a.say(fmt.Sprintf("%s is not Ready, and so DNS has no name for it", of(pod)), of(pod), "conditions.ready: false ("+endpointUtils+")",
			a.kubectl(n.namespace, "describe pod %s", pod.Name)+", or set publishNotReadyAddresses: true on the Service")
		a.object(pod)
	}
}

// explainName is the report about a name.
func explainName(view store.View, settings *api.Settings, namespace, name string) Report {
	a := &asker{view: view, settings: settings, asked: map[string]bool{}}
	known := a.name(namespace, name)
	return Report{Kind: "DNS", Namespace: namespace, Name: name, Found: known, Fine: known && a.answers[0].Fine(), Answers: a.answers}
}
