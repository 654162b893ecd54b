package dnsserver

import "github.com/miekg/dns"

// questionName returns the fully qualified name of a question, and whether the message is a well-formed
// question: not a reply, exactly one question with a valid name, at most one OPT record.
func questionName(question *dns.Msg) (string, bool) {
	if question == nil || question.Response || len(question.Question) != 1 {
		return "", false
	}
	name := dns.Fqdn(question.Question[0].Name)
	if !validName(name) {
		return "", false
	}
	offers := 0
	for _, record := range question.Extra {
		if offer, is := record.(*dns.OPT); is && offer != nil {
			offers++
		}
	}
	return name, offers <= 1
}

// replyTo begins a reply: id, opcode, RD and CD of the question, RA set.
func replyTo(question *dns.Msg, asked dns.Question) *dns.Msg {
	reply := new(dns.Msg)
	reply.Id, reply.Opcode, reply.Response = question.Id, question.Opcode, true
	reply.RecursionDesired, reply.CheckingDisabled = question.RecursionDesired, question.CheckingDisabled
	reply.RecursionAvailable = true
	reply.Question = []dns.Question{asked}
	return reply
}

// refuse replies with a header alone to a message whose body is not looked at.
func refuse(question *dns.Msg, rcode int) *dns.Msg {
	reply := new(dns.Msg)
	if question != nil {
		reply.Id, reply.Opcode, reply.RecursionDesired = question.Id, question.Opcode&0xF, question.RecursionDesired
	}
	reply.Response, reply.RecursionAvailable, reply.Rcode = true, true, rcode
	return reply
}
