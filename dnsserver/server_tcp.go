package dnsserver

import (
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxStreams is how many connections there may be; one more ends the one that has been silent for longest.
	maxStreams = 128
	// idleTime is how long a connection may wait between its questions, and how long all of a question and all of
	// a reply may take on their way.
	idleTime = 8 * time.Second
	// firstBuffer is the size of a connection's buffer before it has sent a large reply.
	firstBuffer = 2048
)

// streams are the open connections, the one that has been silent for longest first.
type streams struct {
	mutex sync.Mutex
	open  []*net.TCPConn
}

// add takes a connection in, and returns the one that has to go, if any.
func (s *streams) add(stream *net.TCPConn) (surplus *net.TCPConn) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.open) == maxStreams {
		surplus = s.open[0]
		s.open = slices.Delete(s.open, 0, 1)
	}
	s.open = append(s.open, stream)
	return surplus
}

// heard moves a connection to the end of the list, and gives it time for the next question, none while closing.
func (s *streams) heard(stream *net.TCPConn, closing func() bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if at := slices.Index(s.open, stream); at >= 0 {
		s.open = append(slices.Delete(s.open, at, at+1), stream)
	}
	if closing() {
		_ = stream.SetReadDeadline(longAgo)
	} else {
		_ = stream.SetDeadline(time.Now().Add(idleTime))
	}
}

func (s *streams) remove(stream *net.TCPConn) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if at := slices.Index(s.open, stream); at >= 0 {
		s.open = slices.Delete(s.open, at, at+1)
	}
}

// hurry lets no connection wait for another question.
func (s *streams) hurry() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, stream := range s.open {
		_ = stream.SetReadDeadline(longAgo)
	}
}

func (s *streams) closeAll() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, stream := range s.open {
		_ = stream.Close()
	}
}

// serveTCP takes connections in, one goroutine for each.
func (s *Server) serveTCP() {
	defer s.running.Done()
	for {
		stream, err := s.tcp.AcceptTCP()
		switch {
		case s.closing.Load():
			if err == nil {
				_ = stream.Close()
			}
			return
		case err != nil:
			time.Sleep(errorPause)
			continue
		}
		if surplus := s.streams.add(stream); surplus != nil {
			_ = surplus.Close()
			s.drop()
		}
		s.running.Add(1)
		go s.serveStream(stream)
	}
}

// serveStream replies to the questions of one connection in their order.
func (s *Server) serveStream(stream *net.TCPConn) {
	defer s.running.Done()
	defer func() { _ = stream.Close() }()
	defer s.streams.remove(stream)
	packet := make([]byte, 2+maxQuestionSize)
	buffer := make([]byte, 0, firstBuffer)
	for {
		s.streams.heard(stream, s.closing.Load)
		if _, err := io.ReadFull(stream, packet[:2]); err != nil {
			return
		}
		size := int(binary.BigEndian.Uint16(packet))
		if size > maxQuestionSize {
			s.drop()
			return
		}
		if _, err := io.ReadFull(stream, packet[:size]); err != nil {
			return
		}
		reply, first := s.respond(packet[:size], TCP, buffer[:0])
		if first != nil {
			reply = s.completeErrand(first, TCP, buffer[:0])
		}
		if reply == nil {
			return // no question: whoever sends such things is not served any longer
		}
		if !s.send(stream, reply) {
			return
		}
		if cap(reply) > cap(buffer) {
			buffer = reply[:0]
		}
	}
}

// send writes a reply and its length, and tells whether it went out.
func (s *Server) send(stream *net.TCPConn, reply []byte) bool {
	if len(reply) > dns.MaxMsgSize {
		return false
	}
	length := []byte{byte(len(reply) >> 8), byte(len(reply))}
	buffers := net.Buffers{length, reply}
	_, err := buffers.WriteTo(stream)
	return err == nil
}
