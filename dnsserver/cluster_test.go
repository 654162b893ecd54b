package dnsserver

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// textCluster is a Source written as text, one fact a line; see testdata/clusters. It also knows a few records
// of the world outside, for Config.Forward.
type textCluster struct {
	serial     uint32
	namespaces []string
	services   []Service
	endpoints  []NamedEndpoint
	pods       map[string][]netip.Addr
	outside    []dns.RR
	truncated  bool
}

func readCluster(t testing.TB, name string) *textCluster {
	t.Helper()
	path := filepath.Join("testdata", "clusters", name+".txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := parseCluster(string(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return cluster
}

func parseCluster(text string) (*textCluster, error) {
	c := &textCluster{pods: map[string][]netip.Addr{}}
	for number, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if err := c.parseLine(fields); err != nil {
			return nil, fmt.Errorf("line %d: %q: %w", number+1, line, err)
		}
	}
	return c, nil
}

func (c *textCluster) parseLine(fields []string) error {
	switch fields[0] {
	case "serial":
		serial, err := strconv.ParseUint(fields[1], 10, 32)
		c.serial = uint32(serial)
		return err
	case "namespaces":
		c.namespaces = append(c.namespaces, fields[1:]...)
		return nil
	case "pod":
		address, err := netip.ParseAddr(fields[2])
		c.pods[fields[1]] = append(c.pods[fields[1]], address)
		return err
	case "service":
		return c.parseService(fields[1], fields[2], fields[3:])
	case "endpoint":
		return c.parseEndpoint(fields[1], fields[2:])
	case "outside":
		record, err := dns.NewRR(strings.Join(fields[1:], " "))
		c.outside = append(c.outside, record)
		return err
	case "outside-truncated":
		c.truncated = true
		return nil
	}
	return fmt.Errorf("expected serial, namespaces, pod, service, endpoint or outside")
}

func (c *textCluster) parseService(key, serviceType string, rest []string) error {
	s := Service{Type: serviceType}
	s.Namespace, s.Name, _ = strings.Cut(key, "/")
	switch serviceType {
	case "Headless":
		s.Type, s.Headless = "ClusterIP", true
	case typeExternalName:
		s.ExternalName, rest = rest[0], rest[1:]
	}
	for _, word := range rest {
		if address, err := netip.ParseAddr(word); err == nil {
			s.ClusterIPs = append(s.ClusterIPs, address)
			continue
		}
		port, err := parsePort(word)
		if err != nil {
			return err
		}
		s.Ports = append(s.Ports, port)
	}
	c.services = append(c.services, s)
	return nil
}

func (c *textCluster) parseEndpoint(key string, rest []string) error {
	e := NamedEndpoint{Endpoint: Endpoint{Ready: true}}
	e.Namespace, e.Service, _ = strings.Cut(key, "/")
	for _, word := range rest {
		if address, err := netip.ParseAddr(word); err == nil {
			e.Endpoint.Addresses = append(e.Endpoint.Addresses, address)
			continue
		}
		if hostname, is := strings.CutPrefix(word, "hostname="); is {
			e.Endpoint.Hostname = hostname
			continue
		}
		if word == "not-ready" {
			e.Endpoint.Ready = false
			continue
		}
		port, err := parsePort(word)
		if err != nil {
			return err
		}
		e.Endpoint.Ports = append(e.Endpoint.Ports, port)
	}
	c.endpoints = append(c.endpoints, e)
	return nil
}

func parsePort(word string) (Port, error) {
	parts := strings.Split(word, "/")
	if len(parts) != 3 {
		return Port{}, fmt.Errorf("expected an address, name/port/protocol, hostname=... or not-ready, found %q", word)
	}
	number, err := strconv.ParseUint(parts[1], 10, 16)
	return Port{Name: parts[0], Protocol: parts[2], Port: uint16(number)}, err
}

func (c *textCluster) Service(namespace, name string) (Service, bool) {
	for _, s := range c.services {
		if s.Namespace == namespace && s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

func (c *textCluster) Endpoints(namespace, service string) []Endpoint {
	var endpoints []Endpoint
	for _, e := range c.endpoints {
		if e.Namespace == namespace && e.Service == service {
			endpoints = append(endpoints, e.Endpoint)
		}
	}
	return endpoints
}

func (c *textCluster) NamespaceExists(name string) bool { return slices.Contains(c.namespaces, name) }

func (c *textCluster) ServicesByIP(ip netip.Addr) []Service {
	var services []Service
	for _, s := range c.services {
		if slices.Contains(s.ClusterIPs, ip) {
			services = append(services, s)
		}
	}
	return services
}

func (c *textCluster) EndpointsByIP(ip netip.Addr) []NamedEndpoint {
	var endpoints []NamedEndpoint
	for _, e := range c.endpoints {
		if slices.Contains(e.Endpoint.Addresses, ip) {
			endpoints = append(endpoints, e)
		}
	}
	return endpoints
}

func (c *textCluster) PodByIP(namespace string, ip netip.Addr) bool {
	return slices.Contains(c.pods[namespace], ip)
}

func (c *textCluster) Serial() uint32 { return c.serial }

// forward answers from the outside records; a name without any is not known.
func (c *textCluster) forward(question dns.Question) *dns.Msg {
	var message *dns.Msg
	for _, record := range c.outside {
		if !strings.EqualFold(record.Header().Name, question.Name) {
			continue
		}
		if message == nil {
			message = &dns.Msg{MsgHdr: dns.MsgHdr{Truncated: c.truncated}}
		}
		if record.Header().Rrtype == question.Qtype {
			message.Answer = append(message.Answer, record)
		}
	}
	return message
}
