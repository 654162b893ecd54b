// Package clients lets programs that nobody here wrote, or libraries that such programs are made of, work on a served cluster.
//
//   - Upstream's StatefulSet controller, queue and informers included, in the place of the simulator's ("stsim serve --without statefulset").
//
//   - A small operator on controller-runtime; the same in the process of the test, without a port (inprocess_test.go).
//
//   - helm, and kubectls of other releases, which are built from their modules when the tests are told to ("-clients.install"); what they print is in testdata.
//
//     go test ./clients                                                          the libraries
//     go test ./clients -clients.install                                         the programs too; the first build takes minutes
//     go test ./clients -run Kubectls -clients.install -clients.kubectl=0.28.15,0.30.14,0.35.10    more releases, which print the same
package clients
