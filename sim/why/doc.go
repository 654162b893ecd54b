// Package why says what holds an object up right now.
//
// A cluster tells in many places why something does not happen: in a status, in an event, in a log at a level that nobody reads, or not at
// all. [Why] looks where a person who knows Kubernetes well would look, and gives what such a person would say, most immediate first:
//
//	StatefulSet default/web waits for Pod web-0 to be Running and Ready
//	  must change: Pod default/web-0
//	  upstream:    log "StatefulSet is waiting for Pod to be Running and Ready" (pkg/controller/statefulset/stateful_set_control.go)
//	  to free it:  kubectl describe pod web-0
//
// followed by what holds that Pod. An [Answer] is about the object asked for or about one that it waits for; the last ones of a chain are the
// causes. An object that nothing holds gets one Answer, which says so and has no object that must change.
//
// Why is a pure function of what is in the cluster: it repeats the decisions of the control loops without making them, in the order in which
// they come to them:
//
//	statefulset.go  what the StatefulSet controller waits for
//	rollout.go      which Pods a rollout leaves alone, and why
//	service.go      Services, and what a StatefulSet needs of its own
//	pod.go          a Pod on its way: node, volumes, deletion
//	fault.go        what somebody made go wrong on purpose
//	container.go    its containers: images, crashes, probes
//	claim.go        claims and their volumes
//	attach.go       volumes that another node has
//	volume.go       volumes without a claim
//	missing.go      what is named and is not there
//	near.go         what may have been meant by a name
//	namespace.go    namespaces that are being deleted
//	node.go         nodes
//	budget.go       disruption budgets
//	name.go         names in DNS, as a Pod asks for them
package why
