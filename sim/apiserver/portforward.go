package apiserver

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	gorilla "github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clientforward "k8s.io/client-go/tools/portforward"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// portForward answers kubectl port-forward, which speaks SPDY, over WebSocket or on its own.
func (r *request) portForward() error {
	webSocket := wsstream.IsWebSocketRequest(r.http)
	if !webSocket && !isSPDY(r.http) {
		return apierrors.NewBadRequest("Upgrade request required")
	}
	if _, err := r.server.look().find(r.kind, r.object()); err != nil {
		return err
	}
	forwarder := portForwarder{server: r.server, pod: r.object()}
	w, req := r.writer.ResponseWriter, r.http
	if wsstream.IsWebSocketRequestWithTunnelingProtocol(req) {
		w, req = &tunnelWriter{ResponseWriter: w, req: req}, tunnelled(req)
	}
	options, err := portforward.NewV4Options(req)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	portforward.ServePortForward(w, req, forwarder, r.name, "", options, idleTimeout, creationTimeout, portforward.SupportedProtocols)
	return nil
}

// portForwarder carries connections to the ports of a Pod.
type portForwarder struct {
	server *server
	pod    api.Name
}

// PortForward implements [portforward.PortForwarder]. A simulated server answers a whole request at once: what looks like HTTP
// is sent request by request, anything else as it comes.
func (f portForwarder) PortForward(_ context.Context, _, _ string, port int32, stream io.ReadWriteCloser) error {
	defer func() { _ = stream.Close() }() // the client may have closed it
	in := bufio.NewReader(stream)
	for {
		payload, err := nextPayload(in)
		if err != nil || len(payload) == 0 {
			return nil // the client has closed the connection
		}
		var answer []byte
		f.server.door.Do(func(cluster *sim.Cluster) { answer, err = cluster.Forward(f.pod, uint16(port), payload) })
		if err != nil {
			return fmt.Errorf("failed to execute portforward in network namespace: failed to connect to localhost:%d inside namespace: %w", port, err)
		}
		if _, err := stream.Write(answer); err != nil {
			return nil // the client has gone
		}
	}
}

// nextPayload reads one HTTP request, or what there is of something else.
func nextPayload(in *bufio.Reader) ([]byte, error) {
	if _, err := in.Peek(1); err != nil {
		return nil, err
	}
	start, err := in.Peek(min(in.Buffered(), 4096))
	if err != nil {
		return nil, err
	}
	line, _, _ := bytes.Cut(start, []byte("\r\n"))
	if !strings.Contains(string(line), " HTTP/1.") {
		data := bytes.Clone(start)
		_, err := in.Discard(len(start))
		return data, err
	}
	req, err := http.ReadRequest(in)
	if err != nil {
		return nil, err
	}
	var payload bytes.Buffer
	if err := writeRequest(&payload, req); err != nil {
		return nil, err
	}
	return payload.Bytes(), nil
}

// writeRequest writes a request as it was read.
func writeRequest(out *bytes.Buffer, req *http.Request) error {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", req.Method, req.URL.RequestURI(), req.Host)
	header := req.Header.Clone()
	if len(body) > 0 {
		header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	if err := header.Write(out); err != nil {
		return err
	}
	out.WriteString("\r\n")
	out.Write(body)
	return nil
}

// tunnelled is the SPDY request that a WebSocket carries (upstream: apiserver/pkg/util/proxy/streamtunnel.go).
func tunnelled(req *http.Request) *http.Request {
	inner := req.Clone(req.Context())
	for _, name := range []string{wsstream.WebSocketProtocolHeader, "Sec-Websocket-Key", "Sec-Websocket-Version", httpstream.HeaderUpgrade} {
		inner.Header.Del(name)
	}
	inner.Method, inner.Body = http.MethodPost, nil
	inner.Header.Set(httpstream.HeaderUpgrade, spdy.HeaderSpdy31)
	inner.Header.Set(httpstream.HeaderProtocolVersion, portforward.ProtocolV1Name)
	return inner
}

// tunnelWriter gives whoever hijacks it the inside of a WebSocket.
type tunnelWriter struct {
	http.ResponseWriter
	req *http.Request
}

// WriteHeader implements [http.ResponseWriter]. The answer that switches to SPDY is the WebSocket's.
func (t *tunnelWriter) WriteHeader(code int) {
	if code != http.StatusSwitchingProtocols {
		t.ResponseWriter.WriteHeader(code)
	}
}

// Hijack implements [http.Hijacker].
func (t *tunnelWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	upgrader := gorilla.Upgrader{
		CheckOrigin:  func(*http.Request) bool { return true },
		Subprotocols: []string{portforward.WebsocketsSPDYTunnelingPortForwardV1},
	}
	for name := range t.ResponseWriter.Header() { // set for the SPDY upgrade
		t.ResponseWriter.Header().Del(name)
	}
	socket, err := upgrader.Upgrade(t.ResponseWriter, t.req, nil)
	if err != nil {
		return nil, nil, err
	}
	conn := clientforward.NewTunnelingConnection("server", socket)
	return conn, bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn)), nil
}
