package apiserver

import (
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// The bounds of what is kept: bytes of written objects, and how many, since each keeps its object as well.
const (
	maxEncodings = 16 << 20
	maxKnown     = 2048
)

// encodings remembers how stored objects are written, so that ten watchers of one change cost little more than one. A stored
// object never changes, so its address stands for it; keeping it as a key keeps the address from being used again.
type encodings struct {
	mu    sync.Mutex
	known map[encodingKey][]byte
	size  int
}

type encodingKey struct {
	object   api.Object
	revision uint64 // that it is shown with; 0 for its own
	version  schema.GroupVersion
	how      media
}

func newEncodings() *encodings { return &encodings{known: map[encodingKey][]byte{}} }

// encoded is the object of a change as the client wants it written. The view is one in which the change has happened.
func (r *request) encoded(one change, view store.View) ([]byte, error) {
	e, version, how := r.server.encoded, r.version, r.media
	key := encodingKey{one.object, one.revision, version, how}
	e.mu.Lock()
	data, found := e.known[key]
	e.mu.Unlock()
	if found {
		return data, nil
	}
	presented, err := present(r.shown(view, one.shown()), version)
	if err != nil {
		return nil, err
	}
	if data, err = encode(presented, how); err != nil {
		return nil, err
	}
	e.keep(key, data)
	return data, nil
}

// keep forgets everything when there is too much: what is asked for again is written again.
func (e *encodings) keep(key encodingKey, data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.size += len(data); e.size > maxEncodings || len(e.known) >= maxKnown {
		e.known, e.size = map[encodingKey][]byte{}, len(data)
	}
	e.known[key] = data
}
