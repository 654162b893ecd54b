package dnsserver

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxWaiting is how many questions may wait for upstream servers at the same time.
	maxWaiting = 64
	// upstreamTimeout is how long one upstream server has for a reply.
	upstreamTimeout = 2 * time.Second
	// upstreamSize is the size of replies that an upstream server is offered.
	upstreamSize = 1232
	dnsPort      = 53
)

// completeErrand asks the upstream servers and makes the reply of what they say.
func (s *Server) completeErrand(first *errand, transport Transport, buffer []byte) []byte {
	said := s.askUpstream(first.ask)
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.responder.complete(first, said, transport, s.now(), buffer)
}

// askUpstream puts a question to the upstream servers, one after the other, and returns the first reply that is not a
// server failure; nil if there is none.
func (s *Server) askUpstream(ask dns.Question) *dns.Msg {
	for _, server := range s.upstream {
		if said := exchange(s.lifetime, server, ask); said != nil && said.Rcode != dns.RcodeServerFailure && said.Rcode != dns.RcodeRefused {
			return said
		}
	}
	return nil
}

// exchange asks one server over UDP, and over TCP if the reply is truncated; nil when it does not reply.
func exchange(ctx context.Context, server netip.AddrPort, ask dns.Question) *dns.Msg {
	question := new(dns.Msg)
	question.SetQuestion(ask.Name, ask.Qtype)
	question.SetEdns0(upstreamSize, false)
	for _, network := range []string{"udp", "tcp"} {
		said, err := exchangeOver(ctx, network, server, question)
		if err != nil {
			return nil
		}
		if !said.Truncated {
			return said
		}
	}
	return nil
}

func exchangeOver(ctx context.Context, network string, server netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	client := dns.Client{Net: network, Timeout: upstreamTimeout}
	conn, err := client.DialContext(ctx, server.String())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	// The library does not look whether the context ends.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	said, _, err := client.ExchangeWithConnContext(ctx, question, conn)
	return said, err
}

// HostResolvers returns the servers of a file like /etc/resolv.conf.
func HostResolvers(path string) ([]netip.AddrPort, error) {
	file, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, err
	}
	var servers []netip.AddrPort
	for _, text := range file.Servers {
		if address, err := netip.ParseAddr(text); err == nil {
			servers = append(servers, netip.AddrPortFrom(address, dnsPort))
		}
	}
	if len(servers) == 0 {
		return nil, fmt.Errorf("%s: expected a line with nameserver, found none", path)
	}
	return servers, nil
}
