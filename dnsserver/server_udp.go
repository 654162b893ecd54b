package dnsserver

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// errorPause is the rest after a failed read, so that a socket that fails for ever does not take the machine.
const errorPause = 5 * time.Millisecond

// serveUDP is the loop of the one socket: read, reply, write. One goroutine with one socket is as fast as a plain
// echo; more of either do not help on a machine that the clients share.
func (s *Server) serveUDP() {
	defer s.running.Done()
	packet := make([]byte, maxQuestionSize+1)
	buffer := make([]byte, 0, dns.MaxMsgSize+1)
	for {
		size, client, err := s.udp.ReadFromUDPAddrPort(packet)
		switch {
		case s.closing.Load():
			return
		case err != nil:
			time.Sleep(errorPause)
			continue
		case size > maxQuestionSize:
			s.drop()
			continue
		}
		reply, first := s.respond(packet[:size], UDP, buffer)
		if reply != nil {
			// A client that cannot be reached is no concern of the others.
			_, _ = s.udp.WriteToUDPAddrPort(reply, client)
		}
		if first != nil {
			s.runErrand(first, client)
		}
	}
}

// runErrand replies to a client when an upstream server has been asked. With too many on their way the question is
// dropped, and the client asks again.
func (s *Server) runErrand(first *errand, client netip.AddrPort) {
	select {
	case s.waiting <- struct{}{}:
	default:
		s.drop()
		return
	}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer func() { <-s.waiting }()
		reply := s.completeErrand(first, UDP, nil)
		_, _ = s.udp.WriteToUDPAddrPort(reply, client)
	}()
}
