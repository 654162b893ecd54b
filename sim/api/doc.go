// Package api knows the kinds of objects of a Kubernetes cluster, and nothing of any one cluster.
//
// The heart is the table of kinds (Kinds, KindOf, KindNamed, KindForResource). One row holds everything the
// simulator knows about a kind: names and verbs as discovery lists them, how absent fields are defaulted,
// what a client may set at create and at update, what is valid, and how kubectl get prints it. Every row is
// a value of functions that are pure: they read no clock, no randomness and no state but their arguments.
//
// A request to write an object goes through the row in this order, as in the API server:
//
//	Decode            text to typed objects in the stored version, refusing unknown fields
//	Default           fills in what was left out
//	PrepareForCreate  or PrepareForUpdate: drops what the client may not set, bumps the generation
//	AdmitPod          for new Pods only: service account, its token volume, tolerations
//	Validate          or ValidateUpdate: errors in upstream's words, which Invalid turns into a Status
//
// The committer then sets uid, creationTimestamp and resourceVersion; this package never does.
//
// # Versions
//
// A Release ("1.9", "1.36") says which groups and versions are served, which feature gates are on, and which
// texts differ. Objects are kept in one stored version each; ToStored and FromStored convert at the door.
//
// # Revisions
//
// NewStatefulSetRevision and its companions give a ControllerRevision the same bytes and the same hash as
// upstream does, so that the name of a revision, and a Pod's label controller-revision-hash, are those that
// a real cluster shows for the same template.
//
// Upstream's sources, named in the comments, are those of Kubernetes v1.36.3. Message texts are upstream's.
package api
