package control

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// rootCertificate is the ConfigMap that upstream's root CA publisher puts into every namespace. The certificate itself is
// that of whoever serves the API; inside the simulation nobody reads it.
const (
	rootCertificateName = "kube-root-ca.crt"
	rootCertificateText = "-----BEGIN CERTIFICATE-----\nsimulated\n-----END CERTIFICATE-----\n"
	rootCertificateNote = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)

// namespaceLoop gives every namespace its default ServiceAccount and root certificate, and empties those that are being
// deleted (upstream: pkg/controller/namespace, pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher).
func namespaceLoop() Loop {
	return Loop{Name: "namespace", Wakes: wakeNamespace, Sync: syncNamespace}
}

func wakeNamespace(view store.View, change store.Change, wake func(Key)) {
	object := change.Object()
	if change.Kind.Kind == "Namespace" {
		wake(Key{Name: object.GetName()})
		return
	}
	certificate := change.Kind.Kind == "ConfigMap" && object.GetName() == rootCertificateName
	if object.GetNamespace() == "" || change.New != nil && !certificate {
		return
	}
	// Something in a namespace is gone, or the certificate is changed. It matters where the namespace shall be empty, or shall have it again.
	switch namespace, found := store.Get[*corev1.Namespace](view, "", object.GetNamespace()); {
	case !found:
	case namespace.DeletionTimestamp != nil, change.Kind.Kind == "ServiceAccount", change.Kind.Kind == "ConfigMap":
		wake(Key{Name: namespace.Name})
	}
}

func syncNamespace(in Input) Plan {
	namespace, found := store.Get[*corev1.Namespace](in.View, "", in.Key.Name)
	switch {
	case !found:
		return Plan{}
	case namespace.DeletionTimestamp != nil:
		return emptyNamespace(in, namespace)
	}
	var plan Plan
	if _, found := store.Get[*corev1.ServiceAccount](in.View, namespace.Name, "default"); !found {
		plan.Writes = append(plan.Writes, Write{Verb: Create, Tolerate: []string{"AlreadyExists"},
			Object: &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "default"}}})
	}
	wanted := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: rootCertificateName,
			Annotations: map[string]string{"kubernetes.io/description": rootCertificateNote}},
		Data: map[string]string{"ca.crt": rootCertificateText},
	}
	switch current, found := store.Get[*corev1.ConfigMap](in.View, namespace.Name, rootCertificateName); {
	case !found:
		plan.Writes = append(plan.Writes, Write{Verb: Create, Tolerate: []string{"AlreadyExists"}, Object: wanted})
	case !maps.Equal(current.Data, wanted.Data) || current.Annotations["kubernetes.io/description"] == "":
		restored := current.DeepCopy()
		restored.Data, restored.Annotations = wanted.Data, wanted.Annotations
		plan.Writes = append(plan.Writes, Write{Verb: Update, Object: restored})
	}
	return plan
}

// emptyNamespace deletes what is in a namespace, the Pods first, and lets the namespace go when nothing is left.
func emptyNamespace(in Input, namespace *corev1.Namespace) Plan {
	var plan Plan
	left := 0
	remove := func(kind *api.Kind) {
		for object := range in.View.Objects(kind, namespace.Name) {
			left++
			if object.GetDeletionTimestamp() == nil {
				plan.Writes = append(plan.Writes, Write{Verb: Delete, Object: object, Tolerate: []string{"NotFound"},
					DeleteOptions: &DeleteOptions{Propagation: metav1.DeletePropagationBackground}})
			}
		}
	}
	remove(api.KindNamed("Pod"))
	if left > 0 {
		return plan
	}
	for _, kind := range api.Kinds() {
		if kind.Namespaced {
			remove(kind)
		}
	}
	if left > 0 {
		return plan
	}
	empty := namespace.DeepCopy()
	empty.Spec.Finalizers = nil
	plan.Writes = append(plan.Writes, Write{Verb: Finalize, Object: empty})
	return plan
}
