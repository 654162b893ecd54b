package main

import (
	"errors"
	"fmt"
	"syscall"
)

// portFailure says why a flag's address cannot be listened at, and what to do about it.
func portFailure(flag, address string, err error) error {
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s %s: ports below 1024 are reserved for the administrator here\n"+
			"hint: %[1]s 127.0.0.1:0 takes any free port; or let everybody use them: sudo sysctl net.ipv4.ip_unprivileged_port_start=53", flag, address)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s %s: another program listens there\nhint: %[1]s 127.0.0.1:0 takes any free port; ss -tulpn tells who it is (another stsim serve?)", flag, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("%s %s: this machine has no such address\nhint: %[1]s 127.0.0.1:0 takes any free port of an address that every machine has", flag, address)
	}
	return fmt.Errorf("%s %s: %w\nhint: %[1]s 127.0.0.1:0 takes any free port", flag, address, err)
}
