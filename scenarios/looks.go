package scenarios

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// look is one request of kubectl, as far as it says what somebody wanted to see or do.
type look struct {
	writes    bool
	resource  string
	namespace string // empty: all
	name      string // empty: all
	sub       string // subresource: log, exec
	selector  string // of labels
}

// looks are the requests of a command. Requests that kubectl makes on the way (what the API has, the events of an object) are not among them.
type looks struct {
	mu   sync.Mutex
	seen []look
}

// add implements what [kubectl.Command] calls Asked.
func (l *looks) add(method string, at *url.URL) {
	seen, counts := lookAt(method, at)
	l.mu.Lock()
	defer l.mu.Unlock()
	if counts && !slices.Contains(l.seen, seen) {
		l.seen = append(l.seen, seen)
	}
}

// take gives what was collected, and begins anew.
func (l *looks) take() []look {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.seen
	l.seen = nil
	return seen
}

// lookAt reads a request: /api/v1/namespaces/NAMESPACE/RESOURCE/NAME/SUBRESOURCE, or below /apis/GROUP/VERSION.
func lookAt(method string, at *url.URL) (seen look, counts bool) {
	parts := strings.Split(strings.Trim(at.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return look{}, false
	}
	seen.writes = method != http.MethodGet
	if len(parts) > 2 && parts[0] == "namespaces" && parts[2] != "status" {
		seen.namespace, parts = parts[1], parts[2:]
	}
	seen.resource = parts[0]
	if len(parts) > 1 {
		seen.name = parts[1]
	}
	if len(parts) > 2 {
		seen.sub = parts[2]
	}
	query := at.Query()
	seen.selector = query.Get("labelSelector")
	if name, is := strings.CutPrefix(query.Get("fieldSelector"), "metadata.name="); is {
		seen.name = name
	}
	return seen, seen.resource != "events"
}

// covers says whether a look shows all that another one does.
func (l look) covers(other look) bool {
	return l.writes == other.writes && l.resource == other.resource && l.sub == other.sub &&
		(l.namespace == "" || l.namespace == other.namespace) && (l.name == "" || l.name == other.name) && (l.selector == "" || l.selector == other.selector)
}

// coverAll says whether some looks show all that others do. What was run inside of a container does not show in a request.
func coverAll(some, others []look) bool {
	for _, other := range others {
		if other.sub == "exec" || other.sub == "attach" || !slices.ContainsFunc(some, func(l look) bool { return l.covers(other) }) {
			return false
		}
	}
	return len(others) > 0
}
