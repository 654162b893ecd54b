package apiserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"

	gorilla "github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	clientforward "k8s.io/client-go/tools/portforward"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/wire"
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

// PortForward implements [portforward.PortForwarder].
func (f portForwarder) PortForward(_ context.Context, _, _ string, port int32, connection io.ReadWriteCloser) error {
	defer func() { _ = connection.Close() }() // the client may have closed it
	err := wire.Serve(connection, func(payload []byte) (answer []byte, err error) {
		f.server.door.Do(func(cluster *sim.Cluster) { answer, err = cluster.Forward(f.pod, uint16(port), payload) })
		return answer, err
	})
	if err != nil {
		return fmt.Errorf("failed to execute portforward in network namespace: failed to connect to localhost:%d inside namespace: %w", port, err)
	}
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
