package dnsserver

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// shuffler gives the addresses in packed replies another order every time, each order as often as any other, as CoreDNS does
// at random (plugin loadbalance, policy round_robin). The same questions in the same order get the same replies.
type shuffler struct{ state uint64 }

// shuffle permutes the addresses at these places of a reply.
func (s *shuffler) shuffle(reply []byte, places addressPlaces) {
	for last := len(places.at) - 1; last > 0; last-- {
		a, b := int(places.at[last]), int(places.at[s.next(last+1)])
		if places.size == ipv4Size {
			one, other := (*[ipv4Size]byte)(reply[a:]), (*[ipv4Size]byte)(reply[b:])
			*one, *other = *other, *one
		} else {
			one, other := (*[ipv6Size]byte)(reply[a:]), (*[ipv6Size]byte)(reply[b:])
			*one, *other = *other, *one
		}
	}
}

// next is a number from 0 to n-1 (splitmix64).
func (s *shuffler) next(n int) int {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return int((z ^ z>>31) >> 33 % uint64(n))
}

const (
	ipv4Size = 4
	ipv6Size = 16
)

// addressPlaces is where in a packed reply the addresses of its answer section are, and how long one is.
type addressPlaces struct {
	at   []uint16
	size int
}

// placesOf finds the addresses of a reply that can change places: two or more, alike in all but the address, as those of a
// service are. Those in the additional section belong to a name each, and nobody takes the first of them; they stay.
func placesOf(message *dns.Msg, packed []byte) (places addressPlaces) {
	var like *dns.RR_Header
	count := 0
	for _, record := range message.Answer {
		head := record.Header()
		switch head.Rrtype {
		case dns.TypeA, dns.TypeAAAA:
			if like != nil && (head.Rrtype != like.Rrtype || head.Name != like.Name || head.Ttl != like.Ttl || head.Class != like.Class) {
				return addressPlaces{}
			}
			like, count = head, count+1
		}
	}
	if count < 2 || int(binary.BigEndian.Uint16(packed[6:])) != len(message.Answer) {
		return addressPlaces{} // or it did not pack, and a refusal stands in for it
	}
	places.at = make([]uint16, 0, count)
	at := skipName(packed, headerSize) + 4 // the question
	for range len(message.Answer) {
		at = skipName(packed, at)
		size := int(binary.BigEndian.Uint16(packed[at+8:]))
		at += 10 // type, class, TTL, length
		if binary.BigEndian.Uint16(packed[at-10:]) == like.Rrtype {
			places.at, places.size = append(places.at, uint16(at)), size
		}
		at += size
	}
	return places
}

// skipName is the place after a name in a message that has been packed by the library.
func skipName(packed []byte, at int) int {
	for {
		switch length := packed[at]; {
		case length == 0:
			return at + 1
		case length >= 0xC0:
			return at + 2
		default:
			at += 1 + int(length)
		}
	}
}
