package dnsserver

import "github.com/miekg/dns"

// The timers of the SOA record in seconds, and the bound of its own TTL (CoreDNS: SOA in
// plugin/backend_lookup.go).
const (
	refreshSeconds = 7200
	retrySeconds   = 1800
	expireSeconds  = 86400
	maxSOATTL      = 300
)

// startOfAuthority is the SOA record of the question's zone, in the case the client wrote it.
func (q *query) startOfAuthority() dns.RR {
	ttl := q.config.ttl()
	return &dns.SOA{
		Hdr:     header(q.zone, dns.TypeSOA, min(ttl, maxSOATTL)),
		Ns:      "ns.dns." + q.zone,
		Mbox:    "hostmaster." + q.zone,
		Serial:  q.source.Serial(),
		Refresh: refreshSeconds, Retry: retrySeconds, Expire: expireSeconds,
		Minttl: ttl,
	}
}

// negative completes a reply without an answer: NODATA if the name exists with any type at all, else NXDOMAIN,
// both with the SOA record that says how long to remember it.
func (q *query) negative(exists bool) {
	switch {
	case exists:
	case q.config.Unsynced:
		q.reply.Rcode = dns.RcodeServerFailure
	default:
		q.reply.Rcode = dns.RcodeNameError
	}
	q.reply.Ns = []dns.RR{q.startOfAuthority()}
}

// answerOutside answers a name outside of all zones with what Forward knows, or else NXDOMAIN with the SOA
// record of the root: a resolver that has come to the end of its search list then reports an unknown name, not
// a broken server.
func (q *query) answerOutside() {
	if q.isTransfer() || q.answerFromForward() {
		return
	}
	q.reply.Rcode = dns.RcodeNameError
	q.reply.Ns = []dns.RR{&dns.SOA{
		Hdr:     header(".", dns.TypeSOA, q.config.ttl()),
		Ns:      "a.root-servers.net.",
		Mbox:    "nstld.verisign-grs.com.",
		Serial:  q.source.Serial(),
		Refresh: 1800, Retry: 900, Expire: 604800, // the timers of the real root zone
		Minttl: q.config.ttl(),
	}}
}

// answerFromForward takes over the message of Forward and tells whether there was one.
func (q *query) answerFromForward() bool {
	if q.config.Forward == nil {
		return false
	}
	message := q.config.Forward(q.reply.Question[0])
	if message == nil {
		return false
	}
	q.reply.Rcode, q.reply.Truncated, q.reply.Authoritative = message.Rcode&0xF, message.Truncated, false
	q.reply.Answer = append([]dns.RR(nil), message.Answer...)
	q.reply.Ns = append([]dns.RR(nil), message.Ns...)
	for _, record := range message.Extra {
		if _, isOffer := record.(*dns.OPT); !isOffer {
			q.reply.Extra = append(q.reply.Extra, record)
		}
	}
	return true
}
