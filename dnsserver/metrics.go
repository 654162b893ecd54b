package dnsserver

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// Metrics counts what a server has done.
type Metrics struct {
	// Queries is how many messages were replied to.
	Queries uint64
	// Rcodes is how many of them with each status; those above BADCOOKIE do not occur.
	Rcodes [dns.RcodeBadCookie + 1]uint64
	// Dropped is how many messages and connections were not replied to: no questions, too long, or too many at once.
	Dropped uint64
}

// String is one line for people: "dns: 12 queries (NOERROR 10, NXDOMAIN 2), 0 dropped".
func (m Metrics) String() string {
	var byStatus []string
	for rcode, count := range m.Rcodes {
		if count > 0 {
			byStatus = append(byStatus, fmt.Sprintf("%s %d", rcodeName(rcode), count))
		}
	}
	text := fmt.Sprintf("dns: %d queries", m.Queries)
	if len(byStatus) > 0 {
		text += " (" + strings.Join(byStatus, ", ") + ")"
	}
	return fmt.Sprintf("%s, %d dropped", text, m.Dropped)
}

func rcodeName(rcode int) string {
	if rcode == dns.RcodeBadVers {
		return "BADVERS" // the library knows number 16 as a status of TSIG
	}
	return dns.RcodeToString[rcode]
}

func (m *Metrics) count(rcode int) {
	m.Queries++
	m.Rcodes[min(rcode, dns.RcodeBadCookie)]++
}
