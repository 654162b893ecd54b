//go:build !linux

package dnsserver

import (
	"net"
	"net/netip"
)

// maxBatch is how many datagrams are read and written together: without a system call for more, one.
const maxBatch = 1

// datagrams is a UDP socket, read by one goroutine.
type datagrams struct {
	conn   *net.UDPConn
	packet [maxQuestionSize + 1]byte
	size   int
	from   netip.AddrPort
	answer []byte
}

// listenDatagrams opens a socket.
func listenDatagrams(address netip.AddrPort) (*datagrams, error) {
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(address))
	if err != nil {
		return nil, err
	}
	_ = conn.SetReadBuffer(receiveBuffer) // less only loses more of a flood
	return &datagrams{conn: conn}, nil
}

// receive waits for datagrams and tells how many there are. After interrupt it fails.
func (d *datagrams) receive() (count int, err error) {
	d.size, d.from, err = d.conn.ReadFromUDPAddrPort(d.packet[:])
	return 1, err
}

// question is one of the datagrams received last. If it is too long, it is cut, but still too long.
func (d *datagrams) question(int) []byte { return d.packet[:d.size] }

// client is who sent that datagram.
func (d *datagrams) client(int) netip.AddrPort { return d.from }

// reply has a message sent to that client by send, and must not change before.
func (d *datagrams) reply(_ int, message []byte) { d.answer = message }

// send sends the replies. A client that cannot be reached is no concern of the others.
func (d *datagrams) send() {
	if d.answer != nil {
		_, _ = d.conn.WriteToUDPAddrPort(d.answer, d.from)
	}
	d.answer = nil
}

// sendTo sends one message.
func (d *datagrams) sendTo(client netip.AddrPort, packed []byte) {
	_, _ = d.conn.WriteToUDPAddrPort(packed, client)
}

// interrupt ends receive, now and from now on.
func (d *datagrams) interrupt() { _ = d.conn.SetReadDeadline(longAgo) }

// close closes the socket. Nobody may use it any more.
func (d *datagrams) close() { _ = d.conn.Close() }
