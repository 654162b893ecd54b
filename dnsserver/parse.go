package dnsserver

import (
	"strings"

	"github.com/miekg/dns"
)

// maxLabels is the number of labels that fit into a domain name of 255 octets.
const maxLabels = 127

// labels is a fully qualified name and where its labels begin. Escaped dots do not separate labels.
type labels struct {
	name   string
	starts [maxLabels]uint16
	count  int
}

// splitLabels expects a valid, fully qualified name; labels beyond maxLabels are not possible in one.
func splitLabels(name string) (l labels) {
	l.name = name
	if name == "." {
		return l
	}
	for start, end := 0, false; !end && l.count < maxLabels; start, end = dns.NextLabel(name, start) {
		l.starts[l.count] = uint16(start)
		l.count++
	}
	return l
}

// label returns the label at a position, counted from the left.
func (l *labels) label(position int) string {
	end := len(l.name) - 1
	if position+1 < l.count {
		end = int(l.starts[position+1]) - 1
	}
	return l.name[l.starts[position]:end]
}

// cut returns how many labels stand before the zone, and whether the name is in the zone at all.
// Both names must be in lower case.
func (l *labels) cut(zone string) (before int, inside bool) {
	before = l.count - dns.CountLabel(zone)
	if before < 0 || before >= l.count || l.name[l.starts[before]:] != zone {
		return 0, false
	}
	return before, true
}

// subject is what kind of thing a name in the zone denotes.
type subject uint8

const (
	// nothing: no cluster can have this name.
	nothing subject = iota
	// apex is the zone itself.
	apex
	// subtree is svc.Z or pod.Z, names that have no records but always exist.
	subtree
	// namespace is <namespace>.svc.Z or <namespace>.pod.Z.
	namespace
	// service is a service, one of its named ports, or one of its endpoints.
	service
	// pod is <address>.<namespace>.pod.Z.
	pod
	// version is dns-version.Z.
	version
	// server is ns.dns.Z, the name of this server when it belongs to no service.
	server
)

// request is a parsed name. Only the fields of its subject are set; port and protocol have lost one leading
// underscore, and an empty one stands for any.
type request struct {
	subject            subject
	pods               bool // namespace: asked for below pod.Z
	namespace, service string
	endpoint           string
	port, protocol     string
	pod                string
}

// parseName tells what the labels before the zone denote (CoreDNS: plugin/kubernetes/parse.go).
// The name must be in lower case.
func parseName(l *labels, before int) request {
	if before == 0 {
		return request{subject: apex}
	}
	last := l.label(before - 1)
	switch {
	case last == "svc" || last == "pod":
		return parseSubtree(l, before-1, last == "pod")
	case before == 1 && last == "dns-version":
		return request{subject: version}
	case before == 2 && last == "dns" && l.label(0) == "ns":
		return request{subject: server}
	}
	return request{subject: nothing}
}

// parseSubtree reads the labels left of svc.Z or pod.Z, of which there are count.
func parseSubtree(l *labels, count int, pods bool) request {
	if count == 0 {
		return request{subject: subtree}
	}
	r := request{subject: namespace, pods: pods, namespace: l.label(count - 1)}
	if count == 1 {
		return r
	}
	if count > 4 {
		return request{subject: nothing}
	}
	if pods {
		// Up to two more labels to the left are ignored, as CoreDNS does.
		r.subject, r.pod = pod, l.label(count-2)
		return r
	}
	r.subject, r.service = service, l.label(count-2)
	switch count {
	case 3:
		r.endpoint = l.label(0)
	case 4:
		r.port = strings.TrimPrefix(l.label(0), "_")
		r.protocol = strings.TrimPrefix(l.label(1), "_")
	}
	return r
}
