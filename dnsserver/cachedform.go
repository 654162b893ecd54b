package dnsserver

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/miekg/dns"
)

// cachedHead is how many bytes of a written reply come before its records: when it was remembered, and for how long.
const cachedHead = 12

// MarshalBinary implements [encoding.BinaryMarshaler]: a reply as it can be kept in a file. The records are written in DNS's own form.
func (r CachedReply) MarshalBinary() ([]byte, error) {
	head := binary.BigEndian.AppendUint64(nil, uint64(r.Stored.UnixNano()))
	head = binary.BigEndian.AppendUint32(head, r.Seconds)
	message := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Rcode: r.Rcode}, Answer: r.Answer, Ns: r.Authority, Extra: r.Additional}
	records, err := message.Pack()
	if err != nil {
		return nil, fmt.Errorf("writing a remembered reply: %w", err)
	}
	return append(head, records...), nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. Times are UTC.
func (r *CachedReply) UnmarshalBinary(data []byte) error {
	if len(data) < cachedHead {
		return fmt.Errorf("reading a remembered reply: expected at least %d bytes, found %d", cachedHead, len(data))
	}
	var message dns.Msg
	if err := message.Unpack(data[cachedHead:]); err != nil {
		return fmt.Errorf("reading a remembered reply: %w", err)
	}
	*r = CachedReply{
		Stored:  time.Unix(0, int64(binary.BigEndian.Uint64(data))).UTC(),
		Seconds: binary.BigEndian.Uint32(data[8:]), Rcode: message.Rcode,
		Answer: message.Answer, Authority: message.Ns, Additional: message.Extra,
	}
	return nil
}
