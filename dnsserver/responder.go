package dnsserver

import (
	"time"

	"github.com/miekg/dns"
)

// responder replies to packets as AnswerPacket does, only faster: it remembers packed answers, and may shuffle them. It has
// no lock, no clock and no socket of its own.
type responder struct {
	source  Source
	config  Config
	cache   *Cache // nil: none
	answers packedAnswers
	metrics Metrics
	// upstream means that names beyond the zones are asked for elsewhere, outside of respond.
	upstream bool
	// shuffler is nil if the order of addresses is that of AnswerPacket.
	shuffler *shuffler
}

// version changes when the source does.
func (r *responder) version() uint64 {
	if source, is := r.source.(Versioned); is {
		return source.Version()
	}
	return uint64(r.source.Serial())
}

// errand is a question that cannot be answered before another one has been put to an upstream server.
type errand struct {
	question *dns.Msg
	ask      dns.Question
}

// respond replies to a packet in a buffer of length 0 if it is large enough. The reply is nil if the packet is to be
// dropped, or if there is an errand to do first.
func (r *responder) respond(packet []byte, transport Transport, now time.Time, buffer []byte) (reply []byte, first *errand) {
	key, cookie := r.answers.keyOf(packet, transport)
	if r.cache != nil || r.config.Choose != nil {
		key = nil // answers differ from one time to the next
	}
	if key != nil {
		reply, found := r.answers.find(key, cookie, packet, r.version(), buffer)
		if reply != nil {
			r.metrics.count(found.rcode)
			if r.shuffler != nil {
				r.shuffler.shuffle(reply, found.places)
			}
			return reply, nil
		}
	}
	return r.work(packet, key, transport, now, buffer[:cap(buffer)])
}

// work is respond for what is not remembered. A key that is not nil is remembered from now on.
func (r *responder) work(packet, key []byte, transport Transport, now time.Time, buffer []byte) ([]byte, *errand) {
	question, refusal := readQuestion(packet)
	switch {
	case refusal != nil:
		r.metrics.count(refusal.Rcode)
		return pack(refusal, buffer), nil
	case question == nil:
		r.metrics.Dropped++
		return nil, nil
	}
	var first *errand
	forwarded := false
	message := r.answer(question, transport, now, func(ask dns.Question) *dns.Msg {
		forwarded = true
		switch {
		case r.upstream:
			first = &errand{question, ask}
			return &dns.Msg{MsgHdr: dns.MsgHdr{Truncated: true}} // which no cache remembers
		case r.config.Forward != nil:
			return r.config.Forward(ask)
		}
		return nil
	})
	if first != nil {
		return nil, first
	}
	r.metrics.count(message.Rcode)
	reply, places := r.pack(message, buffer)
	if key != nil && len(message.Question) == 1 && (!forwarded || r.config.Forward == nil) {
		r.answers.save(key, r.version(), message.Rcode, reply, places)
	}
	return reply, nil
}

// pack packs a message and shuffles its addresses.
func (r *responder) pack(message *dns.Msg, buffer []byte) (reply []byte, places addressPlaces) {
	reply = pack(message, buffer)
	if r.shuffler != nil && message.Rcode == dns.RcodeSuccess {
		places = placesOf(message, reply)
		r.shuffler.shuffle(reply, places)
	}
	return reply, places
}

// complete replies to the question of an errand with what the upstream server said, which may be nil.
func (r *responder) complete(e *errand, said *dns.Msg, transport Transport, now time.Time, buffer []byte) []byte {
	message := r.answer(e.question, transport, now, func(ask dns.Question) *dns.Msg {
		if ask != e.ask || said == nil {
			return &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeServerFailure}}
		}
		return said
	})
	r.metrics.count(message.Rcode)
	reply, _ := r.pack(message, buffer[:cap(buffer)])
	return reply
}

func (r *responder) answer(question *dns.Msg, transport Transport, now time.Time, forward func(dns.Question) *dns.Msg) *dns.Msg {
	config := r.config
	config.Forward = forward
	if r.cache != nil {
		return r.cache.Answer(now, r.source, config, question, transport)
	}
	return Answer(r.source, config, question, transport)
}
