package oracle

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

const namespace = "default"

// setName is that of the history that is told.
var setName = setNames[0]

// setNames are an ordinary name, and those that make Pods whose names look like others', or that the API refuses because a label or the
// hostname gets too long.
var setNames = []string{"web", "web-1", "web-web", strings.Repeat("w", 52), strings.Repeat("w", 53), strings.Repeat("w", 62)}

var worldStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a store and the API over it: the state that a history has come to. Both controllers get a fork of it.
type world struct {
	db       *store.DB
	settings *api.Settings
}

func newWorld(release api.Release) *world {
	w := &world{db: store.New(worldStart, registry.Managers), settings: &api.Settings{
		Release: release, Zone: "cluster.local", ServiceCIDR: netip.MustParsePrefix("10.96.0.0/12"), PodCIDR: netip.MustParsePrefix("10.244.0.0/16"),
		DNSAddress: netip.MustParseAddr("10.96.0.10"), NodePortFirst: 30000, NodePortLast: 32767,
	}}
	for _, object := range []api.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}},
	} {
		if err := w.create(object); err != nil {
			panic(err)
		}
	}
	return w
}

// fork is a world that goes on from here by itself.
func (w *world) fork() *world { return &world{db: w.db.Fork(), settings: w.settings} }

func (w *world) registry(tx *store.Tx) *registry.Registry {
	return &registry.Registry{Tx: tx, Settings: w.settings, Choose: kernel.NewTape(nil).Choose, Seed: 7}
}

// ask makes one request, which changes nothing when it fails.
func (w *world) ask(request func(r *registry.Registry) error) error {
	tx := w.db.Begin()
	if err := request(w.registry(tx)); err != nil {
		tx.Abort()
		return err
	}
	tx.Commit()
	return nil
}

func (w *world) create(object api.Object) error {
	return w.ask(func(r *registry.Registry) error { _, err := r.Create(object); return err })
}

func (w *world) update(object api.Object, subresource string) error {
	return w.ask(func(r *registry.Registry) error { _, err := r.Update(object, subresource); return err })
}

func (w *world) remove(kind, name string, options metav1.DeleteOptions) error {
	return w.ask(func(r *registry.Registry) error {
		_, _, err := r.Delete(api.KindNamed(kind), api.Name{Namespace: namespace, Name: name}, options)
		return err
	})
}

func (w *world) now() time.Time { return w.db.View().Meta().Now }

func (w *world) wait(duration time.Duration) {
	tx := w.db.Begin()
	tx.AdvanceTo(tx.Now().Add(duration))
	tx.Commit()
}

// fault makes the requests of a sync fail that it fits.
type fault struct {
	Verb, Kind string
	Name       string // empty fits every name
	Error      int    // see its method problem
	Once       bool   // befalls only the first of them
}

func (f fault) String() string {
	text := fmt.Sprintf("%s %s %s: %v", f.Verb, f.Kind, orAny(f.Name), f.problem("..."))
	if f.Once {
		text += " (once)"
	}
	return text
}

const (
	internalError = iota
	forbidden
	notFound
	alreadyExists
	conflict
	serverTimeout
	tooManyRequests
	invalid
	errorCount
)

func orAny(name string) string {
	if name == "" {
		return "*"
	}
	return name
}

func (f fault) problem(name string) error {
	kind := api.KindNamed(f.Kind)
	switch f.Error {
	case internalError:
		return apierrors.NewInternalError(errors.New("injected"))
	case forbidden:
		return apierrors.NewForbidden(kind.GroupResource(), name, errors.New("exceeded quota: injected"))
	case notFound:
		return apierrors.NewNotFound(kind.GroupResource(), name)
	case alreadyExists:
		return apierrors.NewAlreadyExists(kind.GroupResource(), name)
	case conflict:
		return kind.Conflict(name)
	case serverTimeout:
		return apierrors.NewServerTimeout(kind.GroupResource(), f.Verb, 2)
	case tooManyRequests:
		return apierrors.NewTooManyRequests("injected", 1)
	default:
		return apierrors.NewInvalid(kind.GroupVersionKind().GroupKind(), name, nil)
	}
}

// call is one request that a controller made, and what came of it.
type call struct {
	verb        string
	kind, name  string
	object      string // as sent; see comparable
	err         error
	batch, part int // ours only
}

// server is the API as a controller sees it during one sync: it notes the requests and makes some of them fail.
type server struct {
	sync.Mutex
	world   *world
	tx      *store.Tx
	seen    *store.View            // what the controller's cache was before this sync, when it lags behind
	written map[written]api.Object // what the sync itself has written since; nil for what is gone
	faults  []fault
	calls   []call
	events  []string
	adopts  bool // or releases: the request was a patch
}

type written struct{ kind, name string }

func (w *world) serve(faults []fault, seen *store.View) *server {
	return &server{world: w, tx: w.db.Begin(), seen: seen, written: map[written]api.Object{}, faults: slices.Clone(faults)}
}

// cache is what the controller saw before this sync.
func (s *server) cache() store.View {
	if s.seen != nil {
		return *s.seen
	}
	return s.tx.View
}

// request makes one, unless a fault befalls it. The object is taken over.
func (s *server) request(verb string, object api.Object, batch, part int, perform func(r *registry.Registry) (api.Object, error)) (api.Object, error) {
	noted := call{verb: verb, kind: api.KindOf(object).Kind, name: object.GetName(), object: s.comparable(verb, object), batch: batch, part: part}
	var answer api.Object
	s.faults = slices.DeleteFunc(s.faults, func(fault fault) (done bool) {
		if fault.Verb == noted.verb && fault.Kind == noted.kind && (fault.Name == "" || fault.Name == noted.name) && noted.err == nil {
			noted.err = fault.problem(noted.name)
			return fault.Once
		}
		return false
	})
	if noted.err == nil {
		answer, noted.err = perform(s.world.registry(s.tx))
		if noted.err == nil && s.seen != nil {
			now, _ := s.tx.Object(api.KindNamed(noted.kind), namespace, noted.name)
			s.written[written{noted.kind, noted.name}] = now
		}
	}
	s.calls = append(s.calls, noted)
	return answer, noted.err
}

func (s *server) createObject(object api.Object, batch, part int) (api.Object, error) {
	return s.request("create", object, batch, part, func(r *registry.Registry) (api.Object, error) { return r.Create(object) })
}

func (s *server) updateObject(object api.Object, subresource string, batch, part int) (api.Object, error) {
	verb := "update"
	if subresource != "" {
		verb += " " + subresource
	}
	return s.request(verb, object, batch, part, func(r *registry.Registry) (api.Object, error) { return r.Update(object, subresource) })
}

func (s *server) deleteObject(object api.Object, options metav1.DeleteOptions, batch, part int) error {
	_, err := s.request("delete", object, batch, part, func(r *registry.Registry) (api.Object, error) {
		answer, _, err := r.Delete(api.KindOf(object), api.NameOf(object), options)
		return answer, err
	})
	return err
}
