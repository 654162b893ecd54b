package dnsserver

import "github.com/miekg/dns"

// Transport is how a question came in, and so how large a reply may be.
type Transport uint8

const (
	// UDP replies have at most 512 octets, or what the client offers with EDNS.
	UDP Transport = iota
	// TCP replies have at most 65535 octets.
	TCP
)

// String returns the name of the transport as tools print it.
func (t Transport) String() string {
	if t == TCP {
		return "TCP"
	}
	return "UDP"
}

// Answer replies to a question with one complete message, never nil, that packs and fits the transport. It does
// not change the question and keeps nothing of it. Whatever the question looks like, Answer does not panic:
// what cannot be understood is FORMERR. A message that is itself a reply (QR=1) is FORMERR too; a socket server
// must drop such messages before, so that two servers never talk to each other for ever.
//
// The order of the checks follows CoreDNS (core/dnsserver/server.go, plugin/kubernetes/handler.go): form,
// opcode, class, EDNS version, zone, type.
func Answer(source Source, config Config, question *dns.Msg, transport Transport) *dns.Msg {
	reply, offer, refused := begin(question)
	if refused {
		return reply
	}
	if reply.Rcode == dns.RcodeSuccess {
		fill(reply, source, &config, roomFor(&config, offer, transport))
	}
	arrange(reply, config.Choose)
	fit(reply, offer, &config, transport)
	return reply
}

// begin makes the reply's header and question, and its status if that does not depend on the name. A refused
// reply is complete; any other still has to be fitted to the client's offer, which is nil without EDNS.
func begin(question *dns.Msg) (reply *dns.Msg, offer *dns.OPT, refused bool) {
	name, wellFormed := questionName(question)
	if !wellFormed {
		return refuse(question, dns.RcodeFormatError), nil, true
	}
	if question.Opcode != dns.OpcodeQuery {
		return refuse(question, dns.RcodeNotImplemented), nil, true
	}
	asked := question.Question[0]
	reply = replyTo(question, dns.Question{Name: name, Qtype: asked.Qtype, Qclass: asked.Qclass})
	offer = offerOf(question)
	switch {
	case asked.Qclass != dns.ClassINET:
		reply.Rcode = dns.RcodeRefused
	case offer != nil && offer.Version() != 0:
		reply.Rcode = dns.RcodeBadVers
	}
	return reply, offer, false
}

// fill answers the question of a reply from the source. Room is how many addresses can be of use, 0 for all.
func fill(reply *dns.Msg, source Source, config *Config, room int) {
	if config.Validate() != nil {
		reply.Rcode = dns.RcodeServerFailure
		return
	}
	zones, asked := config.zones(), reply.Question[0]
	q := query{source: source, config: config, reply: reply, name: asked.Name, qtype: asked.Qtype, forward: zones.forward, room: room}
	q.answer(zones)
}

// query is one question on its way to its answer.
type query struct {
	source Source
	config *Config
	reply  *dns.Msg
	// name is the question's, fully qualified, in the case the client wrote it.
	name  string
	qtype uint16
	// zone is the zone the name is in, in the case the client wrote it.
	zone string
	// forward is the cluster domain in lower case.
	forward string
	// room is how many addresses can be of use in the reply, 0 for all.
	room int
}

// answer finds the zone of the name and fills the reply.
func (q *query) answer(zones zoneSet) {
	if q.qtype == dns.TypeANY && q.config.HINFOForAny {
		q.answerAny()
		return
	}
	l := splitLabels(lower(q.name))
	if before, inside := l.cut(zones.forward); inside {
		q.zone = q.name[l.starts[before]:]
		q.answerForward(parseName(&l, before))
		return
	}
	deepest, reverse := -1, false
	for _, zone := range zones.reverse {
		if before, inside := l.cut(canonical(zone)); inside && (!reverse || before < deepest) {
			deepest, reverse = before, true
		}
	}
	if reverse {
		q.zone = q.name[l.starts[deepest]:]
		q.answerReverse(&l, deepest)
		return
	}
	q.answerOutside()
}

// answerForward answers a name in the cluster domain.
func (q *query) answerForward(r request) {
	q.reply.Authoritative = true
	if q.isTransfer() {
		return
	}
	if r.subject == version && q.qtype == dns.TypeTXT {
		q.reply.Answer = []dns.RR{q.versionRecord()}
		return
	}
	if r.subject == apex {
		q.answerApex()
		return
	}
	var buffer [8]entry
	found := q.lookup(r, buffer[:0])
	switch q.qtype {
	case dns.TypeA, dns.TypeAAAA:
		q.reply.Answer = q.resolve(q.name, found)
	case dns.TypeSRV:
		q.reply.Answer, q.reply.Extra = q.serviceRecords(r, found.entries)
	case dns.TypeCNAME:
		if found.external != "" {
			q.reply.Answer = q.alias(q.name, found.external)
		}
	}
	if q.reply.Rcode == dns.RcodeSuccess && len(q.reply.Answer) == 0 {
		q.negative(found.exists)
	}
}

// isTransfer refuses a question for the whole zone and tells whether it was one.
func (q *query) isTransfer() bool {
	if q.qtype != dns.TypeAXFR && q.qtype != dns.TypeIXFR {
		return false
	}
	q.reply.Rcode, q.reply.Authoritative = dns.RcodeRefused, false
	return true
}

// answerAny is the minimal answer of RFC 8482 (CoreDNS: plugin/any/any.go).
func (q *query) answerAny() {
	const ttl = 8482 // the number of the RFC, as CoreDNS gives it
	q.reply.Answer = []dns.RR{&dns.HINFO{Hdr: header(q.name, dns.TypeHINFO, ttl), Cpu: "ANY obsoleted", Os: "See RFC 8482"}}
}
