package apiserver

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	gorilla "github.com/gorilla/websocket"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport/websocket"

	"github.com/stsim/stsim/sim/door"
)

// localHost is the host name in the URLs of clients in this process. Nothing looks it up.
const localHost = "stsim.local"

// RESTConfig lets client-go, and what is built on it, use the cluster in this process, without a port. Requests are not
// throttled. Commands in containers and port forwarding work over WebSocket.
func RESTConfig(d *door.Door) *rest.Config {
	handler := New(d)
	dial := dialer(handler)
	return &rest.Config{
		Host: "http://" + localHost, QPS: -1,
		Transport: &roundTripper{handler},
		// Streams need a connection of their own, which client-go's WebSocket transport would look for in the network.
		WrapTransport: func(inner http.RoundTripper) http.RoundTripper {
			if stream, ok := inner.(*websocket.RoundTripper); ok {
				return &streamTripper{stream: stream, dial: dial}
			}
			return inner
		},
	}
}

// Dialer gives connections to the cluster's API for clients in this process that want connections rather than requests.
// The network and address asked for make no difference.
func Dialer(d *door.Door) func(ctx context.Context, network, address string) (net.Conn, error) {
	return dialer(New(d))
}

func dialer(handler http.Handler) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		client, served := net.Pipe()
		listener := &oneConnection{conns: make(chan net.Conn, 1)}
		listener.conns <- served
		server := &http.Server{Handler: handler, ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed || state == http.StateHijacked {
				listener.end()
			}
		}}
		go func() { _ = server.Serve(listener) }() // ends with the listener, which ends with the connection
		return client, nil
	}
}

// oneConnection is a listener that accepts one connection.
type oneConnection struct {
	conns chan net.Conn
	once  sync.Once
}

func (l *oneConnection) end() { l.once.Do(func() { close(l.conns) }) }

// Accept implements [net.Listener].
func (l *oneConnection) Accept() (net.Conn, error) {
	conn, open := <-l.conns
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close implements [net.Listener].
func (l *oneConnection) Close() error {
	l.end()
	return nil
}

// Addr implements [net.Listener].
func (l *oneConnection) Addr() net.Addr { return &net.UnixAddr{Name: localHost, Net: "pipe"} }

// streamTripper opens a WebSocket over a connection in memory and leaves it where client-go looks for it.
type streamTripper struct {
	stream *websocket.RoundTripper
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// RoundTrip implements [http.RoundTripper].
func (t *streamTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	const protocolHeader = "Sec-Websocket-Protocol"
	opener := gorilla.Dialer{NetDialContext: t.dial, Subprotocols: req.Header[protocolHeader], ReadBufferSize: t.stream.DataBufferSize() + 1024, WriteBufferSize: t.stream.DataBufferSize() + 1024}
	header := req.Header.Clone()
	delete(header, protocolHeader)
	address := *req.URL
	address.Scheme = "ws"
	conn, response, err := opener.DialContext(req.Context(), address.String(), header)
	if err != nil {
		return nil, upgradeFailure(err, response)
	}
	context.AfterFunc(req.Context(), func() { _ = conn.Close() }) // whoever gives up hangs up
	t.stream.Conn = conn
	return response, nil
}

// roundTripper calls the handler. What can be answered at once is answered in the caller's goroutine; a stream has one of its own.
type roundTripper struct{ handler http.Handler }

// RoundTrip implements [http.RoundTripper].
func (t *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	served := req.Clone(ctx)
	if served.Body == nil {
		served.Body = http.NoBody
	}
	served.RequestURI = req.URL.RequestURI()
	served.Host = localHost
	served.RemoteAddr = "127.0.0.1:0"
	defer func() { _ = served.Body.Close() }()
	if streams(req) {
		return stream(t.handler, served, cancel)
	}
	defer cancel()
	answer := &answer{header: http.Header{}, code: http.StatusOK}
	t.handler.ServeHTTP(answer, served)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	body := answer.body.Bytes()
	return response(req, answer.code, answer.header, int64(len(body)), io.NopCloser(bytes.NewReader(body))), nil
}

// streams says whether an answer can take long.
func streams(req *http.Request) bool {
	query := req.URL.Query()
	return isTrue(query.Get("watch")) || isTrue(query.Get("follow")) || strings.Contains(req.URL.Path, "/watch/")
}

func response(req *http.Request, code int, header http.Header, length int64, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: http.StatusText(code), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, ContentLength: length, Body: body, Request: req,
	}
}

// answer collects a whole answer.
type answer struct {
	header http.Header
	code   int
	sent   bool
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(code int) {
	if !a.sent {
		a.code, a.sent = code, true
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(data []byte) (int, error) {
	a.sent = true
	return a.body.Write(data)
}

// stream lets the handler answer while the client reads. It ends when the client closes the body or its context ends.
func stream(handler http.Handler, req *http.Request, cancel context.CancelFunc) (*http.Response, error) {
	reader, writer := io.Pipe()
	flow := &flow{header: http.Header{}, out: writer, begun: make(chan struct{})}
	go func() {
		defer cancel()
		handler.ServeHTTP(flow, req)
		flow.WriteHeader(http.StatusOK)
		_ = writer.Close() // never fails
	}()
	stop := context.AfterFunc(req.Context(), func() { _ = writer.CloseWithError(req.Context().Err()) }) // never fails
	select {
	case <-flow.begun:
		return response(req, flow.code, flow.sentHeader, -1, &streamBody{reader, cancel, stop}), nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// flow is an answer that is read while it is written.
type flow struct {
	header, sentHeader http.Header
	out                *io.PipeWriter
	code               int
	begun              chan struct{}
}

// Header implements [http.ResponseWriter].
func (f *flow) Header() http.Header { return f.header }

// WriteHeader implements [http.ResponseWriter].
func (f *flow) WriteHeader(code int) {
	if f.code == 0 {
		f.code, f.sentHeader = code, f.header.Clone()
		close(f.begun)
	}
}

// Write implements [http.ResponseWriter].
func (f *flow) Write(data []byte) (int, error) {
	f.WriteHeader(http.StatusOK)
	return f.out.Write(data)
}

// Flush implements [http.Flusher]: everything written is with the client already.
func (f *flow) Flush() {}

// streamBody ends the handler when it is closed.
type streamBody struct {
	io.ReadCloser
	cancel context.CancelFunc
	stop   func() bool
}

// Close implements [io.Closer].
func (b *streamBody) Close() error {
	b.stop()
	b.cancel()
	return b.ReadCloser.Close()
}
