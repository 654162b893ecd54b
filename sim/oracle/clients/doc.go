// Package clients lets programs that nobody here wrote, or libraries that such programs are made of, work on a served cluster.
//
//   - Upstream's StatefulSet controller, queue and informers included, in the place of the simulator's ("stsim serve --without statefulset").
//   - A small operator on controller-runtime.
package clients
