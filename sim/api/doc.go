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
//	AdmitPod          for new Pods: priority, service account and its token, tolerations; AdmitClaim for new claims
//	PrepareForCreate  or PrepareForUpdate: drops what the client may not set, counts the generation
//	Validate          or ValidateUpdate: errors in upstream's words, which Kind.Invalid turns into a Status
//
// The methods of Release with the same names do the same by the rules and feature gates of that release.
// The committer then sets uid, creationTimestamp and resourceVersion; this package never does.
//
// Of a Job the uid is set before PrepareForCreate, which makes the selector from it. Objects are changed in place
// and may come to share parts with the old object, which like every committed object is never changed.
//
// # Versions
//
// A Release ("1.9", "1.36") says which groups and versions are served, which feature gates are on, and which
// texts differ. Objects are kept in one stored version each; ToStored and FromStored convert at the door.
//
// # Revisions
//
// NewRevision and its companions give a ControllerRevision the same bytes and the same hash as
// upstream does, so that the name of a revision, and a Pod's label controller-revision-hash, are those that
// a real cluster shows for the same template.
//
// # What is not simulated
//
// Validation leaves Windows options, SELinux, sysctls, certificate projections and the insides of volume plugins
// that Kubernetes has removed unseen. Autoscalers, ingresses, network policies and cron jobs are kept and printed
// but do nothing. Kinds outside the table, custom resources among them, are refused by Decode with a hint.
//
// Upstream's sources, named in the comments, are those of Kubernetes v1.36.3. Message texts are upstream's.
package api
