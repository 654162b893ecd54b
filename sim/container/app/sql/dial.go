package sql

import (
	"errors"
	"net/netip"

	"github.com/stsim/stsim/sim/container/applet"
)

// exchange tries addresses one after the other. reason is why the last one failed, "" when one answered.
func exchange(system applet.System, addresses []netip.Addr, port uint16, request []byte) (answer []byte, reason applet.NetworkReason) {
	reason = applet.NoRoute
	for _, address := range addresses {
		got, err := system.Exchange(netip.AddrPortFrom(address, port), request)
		if err == nil {
			return got, ""
		}
		var why *applet.NetworkError
		if errors.As(err, &why) {
			reason = why.Reason
		}
		if reason != applet.ConnectionRefused && reason != applet.NoRoute {
			return nil, reason
		}
	}
	return nil, reason
}

// Ask sends statements of a program to a server, as user root or another one. reason is set when nobody answered.
func Ask(system applet.System, address netip.AddrPort, request Request) (response Response, reason applet.NetworkReason) {
	answer, reason := exchange(system, []netip.Addr{address.Addr()}, address.Port(), request.Bytes())
	if reason != "" {
		return Response{}, reason
	}
	response, ok := ParseResponse(answer)
	if !ok {
		return Response{}, applet.ConnectionReset
	}
	return response, ""
}
