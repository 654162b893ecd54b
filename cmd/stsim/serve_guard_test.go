package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	var seen http.Header
	g := newGuard("secret", http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		seen = request.Header
		if request.URL.Path == "/panic" {
			panic("oh")
		}
	}))
	for _, c := range []struct {
		name, path, host, origin, authorization string
		code                                    int
	}{
		{"the token", "/api/v1/pods", "127.0.0.1:6443", "", "Bearer secret", 200},
		{"a name of this machine", "/api/v1/pods", "localhost:6443", "", "Bearer secret", 200},
		{"the name in the cluster", "/api/v1/pods", "kubernetes.default.svc", "", "Bearer secret", 200},
		{"the sixth version", "/api/v1/pods", "[::1]:6443", "", "Bearer secret", 200},
		{"no token", "/api/v1/pods", "127.0.0.1:6443", "", "", 401},
		{"another token", "/api/v1/pods", "127.0.0.1:6443", "", "Bearer secreT", 401},
		{"the token without its word", "/api/v1/pods", "127.0.0.1:6443", "", "secret", 401},
		{"what everybody may ask", "/version", "127.0.0.1:6443", "", "", 200},
		{"a name that leads here", "/version", "evil.example:6443", "", "", 403},
		{"an address of another machine", "/api/v1/pods", "192.0.2.1:6443", "", "Bearer secret", 403},
		{"a page of another site", "/api/v1/pods", "127.0.0.1:6443", "https://evil.example", "Bearer secret", 403},
		{"a page of another port", "/api/v1/pods", "127.0.0.1:6443", "https://127.0.0.1:3000", "Bearer secret", 403},
		{"a page without a site", "/api/v1/pods", "127.0.0.1:6443", "null", "Bearer secret", 403},
		{"a page of its own", "/api/v1/pods", "127.0.0.1:6443", "https://127.0.0.1:6443", "Bearer secret", 200},
		{"a mistake of ours", "/panic", "127.0.0.1:6443", "", "Bearer secret", 500},
	} {
		request := httptest.NewRequest(http.MethodGet, c.path, nil)
		request.Host = c.host
		request.Header.Set("Origin", c.origin)
		request.Header.Set("Authorization", c.authorization)
		answer := httptest.NewRecorder()
		g.ServeHTTP(answer, request)
		if answer.Code != c.code || c.code >= 400 && !strings.Contains(answer.Body.String(), `"kind":"Status"`) {
			t.Errorf("%s: %d %s, want %d", c.name, answer.Code, answer.Body, c.code)
		}
	}
	if seen.Get("Authorization") != "" {
		t.Error("the token goes on to servers behind the API")
	}
}

// However much is asked for at a time, only so much is done.
func TestGuardBoundsWhatIsUnderWay(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	g := newGuard("secret", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	}))
	defer close(leave)
	ask := func(path string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(http.MethodGet, path, nil)
		request.Host = "localhost"
		request.Header.Set("Authorization", "Bearer secret")
		answer := httptest.NewRecorder()
		g.ServeHTTP(answer, request)
		return answer
	}
	for path, most := range map[string]int{"/api/v1/pods": maxShort, "/api/v1/pods?watch=true": maxLong} {
		for range most {
			go ask(path)
			<-entered
		}
		if answer := ask(path); answer.Code != http.StatusTooManyRequests || answer.Header().Get("Retry-After") != "1" {
			t.Errorf("one more of %s: %d", path, answer.Code)
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it only listens
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	bounded := boundedListener{listener, make(chan struct{}, 1)}
	accepted := make(chan net.Conn, 3)
	go func() {
		for {
			connection, err := bounded.Accept()
			if err != nil {
				return
			}
			accepted <- connection
		}
	}()
	dial := func() net.Conn {
		connection, err := net.Dial("tcp", listener.Addr().String()) //nolint:noctx // it is answered at once
		if err != nil {
			t.Fatal(err)
		}
		return connection
	}
	first := dial()
	defer func() { _ = first.Close() }()
	held := <-accepted
	second := dial()
	defer func() { _ = second.Close() }()
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("the second is not closed")
	}
	_ = held.Close()
	third := dial()
	defer func() { _ = third.Close() }()
	_ = (<-accepted).Close()
}
