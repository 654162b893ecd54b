package applet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// connectLimit is how long a connection attempt takes to fail when nothing answers: Linux gives up after six
// repetitions, 127 seconds.
const connectLimit = 127 * time.Second

// httpRequest is one request to a server.
type httpRequest struct {
	method  string
	address *url.URL
	header  [][2]string // in the order in which they are sent
	body    []byte
}

// httpReply is what came back.
type httpReply struct {
	status  int
	head    string // status line and header as they came, lines ending with CR LF, with the empty line
	header  http.Header
	body    []byte
	address netip.AddrPort
	partial bool // the body ended early
}

// Errors that are no failure of the network.
var (
	errNoHost    = errors.New("host not found")
	errEmpty     = errors.New("empty reply")
	errNoHTTP    = errors.New("no HTTP reply")
	errPlainPort = errors.New("bad port")
)

// parseURL reads what people type after curl and wget: the scheme may be missing.
func parseURL(text string) (*url.URL, error) {
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	address, err := url.Parse(text)
	if err != nil || address.Hostname() == "" {
		return nil, plainError("malformed URL")
	}
	return address, nil
}

// portOf is the port of a URL.
func portOf(address *url.URL) (uint16, error) {
	text := address.Port()
	if text == "" {
		return 80, nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, errPlainPort
	}
	return uint16(port), nil
}

// bytes is the request as it goes over the wire.
func (r httpRequest) bytes() []byte {
	var out bytes.Buffer
	out.WriteString(r.method + " " + r.target() + " HTTP/1.1\r\n")
	for _, field := range r.header {
		out.WriteString(field[0] + ": " + field[1] + "\r\n")
	}
	out.WriteString("\r\n")
	out.Write(r.body)
	return out.Bytes()
}

// target is path and query.
func (r httpRequest) target() string {
	target := r.address.EscapedPath()
	if target == "" {
		target = "/"
	}
	if r.address.RawQuery != "" {
		target += "?" + r.address.RawQuery
	}
	return target
}

// send asks the addresses in turn until one accepts the connection.
func (c *Call) send(addresses []netip.Addr, port uint16, request []byte) (response []byte, used netip.AddrPort, err error) {
	err = errNoHost
	for _, address := range addresses {
		used = netip.AddrPortFrom(address, port)
		response, err = c.System.Exchange(used, request)
		if reasonOf(err) != ConnectionRefused && reasonOf(err) != NoRoute {
			return response, used, err
		}
	}
	return response, used, err
}

// reasonOf is why the network failed, "" when it did not.
func reasonOf(err error) NetworkReason {
	var failure *NetworkError
	if errors.As(err, &failure) {
		return failure.Reason
	}
	return ""
}

// fetch sends a request to the host of its URL.
func (c *Call) fetch(request httpRequest, addresses []netip.Addr) (httpReply, error) {
	port, err := portOf(request.address)
	if err != nil {
		return httpReply{}, err
	}
	raw, used, err := c.send(addresses, port, request.bytes())
	if err != nil {
		return httpReply{address: used}, err
	}
	reply, err := parseReply(raw, request.method)
	reply.address = used
	return reply, err
}

// parseReply reads a response. Interim responses (1xx) before the final one are skipped.
func parseReply(raw []byte, method string) (httpReply, error) {
	if len(raw) == 0 {
		return httpReply{}, errEmpty
	}
	for {
		response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), &http.Request{Method: method}) //nolint:bodyclose // it reads from memory: there is nothing to close
		if err != nil {
			return httpReply{body: raw}, errNoHTTP
		}
		end := bytes.Index(raw, []byte("\r\n\r\n"))
		width := 4
		if bare := bytes.Index(raw, []byte("\n\n")); end < 0 || bare >= 0 && bare < end {
			end, width = bare, 2
		}
		if end < 0 {
			end, width = len(raw), 0
		}
		reply := httpReply{status: response.StatusCode, head: string(raw[:end+width]), header: response.Header}
		if response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
			raw = raw[end+width:]
			if len(raw) == 0 {
				return reply, errEmpty
			}
			continue
		}
		body, err := io.ReadAll(response.Body)
		reply.body, reply.partial = body, err != nil
		return reply, nil
	}
}

// redirect is where a reply sends the client; nil if it does not.
func (r httpReply) redirect(from *url.URL) *url.URL {
	switch r.status {
	case 301, 302, 303, 307, 308:
	default:
		return nil
	}
	location := r.header.Get("Location")
	if location == "" {
		return nil
	}
	target, err := from.Parse(location)
	if err != nil {
		return nil
	}
	return target
}

// hostHeader is the value of Host: the port only when it is not the usual one.
func hostHeader(address *url.URL) string {
	if address.Port() == "80" {
		return strings.TrimSuffix(address.Host, ":80")
	}
	return address.Host
}

// waitState is a network command that waits for a connection to fail: until then.
type waitState struct {
	until time.Time
	since time.Time
	at    int // which of several operands
}

// awaitTimeout lets the time pass that a connection takes to fail. done: it has passed.
func (c *Call) awaitTimeout(limit time.Duration, at int) (Outcome, bool) {
	state, resumed := c.State.(waitState)
	now := c.System.Now()
	if !resumed || state.at != at {
		state = waitState{until: now.Add(limit), since: now, at: at}
	}
	if !now.Before(state.until) {
		return Outcome{}, true
	}
	return Outcome{Block: &Block{Until: state.until}, State: state}, false
}
