package applet

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
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
