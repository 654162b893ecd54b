package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The bounds of a connection.
const (
	MaxHeader = 32 << 10 // octets
	MaxBody   = 3 << 20
	segment   = 4 << 10 // of what is not HTTP
	Idle      = time.Hour
	Patience  = time.Minute
)

// Answer is what a server does with a payload: it gives back the answer, and none to close the connection.
type Answer func(payload []byte) ([]byte, error)

// Serve carries payloads and answers until either side ends the connection. The error is the server's.
func Serve(connection io.ReadWriter, answer Answer) error {
	limited := &io.LimitedReader{R: connection}
	c := &carrier{connection: connection, limited: limited, in: bufio.NewReaderSize(limited, segment)}
	for {
		payload, last, err := c.next()
		if err != nil {
			c.refuse(err)
			return nil // the client has gone, or should have
		}
		reply, err := answer(payload)
		if err != nil {
			return err
		}
		if len(reply) == 0 {
			return nil
		}
		c.deadline(Patience)
		if _, err := connection.Write(reply); err != nil || last || closes(reply) {
			return nil
		}
	}
}

// carrier reads what a client sends.
type carrier struct {
	connection io.ReadWriter
	limited    *io.LimitedReader
	in         *bufio.Reader
}

var errTooLarge = errors.New("the request is too large")

// next reads one HTTP request, or a segment of something else. Last says that the client wants no more than the answer to it.
func (c *carrier) next() (payload []byte, last bool, err error) {
	c.limited.N = MaxHeader
	c.deadline(Idle)
	if _, err := c.in.Peek(1); err != nil {
		return nil, false, err
	}
	c.deadline(Patience)
	start, err := c.in.Peek(c.in.Buffered())
	if err != nil {
		return nil, false, err
	}
	if !looksLikeHTTP(start) {
		data := bytes.Clone(start)
		_, err := c.in.Discard(len(start))
		return data, false, err
	}
	req, err := http.ReadRequest(c.in)
	if err != nil {
		if c.limited.N <= 0 {
			err = errTooLarge
		}
		return nil, false, err
	}
	c.limited.N = 2 * MaxBody // chunks have heads of their own
	if req.Header.Get("Expect") == "100-continue" && req.ContentLength != 0 && req.ContentLength <= MaxBody {
		if _, err := io.WriteString(c.connection, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return nil, false, err
		}
	}
	payload, err = Flatten(req)
	return payload, req.Close, err
}

// looksLikeHTTP looks at the first line, which comes whole in any real client's first segment.
func looksLikeHTTP(start []byte) bool {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	return bytes.Contains(line, []byte(" HTTP/1."))
}

// refuse tells a client that speaks HTTP what was wrong with its request.
func (c *carrier) refuse(err error) {
	if errors.Is(err, errTooLarge) {
		_, _ = io.WriteString(c.connection, "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") // it may have gone
	}
}

// deadline limits how long the client may take, where the connection knows of time.
func (c *carrier) deadline(wait time.Duration) {
	if timed, ok := c.connection.(interface{ SetDeadline(t time.Time) error }); ok {
		_ = timed.SetDeadline(time.Now().Add(wait)) // of a closed connection: the next read says so
	}
}

// closes says whether an answer is one after which the server ends the connection.
func closes(reply []byte) bool {
	head, _, found := bytes.Cut(reply, []byte("\r\n\r\n"))
	if !found || !bytes.HasPrefix(head, []byte("HTTP/1.")) {
		return false
	}
	for line := range strings.SplitSeq(strings.ToLower(string(head)), "\r\n") {
		if name, value, _ := strings.Cut(line, ":"); name == "connection" && strings.TrimSpace(value) == "close" {
			return true
		}
	}
	return false
}

// Flatten writes a request as a simulated server reads it: in one piece, its body's length in its head.
//
// Errors: the body cannot be read, or is larger than [MaxBody].
func Flatten(req *http.Request) ([]byte, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(req.Body, MaxBody+1)); err != nil {
			return nil, err
		}
		if len(body) > MaxBody {
			return nil, errTooLarge
		}
	}
	protocol := "HTTP/1.1"
	if req.ProtoMajor == 1 && req.ProtoMinor == 0 {
		protocol = "HTTP/1.0"
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %s %s\r\nHost: %s\r\n", req.Method, req.URL.RequestURI(), protocol, req.Host)
	header := req.Header.Clone()
	header.Del("Content-Length")
	if len(body) > 0 {
		header.Set("Content-Length", fmt.Sprint(len(body)))
	}
	if err := header.Write(&out); err != nil {
		return nil, err
	}
	out.WriteString("\r\n")
	out.Write(body)
	return out.Bytes(), nil
}
