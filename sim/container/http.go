package container

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
)

// request is an HTTP/1.x request as a server reads it.
type request struct {
	method   string
	target   string // as sent
	path     string // decoded and cleaned; keeps a final slash
	query    string
	protocol string
	header   map[string]string // names in lower case; of repeated names the last
	body     []byte
}

const maxHeader = 32 << 10

// parseRequest reads one request and gives back what follows it. ok is false for what is no HTTP request.
func parseRequest(data []byte) (r request, rest []byte, ok bool) {
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
	r = request{method: first[0], target: first[1], protocol: first[2], header: map[string]string{}}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if !found {
			return r, nil, false
		}
		r.header[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	rest = data[end+gap:]
	if length := r.header["content-length"]; length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 {
			return r, nil, false
		}
		n = min(n, len(rest))
		r.body, rest = rest[:n], rest[n:]
	}
	u, err := url.ParseRequestURI(r.target)
	if err != nil {
		return r, nil, false
	}
	r.query = u.RawQuery
	r.path = path.Clean("/" + u.Path)
	if strings.HasSuffix(u.Path, "/") && r.path != "/" {
		r.path += "/"
	}
	return r, rest, true
}

// host is what the client called the server.
func (r request) host() string {
	if host := r.header["host"]; host != "" {
		return host
	}
	return "localhost"
}

// response is an HTTP/1.1 response; headers keep their order.
type response struct {
	status  int
	headers [][2]string
	body    []byte
	head    bool // without its body
}

func (r *response) add(name, value string) { r.headers = append(r.headers, [2]string{name, value}) }

func (r *response) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, reasonPhrase(r.status))
	for _, h := range r.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	if !r.head {
		b.Write(r.body)
	}
	return b.Bytes()
}

func reasonPhrase(status int) string {
	switch status {
	case http.StatusMovedPermanently:
		return "Moved Permanently"
	case http.StatusMethodNotAllowed:
		return "Not Allowed" // as nginx says it
	}
	return http.StatusText(status)
}

// contentType is the MIME type of a file by its name, of those nginx knows.
func contentType(name, fallback string) string {
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
