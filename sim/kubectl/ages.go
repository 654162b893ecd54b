package kubectl

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// kubectl describe, kubectl events and kubectl get --server-print=false tell how long ago something was by the wall clock, and kubectl rollout restart writes down what
// the wall clock shows. The cluster lives in virtual time.

// tellsAges says whether the command computes ages itself from what it is sent.
func (t *transport) tellsAges() bool {
	printed := slices.ContainsFunc(t.args, func(arg string) bool { return strings.HasPrefix(arg, "-o") || strings.HasPrefix(arg, "--output") })
	switch t.called {
	case "describe":
		return true
	case "events":
		return !printed
	case "get":
		return !printed && slices.Contains(t.args, "--server-print=false")
	}
	return false
}

// tellsCreation says whether the age of the objects at a path is told by when they were created: describe node does so for Pods.
func (t *transport) tellsCreation(path string) bool {
	return t.called == "get" || strings.HasSuffix(path, "/pods")
}

// Fields from which describe and events compute ages and which they do not print. Microseconds have their own form.
var (
	ageFields    = regexp.MustCompile(`"(firstTimestamp|lastTimestamp|deletionTimestamp|eventTime|lastObservedTime)": ?"([^"]+)"`)
	createdField = regexp.MustCompile(`"(creationTimestamp)": ?"([^"]+)"`)
)

// microTime is how the API writes an instant with microseconds.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// shifted is an answer in which instants are as long before the wall clock as they are before the virtual one. Ages are told in seconds: up to
// a second may pass until kubectl has computed them, and the text stays the same.
type shifted struct {
	body    io.ReadCloser
	virtual func() time.Time
	created bool // also when objects were created
	lines   *bufio.Reader
	ready   []byte
}

// Read implements [io.Reader]. A watch is one line for each change.
func (s *shifted) Read(buffer []byte) (int, error) {
	if s.lines == nil {
		s.lines = bufio.NewReader(s.body)
	}
	for len(s.ready) == 0 {
		line, err := s.lines.ReadBytes('\n')
		s.ready = s.shift(line)
		if err != nil && len(s.ready) == 0 {
			return 0, err
		}
	}
	n := copy(buffer, s.ready)
	s.ready = s.ready[n:]
	return n, nil
}

// Close implements [io.Closer].
func (s *shifted) Close() error { return s.body.Close() }

func (s *shifted) shift(line []byte) []byte {
	wall, virtual := time.Now(), s.virtual().Truncate(time.Second)
	move := func(pattern *regexp.Regexp) {
		line = pattern.ReplaceAllFunc(line, func(found []byte) []byte {
			field := pattern.FindSubmatch(found)
			instant, err := time.Parse(time.RFC3339, string(field[2]))
			if err != nil {
				return found
			}
			form := time.RFC3339Nano
			if name := string(field[1]); name == "eventTime" || name == "lastObservedTime" {
				form = microTime
			}
			moved := wall.Add(instant.Truncate(time.Second).Sub(virtual)).UTC().Format(form)
			return []byte(`"` + string(field[1]) + `":"` + moved + `"`)
		})
	}
	move(ageFields)
	if s.created {
		move(createdField)
	}
	return line
}

var restarted = regexp.MustCompile(`("kubectl\.kubernetes\.io/restartedAt": ?")[^"]*"`)

// inVirtualTime is the request with what the virtual clock shows in place of what the wall clock does, and with answers asked for in a
// form that can be shifted.
func (t *transport) inVirtualTime(request *http.Request) (*http.Request, error) {
	if t.tellsAges() && strings.Contains(request.Header.Get("Accept"), "protobuf") {
		request = request.Clone(request.Context())
		request.Header.Set("Accept", "application/json")
	}
	if t.called != "rollout" || request.Method != http.MethodPatch || request.Body == nil {
		return request, nil
	}
	data, err := io.ReadAll(request.Body)
	_ = request.Body.Close() // it was read
	if err != nil {
		return nil, err
	}
	data = restarted.ReplaceAll(data, []byte("${1}"+t.now().UTC().Format(time.RFC3339)+`"`))
	request = request.Clone(request.Context())
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	return request, nil
}
