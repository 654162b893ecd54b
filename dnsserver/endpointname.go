package dnsserver

import (
	"net/netip"
	"strings"
)

// maxAddressText is the length of the longest text of an address without a zone.
const maxAddressText = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")

// endpointLabel is the label of an endpoint below its service: its hostname, or else its address with dashes,
// 1-2-3-4 or 5678-abcd--1, where a trailing dash gets a 0 (CoreDNS: endpointHostname in
// plugin/kubernetes/kubernetes.go).
func endpointLabel(hostname string, address netip.Addr) string {
	if hostname != "" {
		return hostname
	}
	var buffer [maxAddressText + 1]byte
	return string(appendDashed(buffer[:0], address))
}

// endpointMatches tells whether a label of a question, in lower case, is the endpoint's. An endpoint with a
// hostname has no dashed name.
func endpointMatches(label, hostname string, address netip.Addr) bool {
	if hostname != "" {
		return strings.EqualFold(label, hostname)
	}
	var buffer [maxAddressText + 1]byte
	return label == string(appendDashed(buffer[:0], address))
}

func appendDashed(text []byte, address netip.Addr) []byte {
	text = address.WithZone("").AppendTo(text)
	for i, character := range text {
		if character == '.' || character == ':' {
			text[i] = '-'
		}
	}
	if len(text) > 0 && text[len(text)-1] == '-' {
		text = append(text, '0')
	}
	return text
}

// parseDashed reads the address out of the first label of a Pod name: three single dashes make an IPv4 address,
// anything else must be IPv6 (CoreDNS: findPods in plugin/kubernetes/kubernetes.go).
func parseDashed(label string) (netip.Addr, bool) {
	separator := ":"
	if strings.Count(label, "-") == 3 && !strings.Contains(label, "--") {
		separator = "."
	}
	address, err := netip.ParseAddr(strings.ReplaceAll(label, "-", separator))
	if err != nil || address.Zone() != "" {
		return netip.Addr{}, false
	}
	return address.Unmap(), true
}
