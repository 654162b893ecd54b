package applet

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// parseDuration reads a number with s, m, h or d. Infinity is the largest duration.
func parseDuration(text string) (time.Duration, bool) {
	if text == "infinity" || text == "inf" {
		return math.MaxInt64, true
	}
	unit := time.Second
	if text != "" {
		if known, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[text[len(text)-1]]; ok {
			unit, text = known, text[:len(text)-1]
		}
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0) {
		return 0, false
	}
	if value*float64(unit) > float64(100*365*24*time.Hour) {
		return math.MaxInt64, true
	}
	return time.Duration(value * float64(unit)), true
}

// sleepState is when sleep ends.
type sleepState struct{ until time.Time }

// sleep waits in virtual time.
func sleep(c *Call) Outcome {
	o, outcome, ok := c.options("")
	if !ok {
		return outcome
	}
	if state, resumed := c.State.(sleepState); resumed {
		if !c.System.Now().Before(state.until) {
			return Exit(0)
		}
		return Outcome{Block: &Block{Until: state.until}, State: state}
	}
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	var total time.Duration
	for _, operand := range o.operands {
		wait, ok := parseDuration(operand)
		if !ok {
			return c.fail(1, "invalid time interval %s", quote(operand))
		}
		if wait == math.MaxInt64 || total == math.MaxInt64 {
			total = math.MaxInt64
			continue
		}
		total += wait
	}
	if total == math.MaxInt64 {
		return Outcome{Block: &Block{Ever: true}}
	}
	if total == 0 {
		return Exit(0)
	}
	until := c.System.Now().Add(total)
	return Outcome{Block: &Block{Until: until}, State: sleepState{until}}
}

// pause waits for a signal.
func pause(*Call) Outcome { return Outcome{Block: &Block{Ever: true}} }

// innerState is a command that runs another one.
type innerState struct {
	until time.Time // when the outer command does something
	inner any
	tick  bool // watch: no command runs, it waits for the next time
}

// earlier is a block that ends when the other does, or at a time.
func earlier(block Block, until time.Time) *Block {
	if block.Until.IsZero() || until.Before(block.Until) {
		block.Until = until
	}
	block.Ever = false
	return &block
}

// timeout runs a command with a time limit.
func timeout(c *Call) Outcome {
	o, outcome, ok := c.options("+s:k:v", "signal=s", "kill-after=k", "preserve-status", "foreground", "verbose=v")
	if !ok {
		return outcome
	}
	if len(o.operands) < 2 {
		return c.missingOperand(o.operands)
	}
	signal, ok := signalNumber(o.value("s", "TERM"))
	if !ok {
		return c.fail(125, "%s: invalid signal", quote(o.value("s", "")))
	}
	limit, ok := parseDuration(o.operands[0])
	if !ok {
		return c.fail(125, "invalid time interval %s", quote(o.operands[0]))
	}
	now := c.System.Now()
	state, resumed := c.State.(innerState)
	if !resumed && limit > 0 && limit < math.MaxInt64 {
		state.until = now.Add(limit)
	}
	outcome = c.Run(o.operands[1:], c.Env, c.stdin(), c.Stdout, c.Stderr, state.inner)
	if outcome.Block == nil {
		return Exit(outcome.Code)
	}
	if state.until.IsZero() {
		return Outcome{Block: outcome.Block, State: innerState{inner: outcome.State}}
	}
	if !now.Before(state.until) {
		if o.has("v") {
			c.errorf("sending signal %s to command %s", signalName(signal), quote(o.operands[1]))
		}
		if o.has("preserve-status") || signal == 9 {
			return Exit(128 + signal)
		}
		return Exit(124)
	}
	return Outcome{Block: earlier(*outcome.Block, state.until), State: innerState{until: state.until, inner: outcome.State}}
}

// watch runs a command again and again until a signal ends it.
func watch(c *Call) Outcome {
	o, outcome, ok := c.options("+n:tdegcx", "interval=n", "no-title=t", "differences=d")
	if !ok {
		return outcome
	}
	interval, ok := parseDuration(o.value("n", "2"))
	if !ok || interval == math.MaxInt64 {
		return c.fail(1, "failed to parse argument: %s", quote(o.value("n", "")))
	}
	interval = max(interval, 100*time.Millisecond)
	if len(o.operands) == 0 {
		return c.missingOperand(nil)
	}
	now := c.System.Now()
	state, resumed := c.State.(innerState)
	if state.tick && now.Before(state.until) {
		return Outcome{Block: &Block{Until: state.until}, State: state}
	}
	if !resumed || state.tick {
		if c.TTY {
			c.print("\x1b[H\x1b[2J")
		}
		if !o.has("t") {
			c.printf("Every %.1fs: %s    %s: %s\n\n", interval.Seconds(), strings.Join(o.operands, " "), c.System.Hostname(), strftime("%a %b %e %H:%M:%S %Y", now.UTC()))
		}
		state = innerState{}
	}
	argv := []string{"sh", "-c", strings.Join(o.operands, " ")}
	if o.has("x") {
		argv = o.operands
	}
	outcome = c.Run(argv, c.Env, c.stdin(), c.Stdout, c.Stderr, state.inner)
	if outcome.Block != nil {
		return Outcome{Block: outcome.Block, State: innerState{inner: outcome.State}}
	}
	until := now.Add(interval)
	return Outcome{Block: &Block{Until: until}, State: innerState{until: until, tick: true}}
}
