// Package compare says in words how two instants of a cluster differ.
//
// [Changes] is for a person who has just done something, and wants to know what came of it:
//
//	StatefulSet web: replicas 3 -> 5, ready 3 of 3 -> 5 of 5
//	Pods web-3, web-4: created, Running, Ready
//	PersistentVolumeClaims www-web-3, www-web-4: created, Bound
//	Names web-3.nginx.default.svc.cluster.local, web-4.nginx.default.svc.cluster.local: in DNS now
//
// [Differences] judges. It has two clusters that went apart, and says what one still lacks to be as the other: the objects that people have
// asked for, the state that came of them, names in DNS and files in volumes. What differs from run to run does not count: identities, times,
// versions, addresses, machines, and the names that the cluster makes up.
//
// Both are pure functions of what is in the cluster:
//
//	kinds.go        what is told of objects, and of which
//	fields.go       an object as paths and values
//	names.go        what DNS answers
//	files.go        what is in volumes
//	changes.go      the first question
//	differences.go  the second
//	lines.go        setting the answer
package compare
