package app

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// Request is an HTTP/1.x request as a server reads it.
type Request struct {
	Method   string
	Target   string // as sent
	Path     string // decoded and cleaned; keeps a final slash
	Query    string
	Protocol string
	Header   map[string]string // names in lower case; of repeated names the last
	Body     []byte
}

const maxHeader = 32 << 10

// ParseRequest reads one request and gives back what follows it. ok is false for what is no HTTP request.
func ParseRequest(data []byte) (r Request, rest []byte, ok bool) {
	end, gap := bytes.Index(data, []byte("\r\n\r\n")), 4
	if bare := bytes.Index(data, []byte("\n\n")); end < 0 || (bare >= 0 && bare < end) {
		end, gap = bare, 2 // as nginx does, take a bare newline for the end of a line
	}
	if end < 0 || end > maxHeader {
		return r, nil, false
	}
	lines := strings.Split(strings.ReplaceAll(string(data[:end]), "\r\n", "\n"), "\n")
	first := strings.Fields(lines[0])
	if len(first) == 2 { // HTTP/0.9
		first = append(first, "HTTP/0.9")
	}
	if len(first) != 3 || !strings.HasPrefix(first[2], "HTTP/") {
		return r, nil, false
	}
	r = Request{Method: first[0], Target: first[1], Protocol: first[2], Header: map[string]string{}}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if !found {
			return r, nil, false
		}
		r.Header[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	rest = data[end+gap:]
	if length := r.Header["content-length"]; length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 {
			return r, nil, false
		}
		n = min(n, len(rest))
		r.Body, rest = rest[:n], rest[n:]
	}
	u, err := url.ParseRequestURI(r.Target)
	if err != nil {
		return r, nil, false
	}
	r.Query = u.RawQuery
	r.Path = path.Clean("/" + u.Path)
	if strings.HasSuffix(u.Path, "/") && r.Path != "/" {
		r.Path += "/"
	}
	return r, rest, true
}

// Host is what the client called the server.
func (r Request) Host() string {
	if host := r.Header["host"]; host != "" {
		return host
	}
	return "localhost"
}

// Response is an HTTP/1.1 response; headers keep their order.
type Response struct {
	Status  int
	Headers [][2]string
	Body    []byte
	Head    bool // without its body
}

// Add adds a header.
func (r *Response) Add(name, value string) { r.Headers = append(r.Headers, [2]string{name, value}) }

// Bytes is the response as it is sent.
func (r *Response) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.Status, ReasonPhrase(r.Status))
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	if !r.Head {
		b.Write(r.Body)
	}
	return b.Bytes()
}

// ReasonPhrase is what follows the status.
func ReasonPhrase(status int) string {
	switch status {
	case http.StatusMovedPermanently:
		return "Moved Permanently"
	case http.StatusMethodNotAllowed:
		return "Not Allowed" // as nginx says it
	}
	return http.StatusText(status)
}

// ContentType is the MIME type of a file by its name, of those nginx knows.
func ContentType(name, fallback string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".shtml":
		return "text/html"
	case ".css":
		return "text/css"
	case ".xml":
		return "text/xml"
	case ".txt":
		return "text/plain"
	case ".js":
		return "application/javascript"
	case ".json":
		return "application/json"
	case ".gif":
		return "image/gif"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".svg":
		return "image/svg+xml"
	case ".ico":
		return "image/x-icon"
	case ".pdf":
		return "application/pdf"
	case ".zip":
		return "application/zip"
	}
	return fallback
}
