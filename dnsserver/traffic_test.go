package dnsserver

import (
	"net/netip"
	"strconv"

	"github.com/miekg/dns"
)

// speedMix is a tutorial's traffic: 43 % A of Pods, 21 % A of services, 21 % AAAA that are NODATA, 7 % SRV, 7 % NXDOMAIN.
func speedMix() (packets [][]byte) {
	for _, question := range []struct {
		name  string
		qtype uint16
	}{
		{"web-0.nginx", dns.TypeA}, {"web-1.nginx", dns.TypeA}, {"web-2.nginx", dns.TypeA},
		{"web-0.nginx", dns.TypeA}, {"web-1.nginx", dns.TypeA}, {"web-2.nginx", dns.TypeA},
		{"nginx", dns.TypeA}, {"vip", dns.TypeA}, {"vip", dns.TypeA},
		{"web-0.nginx", dns.TypeAAAA}, {"web-1.nginx", dns.TypeAAAA}, {"vip", dns.TypeAAAA},
		{"_web._tcp.nginx", dns.TypeSRV},
		{"web-9.nginx", dns.TypeA},
	} {
		packets = append(packets, packQuestion(question.name+".default.svc.cluster.local.", question.qtype))
	}
	return packets
}

func packQuestion(name string, qtype uint16) []byte {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	packed, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packed
}

func speedCluster() *Index {
	x := NewIndex()
	x.SetSerial(1)
	x.SetNamespace("default")
	x.SetService(Service{Namespace: "default", Name: "nginx", Headless: true})
	x.SetService(Service{Namespace: "default", Name: "vip", ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.20")}, Ports: []Port{{"http", "TCP", 80}}})
	var endpoints []Endpoint
	for i := range 3 {
		endpoints = append(endpoints, Endpoint{
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 244, byte(i), 2})}, Hostname: "web-" + strconv.Itoa(i), Ready: true,
			Ports: []Port{{"web", "TCP", 80}},
		})
	}
	x.SetSlice("default", "nginx-x", "nginx", endpoints)
	return x
}
