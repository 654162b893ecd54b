package sql

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
)

// magic begins what a client of this package sends.
const magic = "stsim-sql/1 "

// Request is what a client sends over a connection.
type Request struct {
	User       string   `json:",omitempty"`
	Password   string   `json:",omitempty"`
	Schema     string   `json:",omitempty"`
	Socket     bool     `json:",omitempty"` // by the server's socket file, not by TCP
	Keep       bool     `json:",omitempty"` // the session goes on after this connection
	Session    int64    `json:",omitempty"` // one that goes on; 0 opens a new one
	Close      bool     `json:",omitempty"` // the session ends
	Force      bool     `json:",omitempty"` // go on after an error
	Statements []string `json:",omitempty"`
}

// Response is what a server answers.
type Response struct {
	Version string
	Flavour string `json:",omitempty"` // MySQL, MariaDB or Percona
	Session int64
	Address string  `json:",omitempty"` // of the server itself, for a client that came by way of a Service
	Refused *Error  `json:",omitempty"` // no session: why
	Replies []Reply `json:",omitempty"` // of the statements that ran
}

// Reply is what one statement gave.
type Reply struct {
	Result
	Error *Error `json:",omitempty"`
}

// Bytes is the request as it is sent.
func (r Request) Bytes() []byte { return append([]byte(magic), encode(r)...) }

// Bytes is the response as it is sent.
func (r Response) Bytes() []byte { return encode(r) }

func encode(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	return append(data, '\n')
}

// ParseRequest reads what a client has sent; ok is false for anything else.
func ParseRequest(data []byte) (request Request, ok bool) {
	rest, ours := bytes.CutPrefix(data, []byte(magic))
	if !ours || json.Unmarshal(rest, &request) != nil {
		return Request{}, false
	}
	return request, true
}

// ParseResponse reads what a server has answered; ok is false for anything else.
func ParseResponse(data []byte) (response Response, ok bool) {
	return response, json.Unmarshal(data, &response) == nil && response.Version != ""
}

// Sessions are those that a server keeps between connections. It is immutable; the zero value has none.
type Sessions struct {
	last int64
	open []*Session
}

// maxSessions bounds those that nobody closed.
const maxSessions = 150

// All are the open sessions, in order of their numbers.
func (s Sessions) All() []*Session { return s.open }

// Desk is a server at work: its data, and the sessions it keeps.
type Desk interface {
	Server
	Version() (version, flavour string)
	Kept() Sessions
	Keep(Sessions)
}

// Serve answers one connection. client is where it comes from; own are the server's own addresses, from where one is localhost.
//
// What is no request of this package's client gets a greeting, as a probe of the port would.
func Serve(desk Desk, client netip.Addr, own []netip.Addr, data []byte) []byte {
	version, flavour := desk.Version()
	request, ok := ParseRequest(data)
	if !ok {
		return []byte("\x4a\x00\x00\x00\x0a" + version + "\x00")
	}
	host := client.String()
	if request.Socket || client.IsLoopback() || slices.Contains(own, client) {
		host = "localhost"
	}
	response := Response{Version: version, Flavour: flavour}
	if len(own) > 0 {
		response.Address = own[0].String()
	}
	kept := desk.Kept()
	session, refused := kept.enter(desk, request, host)
	if refused != nil {
		response.Refused = refused
		return response.Bytes()
	}
	kept.last = max(kept.last, session.ID)
	desk.Keep(kept)
	response.Session = session.ID
	for _, statement := range request.Statements {
		result, failure := session.Execute(desk, statement)
		response.Replies = append(response.Replies, Reply{result, failure})
		if failure != nil && !request.Force {
			break
		}
	}
	kept = desk.Kept()
	kept.open = slices.DeleteFunc(slices.Clone(kept.open), func(other *Session) bool { return other.ID == session.ID })
	if request.Keep && !request.Close {
		kept.open = append(kept.open, session)
		slices.SortFunc(kept.open, func(a, b *Session) int { return cmp.Compare(a.ID, b.ID) })
		if len(kept.open) > maxSessions {
			kept.open = kept.open[1:]
		}
	}
	desk.Keep(kept)
	return response.Bytes()
}

// enter finds the session of a request, or opens one.
func (s Sessions) enter(desk Desk, request Request, host string) (*Session, *Error) {
	for _, session := range s.open {
		if request.Session != 0 && session.ID == request.Session && session.User == request.User {
			return session.Clone(), nil
		}
	}
	if request.Session != 0 {
		return nil, &Error{2006, "HY000", "MySQL server has gone away"}
	}
	session, refused := Login(desk.Store(), max(s.last, 1)+1, request.User, request.Password, host)
	if refused != nil {
		return nil, refused
	}
	session.Since = desk.Now()
	if request.Schema != "" {
		if _, err := session.use(desk, request.Schema); err != nil {
			return nil, err
		}
	}
	return session, nil
}
