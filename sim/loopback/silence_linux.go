package loopback

import (
	"net"
	"syscall"
)

// dropAll is a packet filter that lets nothing through: whoever connects to a socket that has it hears nothing.
var dropAll = []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}}

// silence lets a listening socket drop what comes to it, or take it again. It says whether the system can do that.
func silence(listener *net.TCPListener, silent bool) bool {
	raw, err := listener.SyscallConn()
	if err != nil {
		return false
	}
	var problem error
	err = raw.Control(func(descriptor uintptr) {
		if silent {
			problem = syscall.AttachLsf(int(descriptor), dropAll)
		} else {
			problem = syscall.DetachLsf(int(descriptor))
		}
	})
	return err == nil && problem == nil
}
