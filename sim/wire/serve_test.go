package wire

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
)

// talk plays what a client sends against a server that repeats what it got, and gives all that the client hears until the end.
func talk(t *testing.T, sent string, answer Answer) (heard string, err error) {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(far, answer)
		_ = far.Close()
	}()
	go func() { _, _ = io.WriteString(near, sent) }()
	all, _ := io.ReadAll(bufio.NewReader(near))
	return string(all), <-ended
}

func TestRequestsArriveInOnePiece(t *testing.T) {
	for _, c := range []struct{ name, sent, arrives string }{
		{"plain", "GET /x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET /x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"},
		{"of the first version", "GET / HTTP/1.0\n\n", "GET / HTTP/1.0\r\nHost: \r\n\r\n"},
		{"chunks", "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
			"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nabcde"},
	} {
		var arrived string
		_, err := talk(t, c.sent, func(payload []byte) ([]byte, error) {
			arrived += string(payload)
			return []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), nil
		})
		if err != nil || arrived != c.arrives {
			t.Errorf("%s: %q (%v), want %q", c.name, arrived, err, c.arrives)
		}
	}
}

func TestAnswersAndEnds(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
	get := "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, c := range []struct {
		name, sent, heard string
		replies           []string
	}{
		{"two requests, and a server that closes", get + get, ok + "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", []string{ok, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"}},
		{"something else, and a server that hangs up", "PING\r\n", "", []string{""}},
		{"a client that asks whether it may go on", "PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx", "HTTP/1.1 100 Continue\r\n\r\n" + ok, []string{ok}},
		{"too large a head", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", MaxHeader) + "\r\n\r\n", "HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", nil},
		{"no request", "GET / HTTP/1.1\r\n:\r\n\r\n", "", nil},
	} {
		replies := c.replies
		heard, err := talk(t, c.sent, func([]byte) ([]byte, error) {
			if len(replies) == 0 {
				return nil, errors.New("asked too often")
			}
			reply := replies[0]
			replies = replies[1:]
			return []byte(reply), nil
		})
		if err != nil || heard != c.heard {
			t.Errorf("%s: %q (%v), want %q", c.name, heard, err, c.heard)
		}
	}
}

func FuzzServe(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"))
	f.Add([]byte("PING\r\nGET / HTTP/1.0\r\n\r\n"))
	f.Fuzz(func(_ *testing.T, sent []byte) {
		_ = Serve(struct {
			io.Reader
			io.Writer
		}{strings.NewReader(string(sent)), io.Discard}, func(payload []byte) ([]byte, error) { return payload, nil })
	})
}
