package kubectl

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

// transport stands between one command and the cluster.
type transport struct {
	ctx     context.Context
	door    *door.Door
	args    []string
	called  string // the command, and for rollout the one below it
	outputs *outputs
	end     func(exit) // ends the command from outside

	programs Programs // of the person; nil: none
	files    Files    // of the person; nil: none

	terminal   bool // the command asked for a terminal, and the person sits at one
	concurrent bool // the command does several things at a time
	beside     func() (key string)
	tell       func(method string, at *url.URL) // of every request; nil: nobody

	mu       sync.Mutex
	asked    map[string]time.Time // when reads were made in virtual time, by URL
	deleted  map[string]bool      // paths of objects that the command has deleted
	patience time.Time            // until when it waits for them to be gone
	timedOut string               // what the command has waited for in vain

	goodbye   string    // to be said when the session at the terminal has ended
	say, warn io.Writer // the command's outputs
	began     time.Time
}

func newTransport(ctx context.Context, d *door.Door, command Command, outputs *outputs, end func(exit)) *transport {
	called, _ := calledCommand(command.Args)
	t := &transport{
		ctx: ctx, door: d, args: command.Args, called: called, outputs: outputs, end: end, say: command.Stdout, warn: command.Stderr, programs: command.Programs, files: command.Files,
		terminal:   command.Terminal && wantsTerminal(command.Args),
		concurrent: called == "drain" || called == "logs",
		beside:     command.Beside,
		tell:       command.Asked,
		asked:      map[string]time.Time{}, deleted: map[string]bool{},
	}
	t.began = t.now()
	return t
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
	if t.tell != nil {
		t.tell(request.Method, request.URL)
	}
	err := t.before(request)
	if errors.Is(err, errGaveUp) {
		return t.globalTimeout(request), nil
	} else if err != nil {
		return nil, err
	}
	request, err = t.rewritten(request)
	if err != nil {
		return nil, err
	}
	response, err := t.next.RoundTrip(request)
	for err == nil && refusedEviction(request, response) {
		if response, err = t.evictLater(request, response); response != nil || err != nil {
			break
		}
		response, err = t.next.RoundTrip(request)
	}
	if err != nil {
		return nil, err
	}
	t.after(request, response)
	inner := response.Body
	body := &body{ReadCloser: inner, transport: t.transport, key: request.URL.String()}
	body.stop = context.AfterFunc(t.ctx, func() { _ = inner.Close() }) // some of kubectl's commands know no other end
	if isWatch(request) {
		body.giveUp = t.limit()
	}
	response.Body = body
	return response, nil
}

// before is what a request waits for.
func (t *transport) before(request *http.Request) error {
	beside := ""
	if t.beside != nil {
		beside = t.beside()
	}
	if t.concurrent || beside != "" {
		if err := t.door.Settle(t.ctx, beside+request.Method+" "+request.URL.String()); err != nil {
			return err
		}
	}
	if t.concurrent {
		t.outputs.flush()
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if t.awaitsDeletion(request) {
		return t.awaitDeletion(request)
	}
	return t.poll(request)
}

// rewritten is the request as the cluster shall see it.
func (t *connection) rewritten(request *http.Request) (*http.Request, error) {
	if !showsManagers(t.args) {
		request = request.Clone(request.Context())
		request.Header.Set(apiserver.WithoutManagers, "yes")
	}
	stream := strings.HasSuffix(request.URL.Path, "/exec") || strings.HasSuffix(request.URL.Path, "/attach")
	if stream {
		request = request.Clone(t.ctx) // the connection ends with the command
	}
	if stream && t.terminal {
		request = withTerminal(request)
		t.rememberSession(request)
		return request, nil
	}
	t.sayGoodbye()
	return t.inVirtualTime(request)
}

// showsManagers says whether a command line may print managedFields, or work with them: kubectl leaves them out unless it is asked for them.
func showsManagers(args []string) bool {
	for _, arg := range args {
		for _, word := range []string{"managed", "server-side", "raw", "metadata}", "{.}", "{@}"} {
			if strings.Contains(arg, word) {
				return true
			}
		}
	}
	return false
}

// after is what the answers tell about what the command will do next.
func (t *transport) after(request *http.Request, response *http.Response) {
	path := request.URL.Path
	evicted, eviction := strings.CutSuffix(path, "/eviction")
	t.mu.Lock()
	defer t.mu.Unlock()
	switch done := response.StatusCode < http.StatusMultipleChoices; {
	case request.Method == http.MethodDelete && done:
		t.deleted[path] = true
	case eviction && done:
		t.deleted[evicted] = true
	}
	if t.tellsAges() {
		response.Body = &shifted{body: response.Body, virtual: t.now, created: t.tellsCreation(path)}
		response.ContentLength = -1
		response.Header.Del("Content-Length")
	}
}

func (t *transport) now() (now time.Time) {
	t.door.Do(func(cluster *sim.Cluster) { now = cluster.Now() })
	return now
}

func isWatch(request *http.Request) bool { return request.URL.Query().Get("watch") == "true" }

// body is an answer that ends when the command is interrupted.
type body struct {
	io.ReadCloser
	*transport
	key    string
	stop   func() bool
	giveUp func()
}

// Read implements [io.Reader].
func (b *body) Read(buffer []byte) (int, error) {
	n, err := b.ReadCloser.Read(buffer)
	if err != nil && b.ctx.Err() != nil && !errors.Is(err, io.EOF) {
		err = io.EOF
	}
	if n > 0 && b.concurrent {
		if settled := b.door.Settle(b.ctx, b.key); settled != nil {
			return 0, io.EOF
		}
	}
	return n, err
}

// Close implements [io.Closer].
func (b *body) Close() error {
	b.stop()
	if b.giveUp != nil {
		b.giveUp()
	}
	return b.ReadCloser.Close()
}
