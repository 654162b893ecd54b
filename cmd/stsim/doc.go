// Command stsim is a local, offline simulator of Kubernetes StatefulSet semantics.
//
// Start with "stsim run nginx", which plays a tutorial on a simulated cluster and verifies every output. Each command of the
// tool is one file of this package.
package main
