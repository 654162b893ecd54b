// Package apiserver serves the Kubernetes HTTP API of a simulated cluster.
//
// [New] gives an http.Handler that any Kubernetes client can talk to: a kubectl over a port, or client-go in the same process
// without one ([RESTConfig], [Dialer]). The package keeps no state of the cluster: a request is decoded, takes one turn
// with the cluster ([door.Door.Do]), and is answered from what the turn gave it.
//
//	route.go, server.go                                    which kind, object and verb a path means; what happens to errors and panics
//	negotiate.go, codec.go                                 media types and forms (object, Table, metadata) of an answer; JSON, YAML, protobuf
//	get.go, list.go, watch.go                              the reads; watches are served from the cluster's change log
//	create.go, update.go, delete.go                        the writes
//	patch.go, apply.go                                     what a PATCH does to an object; apply.go is server-side apply
//	managed.go                                             who set which field (metadata.managedFields)
//	subresource.go, scale.go, token.go, access.go          what is a request rather than an object
//	log.go, exec.go, session.go, portforward.go, proxy.go  streams to and from containers
//	discovery.go, openapi.go, swagger.go                   what the release serves, and the schemas of it
//	client.go                                              clients in the same process
//
// Time is virtual throughout: ages in tables, timeoutSeconds of a watch, time stamps of managed fields. Clients that wait (a
// watch, an exec, a followed log) wait with [door.Door.Wait], which is when virtual time passes.
//
// Managed fields are those of every write, by clients and by the components that the control loops are parts of. They are worked out for answers that show
// them: objects, lists and metadata, but not the rows of Tables, which no client shows them from. The last state of a deleted object may name fewer managers than it had.
//
// What is simulated of the API is what the table of kinds (package api) holds, in the versions that the simulated release
// serves. There is no authentication, and everybody may do everything. Not served: custom resources, admission webhooks, CBOR,
// and watches over WebSocket.
package apiserver
