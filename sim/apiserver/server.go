package apiserver

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
)

// server is the handler of one cluster. It is safe for concurrent use and keeps nothing but what can be computed again.
type server struct {
	door     *door.Door
	settings *api.Settings
	versions map[schema.GroupVersion]*servedVersion
	order    []*servedVersion // as discovery lists them
	paths    map[string]http.HandlerFunc
	encoded  *encodings
	managers *managers
	beyond   bool // clients are beyond this process; see NewBeyond
}

// servedVersion is one group and version that the release serves.
type servedVersion struct {
	schema.GroupVersion
	kinds     []*api.Kind
	resources map[string]*api.Kind // by plural name
}

// New makes the handler of the cluster behind a door.
func New(d *door.Door) http.Handler { return newServer(d) }

// NewBeyond makes the handler for clients beyond this process. How long a watch may last is then a matter of their connections, by the wall clock: an hour of
// virtual time that passes at once must not end all watches.
func NewBeyond(d *door.Door) http.Handler {
	s := newServer(d)
	s.beyond = true
	return s
}

func newServer(d *door.Door) *server {
	s := &server{door: d, versions: map[schema.GroupVersion]*servedVersion{}, encoded: newEncodings()}
	d.Do(func(cluster *sim.Cluster) { s.settings = cluster.Settings() })
	for _, served := range s.settings.Release.Served() {
		version := &servedVersion{GroupVersion: served.GroupVersion, resources: map[string]*api.Kind{}}
		for _, name := range served.Kinds {
			kind := api.KindNamed(name)
			version.kinds = append(version.kinds, kind)
			version.resources[kind.Resource] = kind
		}
		s.versions[served.GroupVersion] = version
		s.order = append(s.order, version)
	}
	s.managers = newManagers(s.settings.Release)
	s.paths = s.fixedPaths()
	return s
}

// TellTime is the header, with any value, of a request whose answer shall tell in a header of the same name what time it is in the cluster, for clients that
// compute ages.
const TellTime = "Stsim-Time"

// ServeHTTP implements [http.Handler].
func (s *server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	tracked := &trackedWriter{ResponseWriter: w}
	r := &request{server: s, http: req, writer: tracked, query: req.URL.Query()}
	defer func() {
		if problem := recover(); problem != nil {
			if problem == http.ErrAbortHandler {
				panic(problem)
			}
			r.fail(apierrors.NewInternalError(fmt.Errorf("panic: %v\n%s", problem, shortStack())))
		}
	}()
	var err error
	var now time.Time
	s.door.Do(func(cluster *sim.Cluster) { err, now = cluster.Answers(), cluster.Now() })
	if req.Header.Get(TellTime) != "" {
		w.Header().Set(TellTime, now.UTC().Format(time.RFC3339Nano))
	}
	if err == nil {
		err = s.dispatch(r)
	}
	if err != nil {
		r.fail(err)
	}
}

// shortStack is where a panic happened, without the frames of recovering from it.
func shortStack() []byte {
	stack := debug.Stack()
	if _, below, found := bytes.Cut(stack, []byte("panic(")); found {
		stack = below
	}
	return stack[:min(len(stack), 4096)]
}

func (s *server) dispatch(r *request) error {
	path := r.http.URL.Path
	if fixed, found := s.paths[strings.TrimSuffix(path, "/")]; found {
		fixed(r.writer, r.http)
		return nil
	}
	version, rest, found := s.versionOf(path)
	if !found {
		return notServed(r.http.Method)
	}
	if handle, found := reviews[reviewPath{version, strings.Trim(rest, "/")}]; found {
		return handle(r)
	}
	served, found := s.versions[version]
	if !found {
		return notServed(r.http.Method)
	}
	if r.target, found = s.route(served, rest); !found {
		return notServed(r.http.Method)
	}
	return r.serve()
}

// versionOf splits /api/v1/... and /apis/GROUP/VERSION/... .
func (s *server) versionOf(path string) (version schema.GroupVersion, rest string, found bool) {
	if below, core := strings.CutPrefix(path, "/api/"); core {
		version.Version, rest, found = strings.Cut(below, "/")
		return version, rest, found
	}
	below, grouped := strings.CutPrefix(path, "/apis/")
	if !grouped {
		return version, "", false
	}
	if version.Group, below, found = strings.Cut(below, "/"); !found {
		return version, "", false
	}
	version.Version, rest, found = strings.Cut(below, "/")
	return version, rest, found
}

// request is one request while it is being answered.
type request struct {
	target
	server   *server
	http     *http.Request
	writer   *trackedWriter
	query    url.Values
	media    media
	warnings []string
}

// serve calls what answers the verb that the method and the target mean.
func (r *request) serve() error {
	if r.subresource != "" {
		return r.serveSubresource()
	}
	verb := r.verb()
	nowhere := r.kind.Namespaced && r.namespace == "" && (verb == "create" || verb == "deletecollection")
	if !contains(r.kind.Verbs, verb) || nowhere {
		return apierrors.NewMethodNotSupported(r.kind.GroupResource(), verb)
	}
	if err := r.negotiate(); err != nil {
		return err
	}
	r.warnDeprecated()
	switch verb {
	case "get":
		return r.get()
	case "list":
		return r.list()
	case "watch":
		return r.startWatch()
	case "create":
		return r.create()
	case "update":
		return r.update()
	case "patch":
		return r.patch()
	case "delete":
		return r.delete()
	default:
		return r.deleteCollection()
	}
}

// verb is the API's word for the method and the target.
func (r *request) verb() string {
	switch r.http.Method {
	case http.MethodGet, http.MethodHead:
		switch {
		case r.name != "" && !r.watch:
			return "get"
		case r.watch, isTrue(r.query.Get("watch")):
			return "watch"
		}
		return "list"
	case http.MethodPost:
		if r.name != "" {
			return "post"
		}
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if r.name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return strings.ToLower(r.http.Method)
}

func isTrue(text string) bool { return text == "true" || text == "1" || text == "True" }

func contains(words []string, word string) bool {
	for _, one := range words {
		if one == word {
			return true
		}
	}
	return false
}
