package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/stsim/stsim/sim/container/applet"
)

// Contacts remembers at which address each place was last reached, as an open connection would. It is immutable; the zero value knows none.
type Contacts struct{ known []contact }

type contact struct {
	place   string
	address netip.AddrPort
}

func (c Contacts) find(place string) (netip.AddrPort, bool) {
	for _, known := range c.known {
		if known.place == place {
			return known.address, true
		}
	}
	return netip.AddrPort{}, false
}

func (c Contacts) with(place string, address netip.AddrPort) Contacts {
	if known, found := c.find(place); found && known == address {
		return c
	}
	c = c.without(place)
	return Contacts{append(c.known, contact{place, address})}
}

// Reached notes that whoever belongs at HOST:PORT has opened a connection from an address.
func (c Contacts) Reached(place string, from netip.Addr) Contacts {
	_, portText, err := net.SplitHostPort(place)
	port, problem := strconv.ParseUint(portText, 10, 16)
	if err != nil || problem != nil || !from.IsValid() {
		return c
	}
	return c.with(place, netip.AddrPortFrom(from, uint16(port)))
}

func (c Contacts) without(place string) Contacts {
	return Contacts{slices.DeleteFunc(slices.Clone(c.known), func(known contact) bool { return known.place == place })}
}

// DialError says why a place could not be reached.
type DialError struct {
	Place   string               // HOST:PORT
	Reason  applet.NetworkReason // [UnknownHost] when its name does not resolve
	Address netip.AddrPort       // that was tried last
}

// UnknownHost is the reason of a DialError for a name that has no address.
const UnknownHost applet.NetworkReason = "Name or service not known"

func (e *DialError) Error() string { return e.Place + ": " + string(e.Reason) }

// Gone says whether somebody was there to say that nobody listens, or nobody has the name: a broken connection, where a [applet.TimedOut] is silence.
func (e *DialError) Gone() bool { return e.Reason != applet.TimedOut }

// Link is how one callback reaches other programs.
type Link struct {
	System applet.System
	Contacts
}

// Forget drops what is remembered of a place, e.g. because somebody else answers there now.
func (l *Link) Forget(place string) { l.Contacts = l.without(place) }

// Dial sends a request to HOST:PORT and gives back what is answered; nothing means that the other side closed the connection. It asks the place's last address first, and
// DNS when nobody answers there: so a name that is out of DNS for a while (a Pod that is not ready) does not break what was connected.
//
// Errors: a *DialError.
func (l *Link) Dial(place string, request []byte) ([]byte, error) {
	silent := false
	known, found := l.find(place)
	if found {
		answer, err := l.System.Exchange(known, request)
		if err == nil && len(answer) > 0 {
			return answer, nil
		}
		var why *applet.NetworkError
		silent = errors.As(err, &why) && why.Reason == applet.TimedOut
	}
	answer, used, err := Dial(l.System, place, request)
	var why *DialError
	switch {
	case err == nil:
		l.Contacts = l.with(place, used)
	case silent && errors.As(err, &why) && why.Reason == UnknownHost: // the connection still stands, as far as anybody can tell
		return nil, &DialError{Place: place, Reason: applet.TimedOut, Address: known}
	case found && !silent:
		l.Contacts = l.without(place)
	}
	return answer, err
}

// Dial sends a request to HOST:PORT, resolving the name now. Of several addresses the first that answers counts.
//
// Errors: a *DialError.
func Dial(system applet.System, place string, request []byte) (answer []byte, used netip.AddrPort, err error) {
	host, portText, err := net.SplitHostPort(place)
	port, problem := strconv.ParseUint(portText, 10, 16)
	if err != nil || problem != nil {
		return nil, used, fmt.Errorf("expected HOST:PORT, found %q", place)
	}
	failure := &DialError{Place: place, Reason: UnknownHost}
	for _, address := range applet.Resolve(system, host) {
		used = netip.AddrPortFrom(address, uint16(port))
		answer, err := system.Exchange(used, request)
		if err == nil {
			return answer, used, nil
		}
		failure.Reason, failure.Address = applet.NoRoute, used
		var why *applet.NetworkError
		if errors.As(err, &why) {
			failure.Reason = why.Reason
		}
	}
	return nil, used, failure
}
