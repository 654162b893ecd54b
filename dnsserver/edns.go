package dnsserver

import (
	"encoding/hex"

	"github.com/miekg/dns"
)

const (
	// maxCookieDigits is the length of the longest cookie, 40 octets in hexadecimal digits (RFC 7873).
	maxCookieDigits = 80
	// fragmentSize is the size above which a UDP reply is compressed even though the client would take it, so
	// that IPv4 need not fragment it (CoreDNS: Scrub in request/request.go).
	fragmentSize = 1480
)

// offerOf returns the client's OPT record, nil without EDNS.
func offerOf(question *dns.Msg) *dns.OPT {
	for _, record := range question.Extra {
		if offer, is := record.(*dns.OPT); is && offer != nil {
			return offer
		}
	}
	return nil
}

// smallestAddressRecord is the size of an A record whose owner is compressed to a pointer.
const smallestAddressRecord = 16

// roomFor returns a number of address records that no reply can hold: whoever has found as many may stop looking,
// since the reply is cut before the last of them in any case. It is 0, no limit, if all take part in a choice.
func roomFor(config *Config, offer *dns.OPT, transport Transport) int {
	switch {
	case config.Choose != nil:
		return 0
	case transport == TCP:
		return dns.MaxMsgSize/smallestAddressRecord + 1
	}
	return int(udpSize(config, offer))/smallestAddressRecord + 1
}

// udpSize is how large a reply over UDP may be: 512 octets without EDNS.
func udpSize(config *Config, offer *dns.OPT) uint16 {
	if offer == nil {
		return dns.MinMsgSize
	}
	size := max(offer.UDPSize(), dns.MinMsgSize)
	if config.MaxUDPSize != 0 {
		size = min(size, max(config.MaxUDPSize, dns.MinMsgSize))
	}
	return size
}

// fit adds the OPT record if the client sent one, and makes the reply as small as the transport demands:
// uncompressed if it fits, else compressed, else as many records as fit and the TC flag.
func fit(reply *dns.Msg, offer *dns.OPT, config *Config, transport Transport) {
	size := udpSize(config, offer)
	if offer != nil {
		reply.Extra = append(reply.Extra, acceptance(offer, size))
	}
	if transport == TCP {
		reply.Truncate(dns.MaxMsgSize)
		return
	}
	reply.Truncate(int(size))
	if !reply.Compress && size > fragmentSize && reply.Len() > fragmentSize {
		reply.Compress = true
	}
}

// acceptance is the OPT record of the reply: version 0, the agreed size, the client's DO bit, and its cookie as
// it came, as CoreDNS does.
func acceptance(offer *dns.OPT, size uint16) *dns.OPT {
	opt := &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	opt.SetUDPSize(size)
	opt.SetDo(offer.Do())
	for _, option := range offer.Option {
		cookie, is := option.(*dns.EDNS0_COOKIE)
		if !is || cookie == nil || len(cookie.Cookie) > maxCookieDigits {
			continue
		}
		if _, err := hex.DecodeString(cookie.Cookie); err == nil {
			opt.Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: cookie.Cookie}}
			break
		}
	}
	return opt
}
