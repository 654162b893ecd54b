package applet

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// addresses are those of the URL's host; --resolve comes first.
func (r *curlRun) addresses(address *url.URL, port uint16) []netip.Addr {
	for _, entry := range r.o.values("resolve") {
		parts := strings.SplitN(entry, ":", 3)
		if len(parts) == 3 && strings.EqualFold(parts[0], address.Hostname()) && parts[1] == strconv.Itoa(int(port)) {
			if parsed, err := netip.ParseAddr(strings.Trim(parts[2], "[]")); err == nil {
				return []netip.Addr{parsed}
			}
		}
	}
	addresses, _ := r.resolveHost(address.Hostname())
	return addresses
}

// exchange sends one request and keeps the reply. ok is false when curl ends or waits.
func (r *curlRun) exchange(address *url.URL, method string, body []byte) (Outcome, bool) {
	host := address.Hostname()
	if address.Scheme == "https" {
		return r.failed(35, "TLS connect error: TLS is not simulated; hint: use http://"), false
	}
	if address.Scheme != "http" {
		return r.failed(1, "Protocol \"%s\" not supported", address.Scheme), false
	}
	port, err := portOf(address)
	if err != nil {
		return r.failed(3, "URL rejected: Port number was not a decimal number between 0 and 65535"), false
	}
	addresses := r.addresses(address, port)
	if len(addresses) == 0 {
		r.comment("Could not resolve host: %s", host)
		return r.failed(6, "Could not resolve host: %s", host), false
	}
	request := httpRequest{method: method, address: address, body: body, header: r.header(address, body)}
	_, resumed := r.State.(waitState)
	if !resumed {
		r.comment("Host %s:%d was resolved.", host, port)
		r.comment("  Trying %s...", netip.AddrPortFrom(addresses[0], port))
	}
	r.reply, err = r.fetch(request, addresses)
	switch why := reasonOf(err); {
	case why == TimedOut:
		outcome, done := r.awaitTimeout(r.limit, r.index)
		if !done {
			return outcome, false
		}
		since := r.State.(waitState).since
		ms := r.System.Now().Sub(since).Milliseconds()
		r.State = nil
		switch {
		case r.total:
			return r.failed(28, "Connection timed out after %d milliseconds", ms), false
		case r.o.has("connect-timeout"):
			return r.failed(28, "Failed to connect to %s port %d after %d ms: Timeout was reached", host, port, ms), false
		}
		return r.failed(28, "Failed to connect to %s port %d after %d ms: Couldn't connect to server", host, port, ms), false
	case why == ConnectionReset:
		return r.failed(56, "Recv failure: Connection reset by peer"), false
	case why != "":
		r.comment("connect to %s port %d failed: %s", r.reply.address.Addr(), port, why)
		r.comment("Failed to connect to %s port %d after 0 ms: Couldn't connect to server", host, port)
		r.comment("Closing connection")
		return r.failed(7, "Failed to connect to %s port %d after 0 ms: Couldn't connect to server", host, port), false
	}
	r.comment("Connected to %s (%s) port %d", host, r.reply.address.Addr(), port)
	if r.o.has("v") {
		head, _, _ := strings.Cut(string(request.bytes()), "\r\n\r\n")
		for _, line := range strings.Split(head+"\r\n", "\r\n") {
			fmt.Fprintf(r.Stderr, "> %s\n", line)
		}
	}
	switch {
	case errors.Is(err, errEmpty):
		r.comment("Empty reply from server")
		return r.failed(52, "Empty reply from server"), false
	case errors.Is(err, errNoHTTP):
		return r.failed(1, "Received HTTP/0.9 when not allowed"), false
	}
	if r.o.has("v") {
		for _, line := range strings.Split(strings.TrimSuffix(r.reply.head, "\n"), "\n") {
			fmt.Fprintf(r.Stderr, "< %s\n", strings.TrimRight(line, "\r"))
		}
		r.comment("Connection #%d to host %s left intact", r.hops, host)
	}
	return Outcome{}, true
}

// header is the request's header: curl's own lines, changed and removed by -H.
func (r *curlRun) header(address *url.URL, body []byte) [][2]string {
	header := [][2]string{{"Host", hostHeader(address)}}
	if user := r.o.value("u", ""); user != "" {
		header = append(header, [2]string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(user))})
	}
	header = append(header, [2]string{"User-Agent", r.o.value("A", "curl/"+curlVersion)}, [2]string{"Accept", "*/*"})
	if r.o.has("e") {
		header = append(header, [2]string{"Referer", r.o.value("e", "")})
	}
	if r.o.has("b") {
		header = append(header, [2]string{"Cookie", r.o.value("b", "")})
	}
	if body != nil {
		kind := "application/x-www-form-urlencoded"
		if r.o.has("json") {
			kind = "application/json"
		}
		header = append(header, [2]string{"Content-Length", strconv.Itoa(len(body))}, [2]string{"Content-Type", kind})
	}
	for _, line := range r.o.values("H") {
		name, value, colon := strings.Cut(line, ":")
		if !colon {
			name, _, _ = strings.Cut(line, ";")
		}
		value = strings.TrimSpace(value)
		kept := header[:0:0]
		placed := false
		for _, field := range header {
			if !strings.EqualFold(field[0], name) {
				kept = append(kept, field)
			} else if value != "" {
				kept, placed = append(kept, [2]string{name, value}), true
			}
		}
		if header = kept; !placed && (value != "" || !colon) {
			header = append(header, [2]string{name, value})
		}
	}
	return header
}

// data collects the body from -d and its relatives.
func (r *curlRun) data() (Outcome, bool) {
	var parts []string
	for _, use := range r.o.used {
		value := use.value
		switch use.key {
		case "d", "data-binary", "json":
			name, isFile := strings.CutPrefix(value, "@")
			if !isFile {
				break
			}
			if r.isStdin(name) {
				if outcome, ok := r.awaitInput(); !ok {
					return outcome, false
				}
			}
			data, err := r.read(name)
			if err != nil {
				return r.failed(26, "Failed to open %s", name), false
			}
			value = string(data)
			if use.key == "d" {
				value = strings.NewReplacer("\r", "", "\n", "").Replace(value)
			}
		case "data-urlencode":
			name, text, named := strings.Cut(value, "=")
			if value = url.QueryEscape(value); named {
				value = url.QueryEscape(text)
				if name != "" {
					value = name + "=" + value
				}
			}
			value = strings.ReplaceAll(value, "+", "%20")
		case "data-raw":
		default:
			continue
		}
		parts = append(parts, value)
	}
	if parts != nil {
		separator := "&"
		if r.o.has("json") {
			separator = ""
		}
		r.body = []byte(strings.Join(parts, separator))
	}
	return Outcome{}, true
}
