package sim

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/registry"
)

// Apply creates the objects of a manifest (YAML or JSON, any number of documents), or replaces those that are there.
// Objects without a namespace go to "default". It is made whole or not at all.
func (c *Cluster) Apply(manifest []byte) error {
	objects, err := api.Decode(manifest, c.settings.Release)
	if err != nil {
		return err
	}
	_, err = c.take(Input{Do: DoApply, Objects: objects}, false)
	return err
}

func applyOne(r *registry.Registry, object api.Object) error {
	kind := api.KindOf(object)
	if kind.Namespaced && object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	var err error
	if _, found := r.Tx.Object(kind, object.GetNamespace(), object.GetName()); found {
		_, err = r.Update(object, "")
	} else {
		_, err = r.Create(object)
	}
	return err
}

// DeleteObject deletes an object with the defaults of its kind.
func (c *Cluster) DeleteObject(kind, namespace, name string) error {
	row := api.KindNamed(kind)
	if row == nil {
		return fmt.Errorf("no kind is named %q (hint: kinds are written as in manifests, e.g. StatefulSet)", kind)
	}
	_, _, err := c.Delete(row, api.Name{Namespace: namespace, Name: name}, metav1.DeleteOptions{})
	return err
}
