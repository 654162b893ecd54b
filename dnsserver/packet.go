package dnsserver

import (
	"encoding/binary"

	"github.com/miekg/dns"
)

// The header of a message: id, two octets of flags, and four counts.
const (
	headerSize = 12
	flagQR     = 0x80 // in octet 2, with the opcode and RD
	flagRD     = 0x01
	flagCD     = 0x10 // in octet 3, with RA and the rcode
)

// maxQuestionSize is the size of the largest message that is looked at. A question with a name of 255 octets and
// every option in use has less than 1,000.
const maxQuestionSize = 4096

// AnswerPacket replies to a message as it came over UDP, or over TCP without its length, with a packed message.
// It is nil for what must not be replied to: a message that is itself a reply, or shorter than a header.
// What Answer says of a message it can read, AnswerPacket says too; what cannot be read is FORMERR.
func AnswerPacket(source Source, config Config, packet []byte, transport Transport) []byte {
	question, refusal := readQuestion(packet)
	if refusal != nil {
		return pack(refusal, nil)
	}
	if question == nil {
		return nil
	}
	return pack(Answer(source, config, question, transport), nil)
}

// readQuestion reads a packet: exactly one of the results is not nil, or neither if the packet is to be dropped.
//
// Before the body is read, the counts in the header must be those of a question: that bounds the work for a packet
// full of records with compressed names (the library's server does the same: DefaultMsgAcceptFunc in acceptfunc.go).
// The library follows no more than 126 pointers for a name and stops at 255 octets.
func readQuestion(packet []byte) (question, refusal *dns.Msg) {
	if len(packet) < headerSize || packet[2]&flagQR != 0 {
		return nil, nil
	}
	head := &dns.Msg{MsgHdr: dns.MsgHdr{
		Id:               binary.BigEndian.Uint16(packet),
		Opcode:           int(packet[2]>>3) & 0xF,
		RecursionDesired: packet[2]&flagRD != 0,
	}}
	if head.Opcode != dns.OpcodeQuery {
		return nil, refuse(head, dns.RcodeNotImplemented)
	}
	count := func(section int) uint16 { return binary.BigEndian.Uint16(packet[4+2*section:]) }
	if count(0) != 1 || count(1) > 1 || count(2) > 1 || count(3) > 2 || len(packet) > maxQuestionSize {
		return nil, refuse(head, dns.RcodeFormatError)
	}
	question = new(dns.Msg)
	if question.Unpack(packet) != nil {
		return nil, refuse(head, dns.RcodeFormatError)
	}
	return question, nil
}

// pack packs a reply of Answer, which always packs, into the buffer if it is large enough.
func pack(reply *dns.Msg, buffer []byte) []byte {
	packed, err := reply.PackBuffer(buffer)
	if err != nil {
		failed := refuse(reply, dns.RcodeServerFailure)
		packed, _ = failed.PackBuffer(buffer)
	}
	return packed
}
