package scenarios

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/kubectl"
)

// Bounds of one command of a page.
const (
	maxCalls   = 500     // how often it may call kubectl
	maxWaiting = 4 << 20 // bytes that one kubectl has printed and nobody has read
)

// program is one kubectl that runs beside the shell, in a goroutine of its own: so it can stand at either end of a pipe, in the background, or watch.
// What it prints, asks for, and that it has ended, is published when the process is quiet, and only then seen by the shell: the
// order in which things appear is then the same on every machine.
type program struct {
	stop context.CancelFunc

	mu        sync.Mutex
	changed   *sync.Cond
	output    []chunk // printed and not taken yet
	size      int     // bytes of output
	published int     // how many of output may be taken
	input     []byte  // given and not read yet
	closed    bool    // nothing more will be given
	asks      bool    // it waits for input
	wants     bool    // and that was published
	code      int
	ended     bool
	known     bool // that it has ended was published
	deaf      bool // nobody reads its output any more

	nested      *nested // what it wants to run
	nestedKnown bool    // and that was published

	number int // of programs that the shell has started; set once
	turn   int // of programs, in which the shell called it last; used by the shell's goroutine only
}

// chunk is something printed; stream 1 is standard output, 2 standard error.
type chunk struct {
	stream int
	data   []byte
}

// stream is one of the two outputs of a program.
type stream struct {
	program *program
	number  int
}

// Write implements [io.Writer].
func (s stream) Write(data []byte) (int, error) {
	p := s.program
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deaf {
		return len(data), nil
	}
	if p.size += len(data); p.size > maxWaiting {
		p.deaf = true
		p.output = append(p.output, chunk{2, fmt.Appendf(nil, "stsim: stopped kubectl after %d bytes that nobody had read: an endless output?\n", maxWaiting)})
		p.stop()
		return len(data), nil
	}
	p.output = append(p.output, chunk{s.number, slices.Clone(data)})
	return len(data), nil
}

// Read gives the program what comes through a pipe; it implements [io.Reader].
func (p *program) Read(buffer []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.input) == 0 {
		if p.closed {
			return 0, io.EOF
		}
		p.asks = true
		p.changed.Wait()
	}
	n := copy(buffer, p.input)
	p.input = p.input[n:]
	return n, nil
}

// give hands over what the shell has for the program.
func (p *program) give(data []byte, closed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(data) == 0 && !closed {
		return
	}
	p.input, p.closed = append(p.input, data...), closed
	p.asks, p.wants = false, false
	p.changed.Broadcast()
}

// publish lets the shell see what there is; it says whether that is more than before.
func (p *program) publish() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	news := len(p.output) > p.published || p.asks && !p.wants || p.ended && !p.known || p.nested != nil && !p.nestedKnown
	p.nestedKnown = p.nested != nil
	p.published, p.wants, p.known = len(p.output), p.asks, p.ended
	return news
}

// take gives what was published: output, whether it wants input, and how it has ended.
func (p *program) take() (output []chunk, wants, ended bool, code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	output, p.output = p.output[:p.published:p.published], p.output[p.published:]
	p.published = 0
	for _, chunk := range output {
		p.size -= len(chunk.data)
	}
	return output, p.wants, p.known && len(p.output) == 0, p.code
}

func (p *program) end(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.code, p.ended = code, true
}

// abandon ends a program that the shell has forgotten.
func (p *program) abandon() {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf, p.closed = true, true
	p.changed.Broadcast()
}

// programs are the kubectls that run beside one shell.
type programs struct {
	mu      sync.Mutex
	running []*program
	started int
	turn    int // counts the runs of the shell
	calls   int // of the command
}

// publish does so for all; see [program.publish].
func (s *programs) publish() (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.running {
		news = p.publish() || news
	}
	return news
}

// order is by when they were started, for programs that run at the same time: what one asks for at once comes before what a later one asks
// for. A program that runs alone has none.
func (s *programs) order(p *program) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) < 2 {
		return ""
	}
	return fmt.Sprintf("%08d ", p.number)
}

func (s *programs) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.running) > 0
}

// sweep ends those that the shell did not call in its last run: their processes are no more.
func (s *programs) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = slices.DeleteFunc(s.running, func(p *program) bool {
		forgotten := p.turn != s.turn
		if forgotten {
			p.abandon()
		}
		return forgotten
	})
}

// kubectl is the command of the host. The shell calls it again and again until it has ended.
func (h *host) kubectl(call *applet.Call) (outcome applet.Outcome) {
	p, started := call.State.(*program)
	if !started {
		if h.programs.calls++; h.programs.calls > maxCalls {
			return applet.Outcome{Block: &applet.Block{Ever: true}} // the session ends the command
		}
		p = h.start(call)
	}
	p.turn = 0 // forgotten, if writing ends the process because nobody reads
	output, wants, ended, code := p.take()
	for _, chunk := range output {
		to := call.Stdout
		if chunk.stream == 2 {
			to = call.Stderr
		}
		_, _ = to.Write(chunk.data)
	}
	if ended {
		return applet.Exit(code)
	}
	p.turn = h.programs.turn
	if asked := p.takeNested(); asked != nil {
		h.runNested(asked, call)
	}
	block := &applet.Block{Files: true} // to be called whenever the shell runs
	if wants && !call.Stdin.Outside {
		p.give(call.Stdin.Data, call.Stdin.Closed)
		call.Stdin.Data = nil
		block.Input = !call.Stdin.Closed
	}
	return applet.Outcome{Block: block, State: p}
}

// asksForTerminal looks for kubectl's -t, with which the echo comes from the container.
func asksForTerminal(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--":
			return false
		case arg == "--tty" || arg == "--tty=true", len(arg) > 1 && arg[0] == '-' && strings.Trim(arg[1:], "iq") == "t":
			return true
		}
	}
	return false
}

// start runs kubectl in a goroutine.
func (h *host) start(call *applet.Call) *program {
	ctx, stop := context.WithCancel(context.Background())
	p := &program{stop: stop}
	p.changed = sync.NewCond(&p.mu)
	command := kubectl.Command{
		Args: slices.Clone(call.Args[1:]), Stdin: p, Stdout: stream{p, 1}, Stderr: stream{p, 2}, Files: pageFiles{h.files.In(call.Dir)},
	}
	command.Programs = programsOfPage{h, p}
	command.Asked = h.asked
	command.Beside = func() string { return h.programs.order(p) }
	if call.Stdin.Outside { // the person types
		command.Stdin, command.Terminal = keyboard{h.terminal}, true
		if asksForTerminal(command.Args) {
			command.Stdin = h.terminal
		}
	}
	h.programs.mu.Lock()
	h.programs.started++
	p.number = h.programs.started
	h.programs.running = append(h.programs.running, p)
	h.programs.mu.Unlock()
	go func() {
		defer stop()
		p.end(h.client.Run(ctx, command))
	}()
	return p
}
