// Package registry is what an API server does with a request between decoding it and the database: names, namespaces,
// admission, defaults, validation, optimistic locking, finalizers and graceful deletion.
//
// A [Registry] works inside one transaction of the store. Everybody goes through it, a person's kubectl as well as the control
// loops, so there is one place where an object is accepted or refused, and the errors are upstream's metav1.Status errors.
//
//	create.go    POST: generated names, admission, defaults, validation, uid
//	update.go    PUT and what a PATCH comes down to: locking, what a subresource may change, the end of finalizers
//	delete.go    DELETE: preconditions, propagation, grace periods
//	admission.go what upstream's admission plug-ins add to an object
//	service.go   addresses and node ports of Services
//	scale.go, binding.go, eviction.go  the subresources that are objects of their own
package registry
