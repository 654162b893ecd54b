// Package oracle compares the simulator's StatefulSet controller with upstream's, history by history.
//
// Upstream's is the real one of k8s.io/kubernetes v1.36.3: NewDefaultStatefulSetControl with its real Pod control, status updater and history
// over a client whose other end is the simulator's own API (sim/registry). The package is a module of its own, so that the product does not
// depend on Kubernetes as a whole; it holds nothing but tests.
//
// A history is a random StatefulSet (name, policies, replicas, partition, strategy, retention, ordinals, minReadySeconds, claim templates) and up to 60
// steps: the spec is edited, Pods run, get ready and unready, fail, succeed, are deleted, terminate, lose labels and owners or are made by hand;
// claims are deleted or belong to somebody else; ControllerRevisions are lost, hidden, orphaned, or have taken names; time goes by; in a
// fifth of the syncs some requests are refused, for good or once (conflicts, timeouts, quotas and others); and in one of twenty the caches
// have not seen the last step yet. After each step both controllers look once at the same state, each in a world of its own.
// They must make the same requests in the same order with the same objects and the same status (what upstream does at the same time, the batches of
// Parallel, may be in any order), record the same events, fail or not alike, and ask to be called again at the same time.
// Upstream's cache is one that has seen all that the sync itself has written. A sync that adopts or releases Pods or revisions while
// the caches lag is not compared: upstream patches what is there now, the simulator writes what it saw and is refused.
//
//	go test ./...                                            2,000 histories, in about 60 s of processor time
//	go test ./... -oracle.n=100000 -oracle.seed=7            more, other ones; the seed of each is the one before plus 1
//	go test ./... -oracle.n=1 -oracle.seed=1234              one again
//	go test ./... -oracle.length=300 -oracle.n=200           long ones
//
// The first build compiles a good part of Kubernetes and takes minutes. A difference is shortened (steps and refusals that it does not
// need are dropped), and told as a story whose last sync is shown side by side, with the seed. No difference between the controllers is meant to be.
//
// Besides, the measured cases A to I of upstream's behaviour are told by name ("TestCase"), and what the API fills in (TestDefaults) and what kubectl get
// shows (TestColumns) are compared on random objects of all kinds.
//
// TestValidation compares what the API says of requests: the valid objects of testdata/valid.yaml are changed here and there, to values that make a
// difference somewhere, and created, or written over what they were, or over their status or another subresource. Upstream's side are the
// strategies of its registry. Type, field and text of all that is found wrong are the same. What the simulator leaves unseen is a row of
// the table "intended", with its reason.
//
//	go test . -run TestValidation -oracle.requests=2000 -oracle.seed=7      more of them, other ones
//	go test . -run TestValidation/StatefulSet -oracle.differences=50        many differences at once, each kind of them once
//
// How much of upstream's controller the histories reach:
//
//	go test . -coverpkg=k8s.io/kubernetes/pkg/controller/statefulset -coverprofile=c.out && go tool cover -func=c.out
//
// At least 90 % of the statements of stateful_set_control.go and stateful_pod_control.go are reached; what is not are errors of caches, which a
// lister does not give.
package oracle
