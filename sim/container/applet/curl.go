package applet

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

const curlVersion = "8.5.0"

// curlRun is one use of curl.
type curlRun struct {
	*Call
	o     options
	body  []byte
	limit time.Duration // of a connection attempt
	total bool          // the limit is that of the entire transfer (-m)
	index int
	reply httpReply
	hops  int
	url   *url.URL
}

// curl fetches and sends things over HTTP.
func curl(c *Call) Outcome {
	o, outcome, ok := c.options("sSfiIo:OvLX:d:H:w:m:A:u:e:G4kNgj#b:V0", "silent=s", "show-error=S", "fail=f", "include=i", "show-headers=i", "head=I", "output=o", "remote-name=O", "verbose=v", "location=L",
		"request=X", "data=d", "data-ascii=d", "data-raw:", "data-binary:", "data-urlencode:", "json:", "header=H", "write-out=w", "max-time=m", "connect-timeout:", "user-agent=A", "user=u", "referer=e", "get=G",
		"insecure=k", "no-buffer=N", "globoff=g", "ipv4=4", "url:", "resolve:", "compressed", "http1.1", "http1.0=0", "no-progress-meter", "fail-with-body", "max-redirs:", "noproxy:", "progress-bar=#", "cookie=b", "version=V", "path-as-is", "create-dirs")
	if !ok {
		return outcome
	}
	if o.has("V") {
		c.print("curl " + curlVersion + " (simulated)\nProtocols: http\n")
		return Exit(0)
	}
	urls := append(o.values("url"), o.operands...)
	if len(urls) == 0 {
		fmt.Fprintln(c.Stderr, "curl: (2) no URL specified")
		return Exit(2)
	}
	r := &curlRun{Call: c, o: o, limit: connectLimit}
	for _, key := range []string{"connect-timeout", "m"} {
		if !o.has(key) {
			continue
		}
		seconds, err := strconv.ParseFloat(o.value(key, ""), 64)
		if err != nil || !(seconds >= 0) {
			return r.failed(2, "option %s: expected a proper numerical parameter", key)
		}
		if limit := time.Duration(min(seconds, 1e6) * float64(time.Second)); limit > 0 && limit < r.limit {
			r.limit, r.total = limit, key == "m"
		}
	}
	if outcome, ok := r.data(); !ok {
		return outcome
	}
	state, _ := c.State.(waitState)
	code := 0
	for r.index = state.at; r.index < len(urls); r.index++ {
		outcome := r.one(urls[r.index])
		if outcome.Block != nil {
			return outcome
		}
		code = outcome.Code
	}
	return Exit(code)
}

// failed reports an error unless -s without -S, and gives its code.
func (r *curlRun) failed(code int, format string, values ...any) Outcome {
	if !r.o.has("s") || r.o.has("S") {
		fmt.Fprintf(r.Stderr, "curl: (%d) %s\n", code, fmt.Sprintf(format, values...))
	}
	if code != 22 {
		r.writeOut(code)
	}
	return Exit(code)
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

// one fetches one URL.
func (r *curlRun) one(text string) Outcome {
	address, err := parseURL(text)
	r.reply, r.hops, r.url = httpReply{}, 0, address
	if err != nil {
		return r.failed(3, "URL rejected: Malformed input to a URL function")
	}
	method := "GET"
	body := r.body
	switch {
	case r.o.has("G") && body != nil:
		if address.RawQuery != "" {
			address.RawQuery += "&"
		}
		address.RawQuery += string(body)
		body = nil
	case body != nil:
		method = "POST"
	case r.o.has("I"):
		method = "HEAD"
	}
	most := 50
	if r.o.has("max-redirs") {
		if most, err = strconv.Atoi(r.o.value("max-redirs", "")); err != nil {
			return r.failed(2, "option --max-redirs: expected a proper numerical parameter")
		}
	}
	var shown strings.Builder
	for {
		if outcome, ok := r.exchange(address, r.o.value("X", method), body); !ok {
			return outcome
		}
		if r.o.has("i", "I") {
			shown.WriteString(r.reply.head)
		}
		target := r.reply.redirect(address)
		if target == nil || !r.o.has("L") {
			break
		}
		if r.hops++; r.hops > most {
			return r.failed(47, "Maximum (%d) redirects followed", most)
		}
		r.comment("Issue another request to this URL: '%s'", target)
		if r.reply.status != 307 && r.reply.status != 308 && method == "POST" {
			method, body = "GET", nil
		}
		address, r.url = target, target
	}
	bad := r.reply.status >= 400 && r.o.has("f", "fail-with-body")
	if !(bad && r.o.has("f")) {
		shown.Write(r.reply.body)
	}
	if outcome, ok := r.save(shown.String()); !ok {
		return outcome
	}
	if bad {
		outcome := r.failed(22, "The requested URL returned error: %d", r.reply.status)
		r.writeOut(22)
		return outcome
	}
	if r.reply.partial {
		return r.failed(18, "transfer closed with outstanding read data remaining")
	}
	r.writeOut(0)
	return Exit(0)
}

func (r *curlRun) comment(format string, values ...any) {
	if r.o.has("v") {
		fmt.Fprintf(r.Stderr, "* "+format+"\n", values...)
	}
}

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

// save writes the result to stdout or to the file of -o or -O, with the progress meter where curl shows it.
func (r *curlRun) save(text string) (Outcome, bool) {
	name := ""
	if names := r.o.values("o"); len(names) > 0 {
		name = names[min(r.index, len(names)-1)]
	} else if r.o.has("O") {
		if name = path.Base(r.url.Path); name == "." || name == "/" {
			return r.failed(23, "Failed to extract a filename from the URL to use for storage"), false
		}
	}
	if !r.o.has("s", "no-progress-meter", "I", "#") && (name != "" && name != "-" || !r.TTY) {
		r.meter()
	}
	if name == "" || name == "-" {
		r.print(text)
		return Outcome{}, true
	}
	if err := r.write(name, []byte(text), storage.Truncate); err != nil {
		return r.failed(23, "Failure writing output to destination: %s: %s", name, reason(err)), false
	}
	return Outcome{}, true
}
