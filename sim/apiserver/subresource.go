package apiserver

import (
	"net/http"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	policyv1beta1 "k8s.io/api/policy/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/stsim/stsim/sim"
)

// serveSubresource answers a request for what lies below an object.
func (r *request) serveSubresource() error {
	known, _ := r.kind.Subresource(r.subresource)
	verb := r.verb()
	if verb == "post" {
		verb = "create"
	}
	if !contains(known.Verbs, verb) {
		return apierrors.NewMethodNotSupported(r.kind.GroupResource(), verb)
	}
	switch r.subresource { // streams and proxied answers have media types of their own
	case "log":
		return r.log()
	case "exec":
		return r.exec()
	case "attach":
		return r.attach()
	case "portforward":
		return r.portForward()
	case "proxy":
		return r.proxy()
	}
	if err := r.negotiate(); err != nil {
		return err
	}
	switch r.subresource {
	case "status", "finalize":
		return r.serveObject(verb)
	case "scale":
		return r.serveScale(verb)
	case "binding":
		return r.bind()
	case "eviction":
		return r.evict()
	case "token":
		return r.createToken()
	case "ephemeralcontainers":
		return notSimulated("adding ephemeral containers to a Pod (kubectl debug)", "use kubectl exec, the containers have a shell")
	case "resize":
		return notSimulated("resizing the containers of a running Pod", "change the Pod template, and let the Pod be replaced")
	}
	return notSimulated(r.kind.Resource+"/"+r.subresource, "use the resource itself")
}

// serveObject answers for a subresource that is the object itself, of which a write changes only a part.
func (r *request) serveObject(verb string) error {
	switch verb {
	case "get":
		return r.get()
	case "update":
		return r.update()
	}
	return r.patch()
}

// bind answers what a scheduler asks for: the Pod goes to a node.
func (r *request) bind() error {
	options, err := r.writeOptions("CreateOptions", "")
	if err != nil {
		return err
	}
	decoded, err := r.decode(corev1.SchemeGroupVersion.WithKind("Binding"), options.fieldValidation)
	if err != nil {
		return err
	}
	target := decoded.(*corev1.Binding).Target
	if target.Kind != "" && target.Kind != "Node" {
		return apierrors.NewBadRequest("target.kind: Unsupported value: \"" + target.Kind + "\": supported values: \"Node\", \"<empty>\"")
	}
	if target.Name == "" {
		return apierrors.NewBadRequest("target.name: Required value")
	}
	r.server.door.Do(func(cluster *sim.Cluster) { err = cluster.Bind(r.object(), target.Name, options.dryRun) })
	if err != nil {
		return err
	}
	return r.respondStatus(http.StatusCreated, nil)
}

// evict answers a kubectl drain. Both versions of an Eviction are read.
func (r *request) evict() error {
	options, err := r.writeOptions("CreateOptions", "")
	if err != nil {
		return err
	}
	mediaType, err := bodyType(r.http)
	if err != nil {
		return err
	}
	body, err := readBody(r.http)
	if err != nil {
		return err
	}
	wanted := policyv1.SchemeGroupVersion.WithKind("Eviction")
	decoded, err := r.decodeBytes(body, mediaType, wanted, options.fieldValidation)
	if err != nil {
		beta := policyv1beta1.SchemeGroupVersion.WithKind("Eviction")
		older, olderErr := r.decodeBytes(body, mediaType, beta, options.fieldValidation)
		if olderErr != nil {
			return err
		}
		decoded = older
	}
	object := decoded.(metav1.Object)
	if name := object.GetName(); name != "" && name != r.name {
		return apierrors.NewBadRequest("name in URL does not match name in Eviction object")
	}
	var deletion metav1.DeleteOptions
	if given := evictionOptions(decoded); given != nil {
		deletion = *given
	}
	if options.dryRun {
		deletion.DryRun = []string{metav1.DryRunAll}
	}
	r.server.door.Do(func(cluster *sim.Cluster) { err = cluster.Evict(r.object(), deletion) })
	if err != nil {
		return err
	}
	return r.respondStatus(http.StatusCreated, nil)
}

// evictionOptions are the options of a deletion that an Eviction of either version carries.
func evictionOptions(eviction runtime.Object) *metav1.DeleteOptions {
	switch eviction := eviction.(type) {
	case *policyv1.Eviction:
		return eviction.DeleteOptions
	case *policyv1beta1.Eviction:
		return eviction.DeleteOptions
	}
	return nil
}
