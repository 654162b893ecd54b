package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The bounds of a served cluster. Beyond them a client is told to come again (429), or finds its connection closed.
const (
	maxConnections = 2000
	maxShort       = 400  // requests under way at a time (upstream: --max-requests-inflight)
	maxLong        = 2000 // watches, followed logs, execs and the like
	maxHeader      = 64 << 10
	bodyPatience   = time.Minute // for the body of a request
	idleConnection = 3 * time.Minute
	headPatience   = 30 * time.Second
)

// guard lets in who knows the token, speaks to this machine by a name of its own, and does not ask for too much at a time.
type guard struct {
	token string
	next  http.Handler
	short chan struct{}
	long  chan struct{}
}

func newGuard(token string, next http.Handler) *guard {
	return &guard{token: token, next: next, short: make(chan struct{}, maxShort), long: make(chan struct{}, maxLong)}
}

// ServeHTTP implements [http.Handler].
func (g *guard) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	defer func() {
		switch problem := recover(); problem {
		case nil:
		case http.ErrAbortHandler:
			panic(problem)
		default:
			refuse(writer, http.StatusInternalServerError, metav1.StatusReasonInternalError, fmt.Sprint(problem))
		}
	}()
	if !ownName(request.Host) {
		refuse(writer, http.StatusForbidden, metav1.StatusReasonForbidden,
			fmt.Sprintf("the Host header says %q; a page on another site may be behind this (hint: use an address of this machine, or localhost)", request.Host))
		return
	}
	if origin := request.Header.Get("Origin"); origin != "" && !sameOrigin(origin, request.Host) {
		refuse(writer, http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf("the page of another site (%s) asks", origin))
		return
	}
	if !g.allowed(request) {
		refuse(writer, http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized")
		return
	}
	request.Header.Del("Authorization") // nobody behind this needs it, and a proxied server must not see it
	places := g.short
	if takesLong(request) {
		places = g.long
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	default:
		writer.Header().Set("Retry-After", "1")
		refuse(writer, http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, "Too many requests, please try again later.")
		return
	}
	if request.ContentLength != 0 && !takesLong(request) {
		_ = http.NewResponseController(writer).SetReadDeadline(time.Now().Add(bodyPatience)) // every connection of the server can
	}
	g.next.ServeHTTP(writer, request)
}

// allowed says whether a client knows the token. What any client may ask of a real API server without one, it may here.
func (g *guard) allowed(request *http.Request) bool {
	switch request.URL.Path {
	case "/version", "/healthz", "/livez", "/readyz":
		return true
	}
	return subtle.ConstantTimeCompare([]byte(request.Header.Get("Authorization")), []byte("Bearer "+g.token)) == 1
}

// ownName says whether a Host header names this machine, in a way that no name server of somebody else's can (DNS rebinding).
func ownName(host string) bool {
	name := host
	if without, _, err := net.SplitHostPort(host); err == nil {
		name = without
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if ip := net.ParseIP(name); ip != nil {
		return ip.IsLoopback()
	}
	return name == "localhost" || name == "kubernetes" || name == "kubernetes.default" || strings.HasPrefix(name, "kubernetes.default.svc")
}

// sameOrigin says whether a page that was loaded from the API itself asks.
func sameOrigin(origin, host string) bool {
	from, err := url.Parse(origin)
	return err == nil && from.Scheme == "https" && strings.EqualFold(from.Host, host)
}

// takesLong says whether a request goes on until the client has enough of it.
func takesLong(request *http.Request) bool {
	query := request.URL.Query()
	path := request.URL.Path
	return query.Has("watch") || query.Has("follow") || strings.Contains(path, "/watch/") || request.Header.Get("Upgrade") != "" ||
		strings.HasSuffix(path, "/exec") || strings.HasSuffix(path, "/attach") || strings.HasSuffix(path, "/portforward")
}

func refuse(writer http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(code)
	_ = json.NewEncoder(writer).Encode(metav1.Status{ // a client that went away gets no answer
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Reason: reason, Message: message, Code: int32(code),
	})
}

// boundedListener closes connections that are too many.
type boundedListener struct {
	net.Listener
	places chan struct{} // shared by all listeners of a server
}

// Accept implements [net.Listener].
func (l boundedListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &boundedConnection{Conn: connection, leave: sync.OnceFunc(func() { <-l.places })}, nil
		default:
			_ = connection.Close()
		}
	}
}

type boundedConnection struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *boundedConnection) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
