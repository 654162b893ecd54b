package dnsserver

import "github.com/miekg/dns"

const (
	// maxKeySize is the size of the longest question that is remembered.
	maxKeySize = 512
	// maxPackedOctets bounds the memory for packed answers: half of it for those in use, half for those that were.
	maxPackedOctets = 16 << 20
	// packedOverhead is about what an entry takes beyond its own octets.
	packedOverhead = 200
)

// packedAnswers remembers replies as they go out, by the octets of the question. Everything of a question that the
// reply depends on is in the key; what the reply merely repeats - id, RD, CD, and the cookie, which is always at
// its end - is patched. A reply counts until the version of the source changes, and is then made again when somebody
// asks: a change costs the same however many answers it makes old.
type packedAnswers struct {
	young, old map[string]*packedAnswer
	octets     int // in young
	key        [maxKeySize]byte
}

type packedAnswer struct {
	key     string
	version uint64
	rcode   int
	message []byte
	places  addressPlaces
}

// keyOf returns the key of a packet, valid until the next call, and where in the packet its cookie is. It is nil for
// everything but a question of the usual form: one name without pointers, and at most one record, OPT.
func (p *packedAnswers) keyOf(packet []byte, transport Transport) (key, cookie []byte) {
	const usual = "\x00\x01\x00\x00\x00\x00\x00" // one question, no answer, no authority, fewer than 256 more
	if len(packet) < headerSize || len(packet) > maxKeySize || packet[2]&^flagRD&^0x06 != 0 ||
		string(packet[4:headerSize-1]) != usual || packet[headerSize-1] > 1 {
		return nil, nil
	}
	at := headerSize
	for at < len(packet) && packet[at] != 0 {
		if packet[at] > 63 {
			return nil, nil
		}
		at += 1 + int(packet[at])
	}
	at += 1 + 4 // the root label, type and class
	if at-4-headerSize > maxWireName {
		return nil, nil
	}
	switch {
	case packet[headerSize-1] == 0 && at == len(packet):
	case packet[headerSize-1] == 1 && at+11 <= len(packet):
		var usualOffer bool
		if cookie, usualOffer = cookieOf(packet[at:]); !usualOffer {
			return nil, nil
		}
	default:
		return nil, nil
	}
	key = p.key[:len(packet)-headerSize+2]
	key[0], key[1] = byte(transport), packet[headerSize-1]
	copy(key[2:], packet[headerSize:])
	clear(key[len(key)-len(cookie):])
	return key, cookie
}

// cookieOf tells whether the rest of a packet is an OPT record and nothing else, and finds the cookie if that is its
// only option.
func cookieOf(record []byte) (cookie []byte, isOffer bool) {
	const head = 11 // root, type, class, TTL, length
	if record[0] != 0 || record[1] != 0 || record[2] != byte(dns.TypeOPT) || len(record) != head+int(record[9])<<8+int(record[10]) {
		return nil, false
	}
	options := record[head:]
	if len(options) > 4 && options[0] == 0 && options[1] == dns.EDNS0COOKIE &&
		len(options) == 4+int(options[2])<<8+int(options[3]) && len(options)-4 <= maxCookieDigits/2 {
		return options[4:], true
	}
	return nil, true
}

// find appends the reply to a packet to a buffer, and returns what it is a copy of; both are nil if there is none that still
// counts.
func (p *packedAnswers) find(key, cookie, packet []byte, version uint64, buffer []byte) (reply []byte, found *packedAnswer) {
	answer, isYoung := p.young[string(key)]
	if !isYoung {
		if answer = p.old[string(key)]; answer == nil {
			return nil, nil
		}
	}
	if answer.version != version {
		return nil, nil
	}
	if !isYoung {
		p.keep(answer)
	}
	reply = append(buffer, answer.message...)
	patch(reply, packet, cookie)
	return reply, answer
}

// patch makes a reply the reply to this packet.
func patch(reply, packet, cookie []byte) {
	reply[0], reply[1] = packet[0], packet[1]
	reply[2] = reply[2]&^flagRD | packet[2]&flagRD
	reply[3] = reply[3]&^flagCD | packet[3]&flagCD
	copy(reply[len(reply)-len(cookie):], cookie)
}

// save remembers a reply.
func (p *packedAnswers) save(key []byte, version uint64, rcode int, reply []byte, places addressPlaces) {
	answer := p.young[string(key)]
	if answer == nil {
		answer = &packedAnswer{key: string(key)}
	} else {
		p.octets -= answer.size()
	}
	answer.version, answer.rcode, answer.message, answer.places = version, rcode, append(answer.message[:0], reply...), places
	p.keep(answer)
}

// keep puts an answer among the young; when these are too many they become the old, and the old are forgotten.
func (p *packedAnswers) keep(answer *packedAnswer) {
	if p.young == nil || p.octets+answer.size() > maxPackedOctets/2 {
		p.young, p.old, p.octets = map[string]*packedAnswer{}, p.young, 0
	}
	p.young[answer.key] = answer
	p.octets += answer.size()
}

func (a *packedAnswer) size() int {
	return len(a.key) + cap(a.message) + 2*cap(a.places.at) + packedOverhead
}

// forget drops everything.
func (p *packedAnswers) forget() { p.young, p.old, p.octets = nil, nil, 0 }
