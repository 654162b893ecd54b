package oracle

import (
	"errors"
	"fmt"
	"net/netip"
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

const (
	namespace = "default"
	setName   = "web"
)

var worldStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is a store and the API over it: the state that a history has come to. Both controllers get a fork of it.
type world struct {
	db       *store.DB
	settings *api.Settings
}

func newWorld(release api.Release) *world {
	w := &world{db: store.New(worldStart), settings: &api.Settings{
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
}

func (f fault) String() string {
	return fmt.Sprintf("%s %s %s: %v", f.Verb, f.Kind, orAny(f.Name), f.problem("..."))
}

func orAny(name string) string {
	if name == "" {
		return "*"
	}
	return name
}

func (f fault) problem(name string) error {
	kind := api.KindNamed(f.Kind)
	switch f.Error {
	case 0:
		return apierrors.NewInternalError(errors.New("injected"))
	case 1:
		return apierrors.NewForbidden(kind.GroupResource(), name, errors.New("exceeded quota: injected"))
	case 2:
		return apierrors.NewNotFound(kind.GroupResource(), name)
	case 3:
		return apierrors.NewAlreadyExists(kind.GroupResource(), name)
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
	world  *world
	tx     *store.Tx
	faults []fault
	calls  []call
	events []string
}

func (w *world) serve(faults []fault) *server {
	return &server{world: w, tx: w.db.Begin(), faults: faults}
}

// request makes one, unless a fault befalls it. The object is taken over.
func (s *server) request(verb string, object api.Object, batch, part int, perform func(r *registry.Registry) (api.Object, error)) (api.Object, error) {
	noted := call{verb: verb, kind: api.KindOf(object).Kind, name: object.GetName(), object: s.comparable(verb, object), batch: batch, part: part}
	var answer api.Object
	for _, fault := range s.faults {
		if fault.Verb == noted.verb && fault.Kind == noted.kind && (fault.Name == "" || fault.Name == noted.name) {
			noted.err = fault.problem(noted.name)
		}
	}
	if noted.err == nil {
		answer, noted.err = perform(s.world.registry(s.tx))
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
