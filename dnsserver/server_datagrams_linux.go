package dnsserver

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBatch is how many datagrams are read and written together at most.
const maxBatch = 64

// datagrams is a UDP socket, read by one goroutine. Two things make it cheaper than a [net.UDPConn]:
//
//   - Questions that have already arrived are read with one system call (recvmmsg) and replied to with another one
//     (sendmmsg). Nobody waits for a batch to fill.
//   - The goroutine waits in the system call, and the runtime's poller does not know the socket. So a question that comes
//     alone wakes one thread, not a chain of them: at an easy pace that is most of the cost.
type datagrams struct {
	socket   int
	own      netip.AddrPort
	packets  [maxBatch][maxQuestionSize + 1]byte
	clients  [maxBatch]unix.RawSockaddrInet6 // large enough for IPv4 too
	received [maxBatch]message
	replies  [maxBatch]message
	vectors  [2 * maxBatch]unix.Iovec // of received, then of replies
	waiting  int                      // in replies
	ended    atomic.Bool
	closed   sync.Once
}

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32
}

// listenDatagrams opens a socket.
func listenDatagrams(address netip.AddrPort) (*datagrams, error) {
	family := unix.AF_INET6
	if address.Addr().Is4() {
		family = unix.AF_INET
	}
	socket, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(socket, socketAddress(address)); err != nil {
		_ = unix.Close(socket)
		return nil, fmt.Errorf("listen udp %s: %w", address, os.NewSyscallError("bind", err))
	}
	_ = unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer) // less only loses more of a flood
	d := &datagrams{socket: socket, own: address}
	for i := range maxBatch {
		d.vectors[i].Base = &d.packets[i][0]
		d.vectors[i].SetLen(len(d.packets[i]))
		d.received[i].header.Iov = &d.vectors[i]
		d.received[i].header.SetIovlen(1)
		d.received[i].header.Name = (*byte)(unsafe.Pointer(&d.clients[i]))
	}
	return d, nil
}

func socketAddress(address netip.AddrPort) unix.Sockaddr {
	if address.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: address.Addr().As4(), Port: int(address.Port())}
	}
	return &unix.SockaddrInet6{Addr: address.Addr().As16(), Port: int(address.Port())}
}

// call makes one of the two system calls, and tells how many messages it was about.
func (d *datagrams) call(number uintptr, messages []message, flags uintptr) (count int, err error) {
	for {
		done, _, failed := unix.Syscall6(number, uintptr(d.socket), uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), flags, 0, 0)
		switch failed {
		case 0:
			return int(done), nil
		case unix.EINTR:
		default:
			return 0, failed
		}
	}
}

// receive waits for datagrams and tells how many there are. After interrupt it fails.
func (d *datagrams) receive() (count int, err error) {
	if d.ended.Load() {
		return 0, net.ErrClosed
	}
	for i := range d.received {
		d.received[i].header.Namelen = unix.SizeofSockaddrInet6
	}
	count, err = d.call(unix.SYS_RECVMMSG, d.received[:], unix.MSG_WAITFORONE)
	if d.ended.Load() {
		for i := range count {
			if d.client(i) == d.own { // see interrupt
				return i, nil
			}
		}
	}
	return count, err
}

// question is one of the datagrams received last. If it is too long, it is cut, but still too long.
func (d *datagrams) question(i int) []byte { return d.packets[i][:d.received[i].length] }

// client is who sent that datagram.
func (d *datagrams) client(i int) netip.AddrPort {
	from := &d.clients[i]
	port := (*[2]byte)(unsafe.Pointer(&from.Port)) // in both families at the same place
	address := netip.AddrFrom16(from.Addr)
	if from.Family == unix.AF_INET {
		address = netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(from)).Addr)
	}
	return netip.AddrPortFrom(address, binary.BigEndian.Uint16(port[:]))
}

// reply has a message sent to that client by send, and must not change before.
func (d *datagrams) reply(i int, packed []byte) {
	vector := &d.vectors[maxBatch+d.waiting]
	vector.Base = &packed[0]
	vector.SetLen(len(packed))
	header := &d.replies[d.waiting].header
	header.Iov = vector
	header.SetIovlen(1)
	header.Name, header.Namelen = d.received[i].header.Name, d.received[i].header.Namelen
	d.waiting++
}

// send sends the replies. A client that cannot be reached is no concern of the others.
func (d *datagrams) send() {
	for first := 0; first < d.waiting; {
		sent, err := d.call(unix.SYS_SENDMMSG, d.replies[first:d.waiting], 0)
		if err != nil {
			sent = 1 // the first of them could not be sent
		}
		first += sent
	}
	d.waiting = 0
}

// sendTo sends one message.
func (d *datagrams) sendTo(client netip.AddrPort, packed []byte) {
	_ = unix.Sendto(d.socket, packed, 0, socketAddress(client))
}

// interrupt ends receive, now and from now on: a datagram from us to us wakes it.
func (d *datagrams) interrupt() {
	d.ended.Store(true)
	d.sendTo(d.own, nil)
}

// close closes the socket, once: its number may belong to another file afterwards. Nobody may use it any more.
func (d *datagrams) close() { d.closed.Do(func() { _ = unix.Close(d.socket) }) }
