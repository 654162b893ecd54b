package dnsserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// samePortTries is how often a free port is drawn that both transports can have.
	samePortTries = 16
	// receiveBuffer is what the kernel is asked to hold of the questions that wait, in octets; it may give less.
	receiveBuffer = 4 << 20
)

// ServerOptions say what a Server answers.
type ServerOptions struct {
	// Source is what the server knows. Packed answers are remembered until its Version changes, or its Serial if it is
	// not [Versioned].
	Source Source
	// Guard is held while the source is read: hold it to change the source. Nil if the source never changes.
	Guard sync.Locker
	// Config is how to answer. If ListenAddress is not valid, it becomes the server's own.
	Config Config
	// Shuffle gives the addresses of a reply another order every time, as CoreDNS's plugin loadbalance does. Config.Choose does
	// the same for Answer, but of all there are and not of those that go into the reply, and replies are not remembered then.
	Shuffle bool
	// CacheTTL above 0 puts a Cache of that TTL before the source. Such a server works out every reply anew.
	CacheTTL time.Duration
	// CacheStore keeps what that cache remembers; nil means in memory. It is used while the guard is held.
	CacheStore CacheStore
	// Now is the clock of that cache, the wall clock if nil. It is called while the guard is held.
	Now func() time.Time
	// Upstream are servers that are asked, one after the other, for what is beyond the zones. Config.Forward is
	// not used then.
	Upstream []netip.AddrPort
}

// longAgo is the deadline of whoever shall not wait any longer.
var longAgo = time.Unix(1, 0)

// Server answers questions on a UDP and a TCP socket of the same loopback address and port. Its replies are those of
// AnswerPacket. What it holds is bounded whatever comes in: the memory for packed answers, the connections, the time
// a connection may be idle, the size of a question, and the questions that wait for an upstream server.
type Server struct {
	guard     sync.Locker
	responder responder // guarded
	now       func() time.Time
	upstream  []netip.AddrPort
	udp       *datagrams
	tcp       *net.TCPListener
	streams   streams
	waiting   chan struct{}   // as many as may wait for an upstream server
	lifetime  context.Context // of questions to upstream servers
	stop      context.CancelFunc
	closing   atomic.Bool
	running   sync.WaitGroup
}

// Listen starts to serve on a loopback address. Port 0 draws a free one; see Address.
func Listen(address netip.AddrPort, options ServerOptions) (*Server, error) {
	if options.Source == nil {
		return nil, errors.New("DNS server: expected a source, found none")
	}
	if err := options.Config.Validate(); err != nil {
		return nil, err
	}
	if !address.Addr().IsLoopback() {
		return nil, fmt.Errorf("DNS server: expected a loopback address such as 127.0.0.1:15353, found %s", address)
	}
	s := &Server{
		guard: options.Guard, now: options.Now,
		waiting: make(chan struct{}, maxWaiting),
	}
	if s.guard == nil {
		s.guard = new(sync.Mutex)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if err := s.open(address); err != nil {
		return nil, fmt.Errorf("DNS server: %w", err)
	}
	for _, upstream := range options.Upstream {
		if upstream != s.Address() { // a server that asks itself never replies
			s.upstream = append(s.upstream, upstream)
		}
	}
	s.responder = responder{source: options.Source, config: options.Config, upstream: len(s.upstream) > 0}
	if options.Shuffle {
		s.responder.shuffler = new(shuffler)
	}
	if !s.responder.config.ListenAddress.IsValid() {
		s.responder.config.ListenAddress = address.Addr()
	}
	if options.CacheTTL > 0 {
		if options.CacheStore == nil {
			options.CacheStore = &MemoryStore{}
		}
		s.responder.cache = &Cache{TTL: min(options.CacheTTL, MaxCacheTTL), Store: options.CacheStore}
	}
	s.lifetime, s.stop = context.WithCancel(context.Background())
	s.running.Add(2)
	go s.serveUDP()
	go s.serveTCP()
	return s, nil
}

// open opens both sockets on one port.
func (s *Server) open(address netip.AddrPort) (err error) {
	tries := 1
	if address.Port() == 0 {
		tries = samePortTries
	}
	for range tries {
		if s.tcp, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(address)); err != nil {
			return err
		}
		if s.udp, err = listenDatagrams(s.Address()); err == nil {
			return nil
		}
		_ = s.tcp.Close()
	}
	return err
}

// Address is where the server listens, over UDP and TCP.
func (s *Server) Address() netip.AddrPort {
	address := s.tcp.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// Metrics is what the server has done so far.
func (s *Server) Metrics() Metrics {
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.responder.metrics
}

// Invalidate forgets all packed answers. It is for a source that is not [Versioned] and has become a different one with the
// same serial.
func (s *Server) Invalidate() {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.responder.answers.forget()
}

// Shutdown stops the server: it takes no more questions, replies to those it has, and closes the sockets. When the
// context ends before that, connections are closed as they are. It returns what the server has done. A second call
// waits for the first.
func (s *Server) Shutdown(ctx context.Context) Metrics {
	if !s.closing.Swap(true) {
		s.stop()
		_ = s.tcp.Close()
		s.udp.interrupt()
		s.streams.hurry()
	}
	finished := make(chan struct{})
	go func() {
		s.running.Wait()
		close(finished)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
		s.streams.closeAll()
		<-finished
	}
	s.udp.close()
	return s.Metrics()
}

// respond replies to a packet, see responder.
func (s *Server) respond(packet []byte, transport Transport, buffer []byte) ([]byte, *errand) {
	now := s.lock()
	defer s.guard.Unlock()
	return s.responder.respond(packet, transport, now, buffer)
}

// lock takes the guard, and reads the clock if there is a cache.
func (s *Server) lock() (now time.Time) {
	s.guard.Lock()
	if s.responder.cache != nil {
		now = s.now()
	}
	return now
}

// drop counts what got no reply.
func (s *Server) drop() {
	s.guard.Lock()
	s.responder.metrics.Dropped++
	s.guard.Unlock()
}
