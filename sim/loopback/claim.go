package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// Ranges are the addresses of a cluster.
type Ranges struct{ Pods, Services, Nodes netip.Prefix }

// Claimed is the right to use ranges, until it is given back or the process ends.
type Claimed struct {
	Ranges
	mark *net.UDPConn
}

// Close gives the ranges back.
func (c *Claimed) Close() { _ = c.mark.Close() }

// ErrNoAddresses says that this system has no loopback addresses but 127.0.0.1.
var ErrNoAddresses = errors.New("this system has no loopback addresses beside 127.0.0.1")

const (
	firstBlock = 64  // the second byte of the first range that is tried; what is below is in use on many machines
	lastBlock  = 252 // of the last
	blockStep  = 4
	// claimPort is where whoever has ranges says so, at the first address of the nodes' range, which no node has.
	claimPort = 10256
)

// Claim takes the first ranges that are free: the Pods' is a /16 such as 127.64.0.0/16, and the next two /16 are those of Services and nodes.
//
// Errors: [ErrNoAddresses]; all are taken.
func Claim() (*Claimed, error) {
	var last error
	for block := firstBlock; block <= lastBlock; block += blockStep {
		ranges := rangesAt(byte(block))
		mark, err := claim(ranges.Nodes)
		switch {
		case err == nil:
			return &Claimed{ranges, mark}, nil
		case errors.Is(err, syscall.EADDRNOTAVAIL):
			return nil, ErrNoAddresses
		}
		last = err
	}
	return nil, fmt.Errorf("all loopback ranges from 127.%d.0.0 to 127.%d.255.255 are taken: %w", firstBlock, lastBlock+blockStep-1, last)
}

// Reclaim takes the ranges again that a cluster had before, by its range of nodes.
//
// Errors: [ErrNoAddresses]; another cluster has them.
func Reclaim(nodes netip.Prefix) (*Claimed, error) {
	mark, err := claim(nodes)
	switch {
	case err == nil:
		return &Claimed{Ranges{Nodes: nodes}, mark}, nil
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, ErrNoAddresses
	}
	return nil, fmt.Errorf("the loopback range %s is taken: %w", nodes, err)
}

// claim listens where whoever has a range of nodes listens.
func claim(nodes netip.Prefix) (*net.UDPConn, error) {
	return net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(nodes.Addr().Next(), claimPort)))
}

func rangesAt(block byte) Ranges {
	prefix := func(next byte) netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{127, block + next}), 16) }
	return Ranges{Pods: prefix(0), Services: prefix(1), Nodes: prefix(2)}
}
