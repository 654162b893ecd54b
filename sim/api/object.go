package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
)

// Object is one API object of any kind. Objects that were committed to a store are immutable: whoever
// wants to change one works on a DeepCopy.
type Object interface {
	metav1.Object
	runtime.Object
}

// Name says which object of a kind is meant. Namespace is empty for cluster-scoped kinds.
type Name struct{ Namespace, Name string }

// NameOf is the name of an object.
func NameOf(object metav1.Object) Name {
	return Name{Namespace: object.GetNamespace(), Name: object.GetName()}
}

// String prints namespace/name, or the name alone for a cluster-scoped object.
func (n Name) String() string {
	if n.Namespace == "" {
		return n.Name
	}
	return n.Namespace + "/" + n.Name
}

// Copy is a typed DeepCopy.
func Copy[T Object](object T) T { return object.DeepCopyObject().(T) }

// UID is a shorthand for the type that identifies an object for ever.
type UID = types.UID
