package store

import (
	"encoding/hex"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// packedEvent is how an Event of a control loop is kept. There are ten of them for every Pod, for good, and hardly any is ever read: as API objects they would
// be a third of all that a large cluster takes. One is made into an object again, a new one each time, when somebody looks at it. It is an api.Object only
// in name (its methods are not to be called), and does not leave this package.
type packedEvent struct {
	api.Object
	namespace, name  string
	uid              [16]byte
	revision         uint64
	kind             *api.Kind // of what it is about; the next four are its as well
	subject          string
	subjectUID       api.UID
	subjectRevision  uint64 // 0 for none
	fieldPath        string
	reason, message  string
	component, host  string
	first, last      int64 // Unix seconds
	count            int32
	warning, cluster bool // its type; whether what it is about is in no namespace
}

// pack gives the form in which an object is kept: Events that have nothing but what control loops write are packed, everything else stays what it is.
func pack(object api.Object, key string) api.Object {
	event, is := object.(*corev1.Event)
	if !is {
		return object
	}
	about := &event.InvolvedObject
	packed := &packedEvent{
		namespace: key[:len(event.Namespace)], name: key[len(event.Namespace)+1:],
		kind: api.KindNamed(about.Kind), subject: about.Name, subjectUID: about.UID, fieldPath: about.FieldPath,
		reason: event.Reason, message: event.Message, component: event.Source.Component, host: event.Source.Host,
		first: event.FirstTimestamp.Unix(), last: event.LastTimestamp.Unix(), count: event.Count,
		warning: event.Type == corev1.EventTypeWarning, cluster: about.Namespace == "",
	}
	var fits [3]bool
	packed.uid, fits[0] = packUID(event.UID)
	packed.revision, fits[1] = packRevision(event.ResourceVersion)
	packed.subjectRevision, fits[2] = packRevision(about.ResourceVersion)
	if fits != [3]bool{true, true, true} || packed.kind == nil || about.APIVersion != groupVersion(packed.kind) || !plainEvent(event) {
		return object
	}
	return packed
}

// plainEvent says whether an Event has only the fields that a packed one has.
func plainEvent(event *corev1.Event) bool {
	meta, about := &event.ObjectMeta, &event.InvolvedObject
	return event.TypeMeta == metav1.TypeMeta{APIVersion: "v1", Kind: "Event"} &&
		meta.GenerateName == "" && meta.SelfLink == "" && meta.Generation == 0 && meta.DeletionTimestamp == nil && meta.DeletionGracePeriodSeconds == nil &&
		meta.Labels == nil && meta.Annotations == nil && meta.OwnerReferences == nil && meta.Finalizers == nil && meta.ManagedFields == nil &&
		(event.Type == corev1.EventTypeNormal || event.Type == corev1.EventTypeWarning) && (about.Namespace == "" || about.Namespace == meta.Namespace) &&
		meta.CreationTimestamp == event.FirstTimestamp && event.FirstTimestamp == unpackTime(event.FirstTimestamp.Unix()) &&
		event.LastTimestamp == unpackTime(event.LastTimestamp.Unix()) && event.EventTime == metav1.MicroTime{} && event.Series == nil && event.Action == "" && event.Related == nil &&
		event.ReportingController == event.Source.Component && event.ReportingInstance == event.Source.Host
}

// unpack gives the object that is kept.
func unpack(object api.Object) api.Object {
	packed, is := object.(*packedEvent)
	if !is {
		return object
	}
	event := &corev1.Event{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Event"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: packed.namespace, Name: packed.name, UID: unpackUID(packed.uid),
			ResourceVersion: unpackRevision(packed.revision), CreationTimestamp: unpackTime(packed.first),
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: groupVersion(packed.kind), Kind: packed.kind.Kind, Namespace: packed.namespace, Name: packed.subject,
			UID: packed.subjectUID, ResourceVersion: unpackRevision(packed.subjectRevision), FieldPath: packed.fieldPath,
		},
		Type: corev1.EventTypeNormal, Reason: packed.reason, Message: packed.message, Count: packed.count,
		Source:         corev1.EventSource{Component: packed.component, Host: packed.host},
		FirstTimestamp: unpackTime(packed.first), LastTimestamp: unpackTime(packed.last),
		ReportingController: packed.component, ReportingInstance: packed.host,
	}
	if packed.warning {
		event.Type = corev1.EventTypeWarning
	}
	if packed.cluster {
		event.InvolvedObject.Namespace = ""
	}
	return event
}

func unpackTime(seconds int64) metav1.Time { return metav1.Time{Time: time.Unix(seconds, 0).UTC()} }

func groupVersion(kind *api.Kind) string {
	if kind.Group == "" {
		return kind.Version
	}
	return kind.Group + "/" + kind.Version
}

// packRevision makes a number of a resource version, 0 of none, and says whether it can.
func packRevision(version string) (uint64, bool) {
	number, err := strconv.ParseUint(version, 10, 64)
	return number, version == "" || err == nil && version[0] != '0'
}

func unpackRevision(number uint64) string {
	if number == 0 {
		return ""
	}
	return strconv.FormatUint(number, 10)
}

// packUID makes 16 bytes of a uid in the usual form, and says whether it has that form.
func packUID(uid api.UID) (raw [16]byte, fits bool) {
	if len(uid) != 36 {
		return raw, false
	}
	digits := make([]byte, 0, 32)
	for _, part := range []api.UID{uid[:8], uid[9:13], uid[14:18], uid[19:23], uid[24:]} {
		digits = append(digits, part...)
	}
	if _, err := hex.Decode(raw[:], digits); err != nil {
		return raw, false
	}
	return raw, string(formatUID(make([]byte, 0, 36), raw)) == string(uid)
}

func unpackUID(raw [16]byte) api.UID { return api.UID(formatUID(make([]byte, 0, 36), raw)) }

func formatUID(text []byte, raw [16]byte) []byte {
	for i, part := range [][]byte{raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return text
}
