package apiserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream/wsstream"
	utilexec "k8s.io/utils/exec"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
)

// How long a connection may be silent, and how long a client may take to open its streams. These are wall-clock times of the
// connection, which is real.
const (
	idleTimeout     = 4 * time.Hour
	creationTimeout = 30 * time.Second
)

// session is a client that is connected with a process.
type session struct {
	server  *server
	options streamOptions
	process process
	refused *container.ExecError // instead of a process: why there is none
}

// The channels of the WebSocket protocol, by number.
const (
	stdinChannel = iota
	stdoutChannel
	stderrChannel
	errorChannel
	resizeChannel
	channelCount
)

// overWebSocket serves protocols up to v5, in which the client can close its input.
func (s *session) overWebSocket(w http.ResponseWriter, req *http.Request) {
	channels := make([]wsstream.ChannelType, channelCount)
	choose := func(channel int, wanted bool, kind wsstream.ChannelType) {
		channels[channel] = wsstream.IgnoreChannel
		if wanted {
			channels[channel] = kind
		}
	}
	choose(stdinChannel, s.options.stdin, wsstream.ReadChannel)
	choose(stdoutChannel, s.options.stdout, wsstream.WriteChannel)
	choose(stderrChannel, s.options.stderr, wsstream.WriteChannel)
	choose(errorChannel, true, wsstream.WriteChannel)
	choose(resizeChannel, true, wsstream.ReadChannel)
	protocols := map[string]wsstream.ChannelProtocolConfig{}
	for _, version := range []string{"v5.", "v4.", ""} {
		protocols[version+wsstream.ChannelWebSocketProtocol] = wsstream.ChannelProtocolConfig{Binary: true, Channels: channels}
		protocols[version+wsstream.Base64ChannelWebSocketProtocol] = wsstream.ChannelProtocolConfig{Binary: false, Channels: channels}
	}
	protocols[""] = protocols[wsstream.ChannelWebSocketProtocol]
	delete(protocols, "v5."+wsstream.Base64ChannelWebSocketProtocol)
	// The library logs every connection that this side closes. That is how all of them end.
	req = req.WithContext(klog.NewContext(req.Context(), klog.Logger{}))
	conn := wsstream.NewConn(protocols)
	conn.SetIdleTimeout(idleTimeout)
	negotiated, streams, err := conn.Open(w, req)
	if err != nil {
		return // the client was told during the handshake
	}
	defer func() { _ = conn.Close() }() // it may be closed by the client already
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	go func() { // window sizes make no difference; the end of the channel is the end of the connection
		_, _ = io.Copy(io.Discard, streams[resizeChannel])
		cancel()
	}()
	// An empty message tells the client that the connection stands.
	first := stdoutChannel
	if !s.options.stdout {
		first = errorChannel
	}
	_, _ = streams[first].Write(nil)
	status := s.run(ctx, streams[stdinChannel], streams[stdoutChannel], streams[stderrChannel])
	if negotiated == "" || negotiated == wsstream.ChannelWebSocketProtocol || negotiated == wsstream.Base64ChannelWebSocketProtocol {
		if status.Status != metav1.StatusSuccess {
			_, _ = streams[errorChannel].Write([]byte(status.Message))
		}
		return
	}
	if data, err := json.Marshal(status); err == nil {
		_, _ = streams[errorChannel].Write(data)
	}
}

// overSPDY serves the older protocol, with the library that container runtimes use.
func (s *session) overSPDY(w http.ResponseWriter, req *http.Request) {
	options := &remotecommand.Options{Stdin: s.options.stdin, Stdout: s.options.stdout, Stderr: s.options.stderr, TTY: s.options.tty}
	remotecommand.ServeExec(w, req, spdyExecutor{s}, "", "", "", nil, options, idleTimeout, creationTimeout, remotecommand.SupportedStreamingProtocols)
}

// spdyExecutor runs a session for the library.
type spdyExecutor struct{ session *session }

// ExecInContainer implements [remotecommand.Executor].
func (e spdyExecutor) ExecInContainer(ctx context.Context, _, _, _ string, _ []string, in io.Reader, out, stderr io.WriteCloser, _ bool, _ <-chan remotecommand.TerminalSize, _ time.Duration) error {
	if e.session.refused != nil {
		return e.session.refused
	}
	code, err := e.session.connect(ctx, in, out, stderr)
	if err == nil && code != 0 {
		err = utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return err
}

// run connects client and process, and gives the status that ends the session.
func (s *session) run(ctx context.Context, in io.Reader, out, stderr io.Writer) metav1.Status {
	var code int
	var err error
	if s.refused != nil {
		err = s.refused
	} else {
		code, err = s.connect(ctx, in, out, stderr)
	}
	switch {
	case err != nil:
		return metav1.Status{
			Status: metav1.StatusFailure, Reason: metav1.StatusReasonInternalError, Code: http.StatusInternalServerError,
			Message: fmt.Sprintf("Internal error occurred: error executing command in container: %v", err),
		}
	case code != 0:
		return metav1.Status{
			Status: metav1.StatusFailure, Reason: remotecommand.NonZeroExitCodeReason,
			Message: fmt.Sprintf("command terminated with non-zero exit code: command terminated with exit code %d", code),
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{
				Type: remotecommand.ExitCodeCauseType, Message: fmt.Sprint(code),
			}}},
		}
	}
	return metav1.Status{Status: metav1.StatusSuccess}
}

// connect copies input and output until the process has ended or the client has gone. The code is 0 for an attached process: how
// it ends is not the client's concern.
func (s *session) connect(ctx context.Context, in io.Reader, out, stderr io.Writer) (code int, err error) {
	terminal := terminal{tty: s.options.tty, out: out}
	if s.options.stdin && in != nil {
		go s.copyInput(in, terminal)
	}
	position := s.process.from
	for ended := false; !ended; {
		var chunks []container.Chunk
		err := s.server.door.Wait(ctx, func(cluster *sim.Cluster) bool {
			chunks, position, ended, code = cluster.Output(s.process.number, position)
			return len(chunks) > 0 || ended
		})
		if err != nil {
			break // the client has gone: the process goes on unseen
		}
		if err := s.print(ctx, chunks, terminal, stderr); err != nil {
			break
		}
	}
	if !s.process.exec {
		return 0, nil
	}
	s.server.door.Do(func(cluster *sim.Cluster) { cluster.Close(s.process.number) })
	return code, nil
}

// print sends what the process has written. The client copies each stream by itself: what comes on the other one waits until it has.
func (s *session) print(ctx context.Context, chunks []container.Chunk, terminal terminal, stderr io.Writer) error {
	for i, chunk := range chunks {
		var err error
		if i > 0 && chunk.Stream != chunks[i-1].Stream {
			if err := s.server.door.Settle(ctx, ""); err != nil {
				return err
			}
		}
		switch {
		case chunk.Stream == container.Stderr && !s.options.tty:
			if s.options.stderr {
				_, err = io.WriteString(stderr, chunk.Data)
			}
		case s.options.stdout:
			err = terminal.print(chunk.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyInput types what the client types into the process.
func (s *session) copyInput(in io.Reader, terminal terminal) {
	buffer := make([]byte, 32<<10)
	for {
		count, err := in.Read(buffer)
		end := err != nil && s.process.endInput
		if count > 0 || end {
			s.server.door.Do(func(cluster *sim.Cluster) { cluster.Input(s.process.number, terminal.typed(buffer[:count]), end) })
		}
		if err != nil {
			_, _ = io.Copy(io.Discard, in) // the stream must be read for the connection to notice its end
			return
		}
	}
}
