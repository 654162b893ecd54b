// Package served starts the product as a person does: it builds the stsim of this checkout, runs "stsim serve", and stops it when the test ends.
//
//	cluster := served.Start(t, "--pace", "2x")
//	cluster.Config(t)                        for client-go
//	cluster.Kubeconfig                       for programs
//	cluster.Kubectl(t)                       a program named kubectl, the embedded one
//
// The tests of the packages beside this one use it; nothing here is part of the product.
package served
