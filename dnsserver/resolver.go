package dnsserver

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// Resolver asks Answer the way client tools ask a server: search list, ndots, the same question again over TCP
// when a reply was truncated. It is as pure as Answer.
type Resolver struct {
	Source Source
	Config Config
	// Search and Ndots are the lines "search" and "options ndots:" of resolv.conf; see SearchList and
	// ClusterNdots. An Ndots of 0 means that every name is first tried as it is.
	Search []string
	Ndots  int
	// UDPSize is what the client offers with EDNS, 1232 for dig; 0 means no EDNS, as libc, nslookup and host ask.
	UDPSize uint16
	// Cache, if not nil, stands before the source; Now is its clock.
	Cache *Cache
	Now   time.Time
}

// Exchange is one question and its reply. Response is never nil.
type Exchange struct {
	Question  dns.Question
	Response  *dns.Msg
	Transport Transport
}

// Lookup asks for records of one type and returns every exchange in order, and the one that counts, which is
// the last. It goes on through the search list while the reply is NXDOMAIN, as nslookup, dig +search and host do;
// without useSearch, and for a name with a final dot, there is only the name itself. (busybox nslookup uses the
// search list only for names without a dot.)
//
// A name that is no domain name is never sent: then tried is empty and final.Response is FORMERR.
func (r Resolver) Lookup(name string, qtype uint16, useSearch bool) (tried []Exchange, final Exchange) {
	final = Exchange{Question: dns.Question{Name: name, Qtype: qtype, Qclass: dns.ClassINET}, Response: refuse(nil, dns.RcodeFormatError)}
	for _, candidate := range candidates(name, r.Search, r.Ndots, useSearch) {
		tried = append(tried, r.Ask(candidate, qtype)...)
		final = tried[len(tried)-1]
		if final.Response.Rcode != dns.RcodeNameError {
			break
		}
	}
	return tried, final
}

// Ask asks for exactly this name, fully qualified or not, over UDP, and a second time over TCP if the reply was
// truncated. Nslookup asks for AAAA in this way, under the name that had an A record.
func (r Resolver) Ask(name string, qtype uint16) []Exchange {
	message := new(dns.Msg)
	message.SetQuestion(dns.Fqdn(name), qtype)
	message.Id = 0 // chosen by whoever puts it on a wire
	if r.UDPSize > 0 {
		message.SetEdns0(r.UDPSize, false)
	}
	exchanges := make([]Exchange, 0, 1)
	for _, transport := range []Transport{UDP, TCP} {
		response := r.answer(message, transport)
		exchanges = append(exchanges, Exchange{message.Question[0], response, transport})
		if !response.Truncated {
			break
		}
	}
	return exchanges
}

func (r Resolver) answer(question *dns.Msg, transport Transport) *dns.Msg {
	if r.Cache != nil {
		return r.Cache.Answer(r.Now, r.Source, r.Config, question, transport)
	}
	return Answer(r.Source, r.Config, question, transport)
}

// ResolveHost returns the addresses of a host name in the manner of getaddrinfo: a literal address is itself;
// else A and AAAA are asked for each name of the search list until one has an address. IPv4 comes first, in the
// order of the answer. Nil means that the name is not known. Unlike Lookup it also goes on after NODATA.
func (r Resolver) ResolveHost(name string) []netip.Addr {
	if address, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{address}
	}
	for _, candidate := range candidates(name, r.Search, r.Ndots, true) {
		var addresses []netip.Addr
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			exchanges := r.Ask(candidate, qtype)
			addresses = append(addresses, Addresses(exchanges[len(exchanges)-1].Response)...)
		}
		if len(addresses) > 0 {
			return addresses
		}
	}
	return nil
}

// Addresses returns the addresses of the A and AAAA records in the answer section of a message, in its order.
func Addresses(message *dns.Msg) []netip.Addr {
	var addresses []netip.Addr
	for _, record := range message.Answer {
		switch record := record.(type) {
		case *dns.A:
			if address, ok := netip.AddrFromSlice(record.A); ok {
				addresses = append(addresses, address.Unmap())
			}
		case *dns.AAAA:
			if address, ok := netip.AddrFromSlice(record.AAAA); ok {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses
}
