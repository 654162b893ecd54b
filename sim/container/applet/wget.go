package applet

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

// maxRedirects is how often wget and curl -L go on to another place.
const maxRedirects = 20

// wget fetches files over HTTP, in the shape of busybox.
func wget(c *Call) Outcome {
	o, outcome, ok := c.options("qO:ST:t:U:P:cY:n:", "spider", "quiet=q", "output-document=O", "server-response=S", "timeout=T", "tries=t", "user-agent=U", "header:", "post-data:", "no-check-certificate", "proxy=Y", "directory-prefix=P", "no-verbose")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		c.errorf("missing URL")
		c.hint("wget [-q] [-O FILE] [-S] [-T SECONDS] [--spider] URL...")
		return Exit(1)
	}
	limit := connectLimit
	if o.has("T") {
		given, ok := parseDuration(o.value("T", ""))
		if !ok {
			return c.fail(1, "invalid number '%s'", o.value("T", ""))
		}
		limit = min(given, connectLimit)
	}
	state, _ := c.State.(waitState)
	for i := state.at; i < len(o.operands); i++ {
		if outcome, ok := c.wgetOne(o, o.operands[i], i, limit); !ok {
			return outcome
		}
	}
	return Exit(0)
}

// note prints a line on stderr unless -q.
func (c *Call) note(o options, format string, values ...any) {
	if !o.has("q") {
		fmt.Fprintf(c.Stderr, format+"\n", values...)
	}
}

func (c *Call) wgetOne(o options, text string, at int, limit time.Duration) (Outcome, bool) {
	address, err := parseURL(text)
	if err != nil {
		return c.fail(1, "bad address '%s'", text), false
	}
	reply := httpReply{}
	for hops := 0; ; hops++ {
		if hops > maxRedirects {
			return c.fail(1, "too many redirections"), false
		}
		if address.Scheme != "http" {
			c.errorf("not an http or ftp url: %s", address)
			c.hint("TLS and other protocols than http are not simulated")
			return Exit(1), false
		}
		addresses, _ := c.resolveHost(address.Hostname())
		if len(addresses) == 0 {
			return c.fail(1, "bad address '%s'", address.Hostname()), false
		}
		request := httpRequest{method: "GET", address: address, header: [][2]string{{"Host", hostHeader(address)}, {"User-Agent", o.value("U", "Wget")}, {"Connection", "close"}}}
		for _, header := range o.values("header") {
			name, value, _ := strings.Cut(header, ":")
			request.header = append(request.header, [2]string{name, strings.TrimSpace(value)})
		}
		if o.has("spider") {
			request.method = "HEAD"
		}
		if o.has("post-data") && hops == 0 {
			request.method, request.body = "POST", []byte(o.value("post-data", ""))
			request.header = append(request.header, [2]string{"Content-Type", "application/x-www-form-urlencoded"}, [2]string{"Content-Length", fmt.Sprint(len(request.body))})
		}
		_, waiting := c.State.(waitState)
		if port, err := portOf(address); err == nil && !waiting {
			c.note(o, "Connecting to %s (%s:%d)", address.Host, addresses[0], port)
		}
		reply, err = c.fetch(request, addresses)
		switch why := reasonOf(err); {
		case why == TimedOut:
			if outcome, done := c.awaitTimeout(limit, at); !done {
				return outcome, false
			}
			if o.has("T") {
				return c.fail(1, "download timed out"), false
			}
			return c.fail(1, "can't connect to remote host (%s): Connection timed out", reply.address.Addr()), false
		case why == ConnectionReset:
			return c.fail(1, "error getting response: Connection reset by peer"), false
		case why != "":
			return c.fail(1, "can't connect to remote host (%s): %s", reply.address.Addr(), why), false
		case errors.Is(err, errPlainPort):
			return c.fail(1, "bad port '%s'", address.Port()), false
		case errors.Is(err, errEmpty), errors.Is(err, errNoHTTP):
			return c.fail(1, "error getting response"), false
		}
		if o.has("S") {
			for _, line := range strings.Split(strings.TrimRight(reply.head, "\r\n"), "\n") {
				fmt.Fprintf(c.Stderr, "  %s\n", strings.TrimRight(line, "\r"))
			}
		}
		target := reply.redirect(address)
		if target == nil {
			break
		}
		address = target
	}
	if reply.status < 200 || reply.status > 299 {
		first, _, _ := strings.Cut(reply.head, "\r\n")
		return c.fail(1, "server returned error: %s", first), false
	}
	if o.has("spider") {
		c.note(o, "remote file exists")
		return Outcome{}, true
	}
	return c.wgetSave(o, path.Base(address.Path), reply)
}

// wgetSave writes what came to a file or to stdout.
func (c *Call) wgetSave(o options, base string, reply httpReply) (Outcome, bool) {
	name := o.value("O", "")
	flags := storage.Truncate
	if name == "" {
		if base == "/" || base == "." || base == "" {
			base = "index.html"
		}
		name = base
		if dir := o.value("P", ""); dir != "" {
			name = joinPath(dir, base)
		}
		flags = storage.Exclusive
	}
	size := len(reply.body)
	if name == "-" {
		c.note(o, "writing to stdout")
		_, _ = c.Stdout.Write(reply.body)
		c.note(o, "%-20.20s %4d%% |%s| %5d  0:00:00 ETA", "-", 100, strings.Repeat("*", 32), size)
		c.note(o, "written to stdout")
	} else {
		c.note(o, "saving to '%s'", name)
		if err := c.write(name, reply.body, flags); err != nil {
			return c.fail(1, "can't open '%s': %s", name, reason(err)), false
		}
		c.note(o, "%-20.20s %4d%% |%s| %5d  0:00:00 ETA", path.Base(name), 100, strings.Repeat("*", 32), size)
		c.note(o, "'%s' saved", name)
	}
	if reply.partial {
		return c.fail(1, "connection closed prematurely"), false
	}
	return Outcome{}, true
}
