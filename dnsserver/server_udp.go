package dnsserver

import (
	"net/netip"
	"runtime"
	"time"
)

const (
	// errorPause is the rest after a failed read, so that a socket that fails for ever does not take the machine.
	errorPause = 5 * time.Millisecond
	// replySpace is what the replies to one batch of questions have, in octets. Beyond it, memory is allocated.
	replySpace = 256 << 10
	// yieldEvery is how often the loop lets others run. It must be less than 10 ms: whoever runs for longer is taken off its
	// processor whenever the runtime finds it in a system call, and the runtime then looks every 20 us (retake in
	// runtime/proc.go). A loop that does nothing but system calls would lose its processor at nearly each of them.
	yieldEvery = 4 * time.Millisecond
)

// serveUDP is the loop of the one socket: read the questions that are there, reply to them, write the replies. More
// goroutines or more sockets do not help on a machine that the clients share. Nearly all of the time goes into system
// calls, and so only fewer of them do, see datagrams.
func (s *Server) serveUDP() {
	defer s.running.Done()
	space := make([]byte, 0, replySpace)
	errands := make([]*errand, maxBatch)
	for yielded := time.Now(); ; {
		count, err := s.udp.receive()
		switch {
		case err != nil && s.closing.Load():
			return
		case err != nil:
			time.Sleep(errorPause)
			continue
		}
		s.respondAll(count, space, errands)
		for i, first := range errands[:count] {
			if first != nil {
				s.runErrand(first, s.udp.client(i))
			}
		}
		s.udp.send()
		if now := time.Now(); now.Sub(yielded) > yieldEvery {
			runtime.Gosched()
			yielded = now
		}
	}
}

// respondAll replies to the questions that came in together, as of one moment. The replies lie in the space one after
// the other. What cannot be replied to at once becomes an errand.
func (s *Server) respondAll(count int, space []byte, errands []*errand) {
	now := s.lock()
	defer s.guard.Unlock()
	for i := range count {
		errands[i] = nil
		packet := s.udp.question(i)
		if len(packet) > maxQuestionSize {
			s.responder.metrics.Dropped++
			continue
		}
		var reply []byte
		reply, errands[i] = s.responder.respond(packet, UDP, now, space[len(space):])
		if reply == nil {
			continue
		}
		s.udp.reply(i, reply)
		if len(reply) <= cap(space)-len(space) {
			space = space[:len(space)+len(reply)]
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
		s.udp.sendTo(client, reply)
	}()
}
