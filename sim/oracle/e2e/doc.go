// Package e2e runs upstream's own end-to-end specs for StatefulSets, those of k8s.io/kubernetes/test/e2e/apps at v1.36.3, against "stsim serve".
//
//	go test ./e2e                                      all of them that are no clustered applications, all at once, in about 90 s
//	go test ./e2e -run TestStatefulSet/Scaling -v      those whose names hold a word, with what they say
//	go test ./e2e -e2e.pace=1x -e2e.procs=8            at another pace of virtual time, fewer at once
//	go test ./e2e -args -e2e.suite --list-tests        upstream's test binary itself, with its own flags
//
// The first build takes about four minutes of a processor: the specs' framework is a good part of Kubernetes. The test binary is two programs. Without
// -e2e.suite it is the runner: it builds and serves stsim, and starts itself once for each spec with -e2e.suite, which makes it upstream's
// test binary. A spec spends its time waiting by the wall clock (most polls of the framework are ten seconds apart), so all of them run at once.
//
// Three clusters are served. Specs that upstream calls Serial, because they do something to nodes, have one of their own; those of features that are off by
// default have one with the feature gates that they name. Everything else shares one, as in a real cluster.
//
// At which pace do the specs make sense? They measure with the wall clock and expect a real cluster: one of them looks after five seconds whether a set with
// minReadySeconds 30 has no available Pod yet. At up to 5x that holds on a quiet machine.
package e2e
