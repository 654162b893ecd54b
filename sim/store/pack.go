package store

import (
	"encoding/hex"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

// pack gives the form in which an object is kept: Events that have nothing but what control loops write are packed, everything else stays what it is.
func pack(object api.Object, key string) api.Object {
	event, is := object.(*corev1.Event)
	if !is {
		return object
	}
	about := &event.InvolvedObject
	packed := &packedEvent{Event: Event{
		Namespace: key[:len(event.Namespace)], Name: key[len(event.Namespace)+1:],
		Kind: api.KindNamed(about.Kind), Subject: about.Name, SubjectUID: about.UID, FieldPath: about.FieldPath,
		Reason: event.Reason, Message: event.Message, Component: event.Source.Component, Host: event.Source.Host,
		First: event.FirstTimestamp.Unix(), Last: event.LastTimestamp.Unix(), Count: event.Count,
		Warning: event.Type == corev1.EventTypeWarning, Cluster: about.Namespace == "",
	}}
	var fits [3]bool
	packed.UID, fits[0] = packUID(event.UID)
	packed.revision, fits[1] = packRevision(event.ResourceVersion)
	packed.SubjectRevision, fits[2] = packRevision(about.ResourceVersion)
	if fits != [3]bool{true, true, true} || packed.Kind == nil || about.APIVersion != groupVersion(packed.Kind) || !plainEvent(event) {
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

// unpackAll gives changes with the objects that are kept: the list itself when they are all there.
func unpackAll(changes []Change) []Change {
	for i, change := range changes {
		if isPacked(change.Old) || isPacked(change.New) {
			unpacked := append(make([]Change, 0, len(changes)), changes[:i]...)
			for _, change := range changes[i:] {
				change.Old, change.New = unpack(change.Old), unpack(change.New)
				unpacked = append(unpacked, change)
			}
			return unpacked
		}
	}
	return changes
}

func isPacked(object api.Object) bool {
	_, is := object.(*packedEvent)
	return is
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
			Namespace: packed.Namespace, Name: packed.Name, UID: FormatUID(packed.UID),
			ResourceVersion: unpackRevision(packed.revision), CreationTimestamp: unpackTime(packed.First),
		},
		InvolvedObject: corev1.ObjectReference{
			APIVersion: groupVersion(packed.Kind), Kind: packed.Kind.Kind, Namespace: packed.Namespace, Name: packed.Subject,
			UID: packed.SubjectUID, ResourceVersion: unpackRevision(packed.SubjectRevision), FieldPath: packed.FieldPath,
		},
		Type: corev1.EventTypeNormal, Reason: packed.Reason, Message: packed.Message, Count: packed.Count,
		Source:         corev1.EventSource{Component: packed.Component, Host: packed.Host},
		FirstTimestamp: unpackTime(packed.First), LastTimestamp: unpackTime(packed.Last),
		ReportingController: packed.Component, ReportingInstance: packed.Host,
	}
	if packed.Warning {
		event.Type = corev1.EventTypeWarning
	}
	if packed.Cluster {
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

// FormatUID writes a uid in the usual form, 36 letters long.
func FormatUID(raw [16]byte) api.UID { return api.UID(formatUID(make([]byte, 0, 36), raw)) }

func formatUID(text []byte, raw [16]byte) []byte {
	for i, part := range [][]byte{raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return text
}
