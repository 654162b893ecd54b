package network

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
)

const objectsYAML = `
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: default}}
- {apiVersion: v1, kind: Service, metadata: {name: a, namespace: default}, spec: {clusterIP: None, ports: [{name: web, port: 80}]}}
---
# A slice that somebody has written by hand, in a version of the past.
apiVersion: discovery.k8s.io/v1beta1
kind: EndpointSlice
metadata: {name: a-1, labels: {kubernetes.io/service-name: a}}
ports: [{name: web, port: 80}]
endpoints: [{addresses: [10.244.1.2], hostname: web-0, conditions: {ready: true}}]
`

const objectsJSON = `{"kind": "PodList", "apiVersion": "v1", "items": [
	{"metadata": {"name": "web-0"}, "status": {"phase": "Running", "podIPs": [{"ip": "10.244.1.2"}]}}]}
{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "b"}, "spec": {"clusterIP": "10.96.0.10"}}`

// FuzzObjects reads files of any content: there is an error or an index that answers, soon. The seeds are short: making an input
// smaller takes go test the square of its length.
func FuzzObjects(f *testing.F) {
	for _, text := range []string{"", "---\n---\n", "kind: List\nitems: [{kind: List, items: []}]", `{"kind":"ServiceList","items":[null,7,{}]}`,
		"kind: Namespace\nmetadata: {name: a}",
		"{kind: Service, metadata: {name: a}, spec: {clusterIPs: [x, None, \"::1%eth0\"], ports: [{port: -1}]}}",
		"{kind: Service, metadata: {name: a}, spec: {clusterIP: None}}",
		"{kind: Service, metadata: {name: a}, spec: {type: ExternalName, externalName: b.c}}",
		"{kind: Pod, metadata: {name: a}, status: {podIPs: [{ip: 10.0.0.1}]}}",
		"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a}, endpoints: [{addresses: [10.0.0.1]}]}",
		"a: &a [*a]", "a: !!binary x", "\x00", "%YAML 9\n---\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		objects := NewObjects()
		err := objects.Read(strings.NewReader(text))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		_, _ = objects.Notes(), objects.Summary()
		for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV, dns.TypePTR} {
			question := new(dns.Msg)
			question.SetQuestion(objects.Sample()+".cluster.local.", qtype)
			reply := dnsserver.Answer(objects.Index(), dnsserver.DefaultConfig(), question, dnsserver.TCP)
			if _, err := reply.Pack(); err != nil {
				t.Errorf("the reply does not pack: %v\n%v", err, reply)
			}
		}
	})
}

// TestObjects reads two files as if they were one.
func TestObjects(t *testing.T) {
	objects := NewObjects()
	for _, text := range []string{objectsYAML, objectsJSON} {
		if err := objects.Read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if expected := "read 2 services, 1 EndpointSlices, 1 Pods, 1 namespaces"; objects.Summary() != expected || len(objects.Notes()) != 0 || objects.Sample() != "a.default.svc" {
		t.Errorf("expected %q and no notes, found %q, %q", expected, objects.Summary(), objects.Notes())
	}
	for name, records := range map[string]int{"a": 1, "b": 1, "web-0.a": 1, "web-1.a": 0} {
		question := new(dns.Msg)
		question.SetQuestion(name+".default.svc.cluster.local.", dns.TypeA)
		if reply := dnsserver.Answer(objects.Index(), dnsserver.DefaultConfig(), question, dnsserver.TCP); len(reply.Answer) != records {
			t.Errorf("%s: expected %d records, found\n%v", name, records, reply)
		}
	}
	if err := objects.Read(strings.NewReader(objectsYAML + "---\nkind: Service\napiVersion: v1\n")); err == nil || !strings.Contains(err.Error(), "document 3: expected a Service with a name") {
		t.Errorf("expected an error about document 3, found %v", err)
	}
}
