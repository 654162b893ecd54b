package why

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
)

const namespaceDeleter = "pkg/controller/namespace/deletion/namespaced_resources_deleter.go"

// namespace is about a namespace that is being deleted and is not gone: something in it has a finalizer, or takes its time.
func (a *asker) namespace(namespace *corev1.Namespace) {
	if namespace.DeletionTimestamp == nil {
		return
	}
	var left []api.Object
	for _, kind := range api.Kinds() {
		if !kind.Namespaced || kind.Kind == "Event" {
			continue
		}
		for object := range a.view.Objects(kind, namespace.Name) {
			if object.GetDeletionTimestamp() != nil {
				left = append(left, object)
			}
		}
	}
	if len(left) == 0 {
		a.finalizers(namespace, namespace.Finalizers)
		return
	}
	var names []string
	for _, object := range left {
		names = append(names, api.KindOf(object).Kind+" "+object.GetName())
	}
	a.say(fmt.Sprintf("%s is being deleted, nothing can be created in it any more, and it is gone when the last object in it is: %s", of(namespace), list(names)), of(left[0]),
		fmt.Sprintf("Some content in the namespace has finalizers remaining, or resources are remaining (%s)", namespaceDeleter), "")
	for _, object := range left {
		a.about(api.KindOf(object), object.GetNamespace(), object.GetName())
	}
}

// doomed says of an object that is fine in itself that its namespace goes.
func (a *asker) doomed(object api.Object) {
	namespace, found := a.view.Object(api.KindNamed("Namespace"), "", object.GetNamespace())
	if found && namespace.GetDeletionTimestamp() != nil && object.GetDeletionTimestamp() == nil {
		a.say(fmt.Sprintf("the namespace of %s is being deleted: everything in it goes, and nothing new can be made", of(object)), of(namespace),
			fmt.Sprintf("unable to create new content in namespace %s because it is being terminated (plugin/pkg/admission/namespace/lifecycle/admission.go)", namespace.GetName()), "")
	}
}
