package registry

import (
	"encoding/binary"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/store"
)

// Registry answers requests inside one transaction. It neither commits nor aborts.
type Registry struct {
	Tx       *store.Tx
	Settings *api.Settings
	Choose   func(label string, n int) int
	Seed     uint64 // makes the uids of one world differ from another's
	Manager  string // the component that makes the requests; empty: somebody outside, and the objects say who
}

// Get finds an object, or says NotFound.
func (r *Registry) Get(kind *api.Kind, name api.Name) (api.Object, error) {
	object, found := r.Tx.Object(kind, name.Namespace, name.Name)
	if !found {
		return nil, kind.NotFound(name.Name)
	}
	return object, nil
}

// NewUID makes a uid in the form of a random (version 4) UUID that repeats with the seed.
func (r *Registry) NewUID() api.UID { return store.FormatUID(r.NewRawUID()) }

// NewRawUID is NewUID as the 16 bytes that the digits stand for.
func (r *Registry) NewRawUID() (raw [16]byte) {
	number := r.Tx.Identity()
	high := kernel.Mix(kernel.Mix(r.Seed) ^ number)
	low := kernel.Mix(high + 0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(raw[:8], high&^0xf000|0x4000)
	binary.BigEndian.PutUint64(raw[8:], low&^(3<<62)|1<<63)
	return raw
}

// nameSuffix is the random end of a generated name: five of upstream's 27 letters and digits that spell no words.
func (r *Registry) nameSuffix() string {
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	bits := kernel.Mix(kernel.Mix(r.Seed+1) ^ r.Tx.Identity())
	suffix := make([]byte, 5)
	for i := range suffix {
		suffix[i] = alphabet[bits%uint64(len(alphabet))]
		bits /= uint64(len(alphabet))
	}
	return string(suffix)
}

func (r *Registry) timestamp() metav1.Time { return api.Timestamp(r.Tx.Now()) }

func (r *Registry) timestampIn(seconds int64) metav1.Time {
	return api.Timestamp(r.Tx.Now().Add(time.Duration(seconds) * time.Second))
}
