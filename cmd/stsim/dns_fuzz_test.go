package main

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
)

// FuzzDNSObjects reads files of any content: there is an error or an index that answers, soon.
func FuzzDNSObjects(f *testing.F) {
	for _, text := range []string{dnsManifest, dnsPods, "", "---\n---\n", "kind: List\nitems: [{kind: List, items: []}]", `{"kind":"ServiceList","items":[null,7,{}]}`,
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIPs: [x, None, \"::1%eth0\"], ports: [{port: -1}, {port: 99999, protocol: x}]}}",
		"{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: a, labels: {kubernetes.io/service-name: a}}, ports: [{}], endpoints: [{}, {addresses: [\"\", 1.2.3]}]}",
		"a: &a [*a]", "a: !!binary x", "\x00", "%YAML 9\n---\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		began := time.Now()
		objects, err := readDNSObjects([]string{"-"}, strings.NewReader(text))
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		_, _ = objects.notes(), objects.summary()
		for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV, dns.TypePTR} {
			question := new(dns.Msg)
			question.SetQuestion(objects.sample()+".cluster.local.", qtype)
			reply := dnsserver.Answer(objects.index, dnsserver.DefaultConfig(), question, dnsserver.TCP)
			if _, err := reply.Pack(); err != nil {
				t.Errorf("the reply does not pack: %v\n%v", err, reply)
			}
		}
	})
}
