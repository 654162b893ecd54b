package kubectl

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// pollInterval is the virtual time that passes when a client asks the same question again: kubectl polls about once a second.
const pollInterval = time.Second

// syncInterval is a little more than what client-go sleeps (by the wall clock) before it looks whether an informer has its first list.
const syncInterval = 130 * time.Millisecond

// transport stands between one command and the cluster.
type transport struct {
	ctx  context.Context
	door *door.Door

	terminal bool // the command asked for a terminal, and the person sits at one

	mu      sync.Mutex
	asked   map[string]bool // reads made so far, by URL
	deleted map[string]bool // paths of objects that the command has deleted

	goodbye string // to be said when the session at the terminal has ended
	say     io.Writer
}

func newTransport(ctx context.Context, d *door.Door, command Command) *transport {
	return &transport{ctx: ctx, door: d, terminal: command.Terminal && wantsTerminal(command.Args),
		asked: map[string]bool{}, deleted: map[string]bool{}, say: command.Stdout}
}

// wantsTerminal looks for -t among the flags, also as -it.
func wantsTerminal(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--":
			return false
		case arg == "--tty" || arg == "--tty=true":
			return true
		case len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && strings.Trim(arg[1:], "itqR") == "" && strings.Contains(arg, "t"):
			return true
		}
	}
	return false
}

// wrap is called for each of the command's connections: one for requests, one more for each stream.
func (t *transport) wrap(next http.RoundTripper) http.RoundTripper {
	return &connection{transport: t, next: next}
}

type connection struct {
	*transport
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *connection) RoundTrip(request *http.Request) (*http.Response, error) {
	if t.ctx.Err() != nil {
		return nil, t.ctx.Err()
	}
	switch {
	case t.awaitsDeletion(request):
		if err := t.awaitDeletion(request); err != nil {
			return nil, err
		}
	case t.repeated(request):
		t.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(pollInterval) })
	case request.URL.Query().Get("sendInitialEvents") == "true":
		t.door.Hold(syncInterval)
	}
	if t.terminal && (strings.HasSuffix(request.URL.Path, "/exec") || strings.HasSuffix(request.URL.Path, "/attach")) {
		request = withTerminal(request)
		t.rememberSession(request)
	} else {
		t.sayGoodbye()
	}
	response, err := t.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	if request.Method == http.MethodDelete && response.StatusCode < 300 {
		t.mu.Lock()
		t.deleted[request.URL.Path] = true
		t.mu.Unlock()
	}
	response.Body = &body{ReadCloser: response.Body, ctx: t.ctx}
	return response, nil
}

// repeated says whether the command has read the same before: then it polls.
func (t *transport) repeated(request *http.Request) bool {
	if request.Method != http.MethodGet || request.URL.Query().Get("watch") != "" {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	key := request.URL.String() + " " + request.Header.Get("Accept")
	again := t.asked[key]
	t.asked[key] = true
	return again
}

// body ends when the command is interrupted: some of kubectl's commands know no other end.
type body struct {
	io.ReadCloser
	ctx  context.Context
	once sync.Once
}

// Read implements [io.Reader].
func (b *body) Read(buffer []byte) (int, error) {
	stop := context.AfterFunc(b.ctx, func() { b.once.Do(func() { _ = b.ReadCloser.Close() }) })
	defer stop()
	n, err := b.ReadCloser.Read(buffer)
	if err != nil && b.ctx.Err() != nil && !errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}
