package applet

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// nc opens a TCP connection: it sends stdin and prints what comes back, or with -z only looks.
func nc(c *Call) Outcome {
	o, outcome, ok := c.options("zvnw:q:Nlue:p:46tki:")
	if !ok {
		return outcome
	}
	switch {
	case o.has("l", "k"):
		c.errorf("listening (-l) is not simulated")
		return Exit(1)
	case o.has("u"):
		c.errorf("UDP (-u) is not simulated")
		return Exit(1)
	case o.has("e"):
		c.errorf("running a program (-e) is not simulated")
		return Exit(1)
	}
	if len(o.operands) != 2 {
		c.errorf("expected nc [-zv] [-w SECONDS] HOST PORT")
		return Exit(1)
	}
	limit := connectLimit
	if o.has("w") {
		given, ok := parseDuration(o.value("w", ""))
		if !ok || given == math.MaxInt64 {
			return c.fail(1, "invalid number '%s'", o.value("w", ""))
		}
		limit = given
	}
	name, portText := o.operands[0], o.operands[1]
	if known, ok := map[string]string{"http": "80", "domain": "53", "mysql": "3306", "ssh": "22"}[portText]; ok {
		portText = known
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return c.fail(1, "bad port '%s'", portText)
	}
	addresses, _ := c.resolveHost(name)
	if len(addresses) == 0 {
		return c.fail(1, "bad address '%s'", name)
	}
	var request []byte
	if !o.has("z") {
		if outcome, ok := c.awaitInput(); !ok {
			return outcome
		}
		request = c.stdin().Data // stays there until the connection is made
	}
	response, used, err := c.send(addresses, uint16(port), request)
	switch why := reasonOf(err); {
	case why == TimedOut:
		if outcome, done := c.awaitTimeout(limit, 0); !done {
			return outcome
		}
		if o.has("w") {
			return c.fail(1, "timed out")
		}
		return c.fail(1, "can't connect to remote host (%s): Connection timed out", used.Addr())
	case why != "" && !(why == ConnectionReset && o.has("z")):
		return c.fail(1, "can't connect to remote host (%s): %s", used.Addr(), why)
	}
	c.takeInput()
	if o.has("v") {
		fmt.Fprintf(c.Stderr, "%s (%s) open\n", name, used)
	}
	if !o.has("z") {
		_, _ = c.Stdout.Write(response)
	}
	return Exit(0)
}

// pingState is how far ping has come.
type pingState struct {
	sent, received int
	until          time.Time
}

// pingPort is the TCP port by which ping learns whether a host is there: discard, where nothing listens.
const pingPort = 9

// ping sends no ICMP, which is not simulated. It asks by TCP whether the host is there: a refused connection is an answer too.
// The simulated network takes no time.
func ping(c *Call) Outcome {
	o, outcome, ok := c.options("c:i:W:w:qn46s:")
	if !ok {
		return outcome
	}
	if len(o.operands) != 1 {
		c.errorf("expected ping [-c COUNT] [-i SECONDS] HOST")
		return Exit(1)
	}
	count := math.MaxInt
	if o.has("c") {
		given, err := strconv.Atoi(o.value("c", ""))
		if err != nil || given < 1 {
			return c.fail(1, "invalid number '%s'", o.value("c", ""))
		}
		count = given
	}
	interval, ok := parseDuration(o.value("i", "1"))
	if !ok || interval == math.MaxInt64 {
		return c.fail(1, "invalid number '%s'", o.value("i", ""))
	}
	interval = max(interval, 10*time.Millisecond)
	name := o.operands[0]
	addresses, _ := c.resolveHost(name)
	if len(addresses) == 0 {
		return c.fail(1, "bad address '%s'", name)
	}
	target := addresses[0]
	state, resumed := c.State.(pingState)
	now := c.System.Now()
	if resumed && now.Before(state.until) {
		return Outcome{Block: &Block{Until: state.until}, State: state}
	}
	if !resumed {
		c.printf("PING %s (%s): 56 data bytes\n", name, target)
	}
	if state.sent < count {
		_, err := c.System.Exchange(netip.AddrPortFrom(target, pingPort), nil)
		if why := reasonOf(err); err == nil || why == ConnectionRefused || why == ConnectionReset {
			state.received++
			if !o.has("q") {
				c.printf("64 bytes from %s: seq=%d ttl=64 time=0.000 ms\n", target, state.sent)
			}
		}
		state.sent++
		if state.sent < count || state.received < state.sent {
			state.until = now.Add(interval)
			return Outcome{Block: &Block{Until: state.until}, State: state}
		}
	}
	c.printf("\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, %d%% packet loss\n", name, state.sent, state.received, 100*(state.sent-state.received)/state.sent)
	if state.received == 0 {
		return Exit(1)
	}
	c.print("round-trip min/avg/max = 0.000/0.000/0.000 ms\n")
	return Exit(0)
}

// netstat lists the ports on which programs of this host listen.
func netstat(c *Call) Outcome {
	for _, arg := range c.Args[1:] {
		if strings.Trim(arg, "-tlnpauW4H") != "" {
			return c.usage(syntax{letters: "tlnpau"}, "unrecognized option: %s", arg)
		}
	}
	c.print("Active Internet connections (only servers)\nProto Recv-Q Send-Q Local Address           Foreign Address         State\n")
	for _, port := range c.System.Listening() {
		c.print("tcp        0      0 " + padRight(fmt.Sprintf("0.0.0.0:%d", port), 23) + " 0.0.0.0:*               LISTEN\n")
	}
	return Exit(0)
}
