// Package property reads promises that people write themselves, as expressions over the objects of a cluster, and says whether they hold:
//
//	p, err := property.Parse("quorum: count(ready(web)) >= 2")
//	...
//	err = p.Holds(cluster.View()) // nil, or: count(ready(web)) is 1, ready(web) is [web-0]
//
// # The language
//
// An expression is written as in Go, and is true or false. A name may stand before it ("quorum: ...") and a namespace behind it
// ("... in ns-statefulset"; otherwise it is default).
//
//	pods, statefulsets, nodes, pvc           all objects of a kind, by any of the kind's names
//	statefulset("web"), pod(web-0)           one object; a name needs quotes only where Go would not read it
//	pods(web), ready(web)                    the Pods of what is called web; those of them that are Running and Ready
//	running(web), terminating(web)           those whose phase is Running; those that are being deleted
//	pods(sts/web), pods(svc/web)             the same where several kinds have the name; the Pods a Service selects
//	pods("app=web"), pvc("app=web")          objects by a label selector
//	exists(pvc/www-web-0)                    whether there is an object
//	statefulset("web").status.readyReplicas  a field, by its name in a manifest; also ["key"] of a map and [0] of a list
//	count(LIST), count(LIST, CONDITION)      how many there are, or for how many the condition holds
//	all(LIST, CONDITION), any(LIST, ...)     whether it holds for all, or for one
//	where(LIST, CONDITION)                   those for which it holds
//	distinct(LIST, VALUE)                    the different values there are
//	contains(LIST, VALUE)                    whether a list has a value, or a text a part
//	file(POD, "/data/copy")                  what a file holds in the Pod's first container, on a volume or not; nil when it is not there
//	it                                       the element that a CONDITION or VALUE is about: all(pods(web), it.spec.nodeName != "")
//	== != < <= > >= && || ! + - * / %        as in Go; numbers are whole, and + also joins texts
//	nil                                      what a field that is not set is equal to
//
// Quantities are compared by their size (spec.resources.requests.storage >= "1Gi"), times as texts. What is compared must be of one sort, and
// fields must exist: Parse knows the kinds, and says where and what. A question about an object that is not there does not hold.
//
// # Bounds
//
// A property has at most [MaxLength] bytes, and looks at most at [MaxLooks] objects and elements each time it is asked.
package property
