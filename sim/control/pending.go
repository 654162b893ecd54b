package control

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// A loop has no memory, but it may know since when something is pending: the key NAME/UID/START of a Pod says since when. While the loop asks to be called
// for it again, the pending event is what upstream keeps in a timer.

// startKey is the key of something that begins now.
func startKey(view store.View, pod *corev1.Pod) Key {
	return partKey(pod, fmt.Sprint(view.Meta().Now.UnixNano()))
}

// parseStart takes such a key apart; ok is false for other keys.
func parseStart(key Key) (name string, uid api.UID, start time.Time, ok bool) {
	parts := strings.Split(key.Name, "/")
	if len(parts) != 3 {
		return "", "", time.Time{}, false
	}
	nanos, err := strconv.ParseInt(parts[2], 10, 64)
	return parts[0], api.UID(parts[1]), time.Unix(0, nanos).UTC(), err == nil
}

// pendingStarts are the keys of this form that a loop is to be called for, by the key of the Pod's part without the start. It goes through all that is
// pending: not for what happens often.
func pendingStarts(view store.View, loop string) map[Key][]Key {
	found := map[Key][]Key{}
	for event := range view.Events() {
		if event.Kind != loop {
			continue
		}
		namespace, name, _ := strings.Cut(event.Key, "/")
		key := Key{Namespace: namespace, Name: name}
		if pod, uid, _, ok := parseStart(key); ok {
			part := Key{Namespace: namespace, Name: pod + "/" + string(uid)}
			found[part] = append(found[part], key)
		}
	}
	return found
}
