package api

import (
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api/field"
)

// The errors a client sees, each a metav1.Status in upstream's words. Upstream: apimachinery pkg/api/errors.

// NotFound says that there is no object of this name: `pods "web-9" not found`.
func (k *Kind) NotFound(name string) *apierrors.StatusError {
	return apierrors.NewNotFound(k.GroupResource(), name)
}

// AlreadyExists says that the name is taken: `pods "web-0" already exists`.
func (k *Kind) AlreadyExists(name string) *apierrors.StatusError {
	return apierrors.NewAlreadyExists(k.GroupResource(), name)
}

// staleVersion is apiserver's OptimisticLockErrorMsg (pkg/registry/generic/registry/store.go).
type staleVersion struct{}

func (staleVersion) Error() string {
	return "the object has been modified; please apply your changes to the latest version and try again"
}

// Conflict says that the resourceVersion of an update is not that of the stored object.
func (k *Kind) Conflict(name string) *apierrors.StatusError {
	return apierrors.NewConflict(k.GroupResource(), name, staleVersion{})
}

// ConflictBecause is a conflict of another kind, as with a precondition on the uid.
func (k *Kind) ConflictBecause(name string, reason error) *apierrors.StatusError {
	return apierrors.NewConflict(k.GroupResource(), name, reason)
}

// Invalid turns what validation found into an error; nil when it found nothing.
func (k *Kind) Invalid(name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return apierrors.NewInvalid(k.GroupVersionKind().GroupKind(), name, errs)
}

// Forbidden says that an object may not be written, for a reason beyond its own fields:
// `pods "web-0" is forbidden: ...`.
func (k *Kind) Forbidden(name string, reason error) *apierrors.StatusError {
	return apierrors.NewForbidden(k.GroupResource(), name, reason)
}

// NamespaceTerminating is what creation in a namespace that is being deleted meets.
// Upstream: apiserver pkg/admission/plugin/namespace/lifecycle/admission.go.
func (k *Kind) NamespaceTerminating(name, namespace string) *apierrors.StatusError {
	err := apierrors.NewForbidden(k.GroupResource(), name,
		fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: "NamespaceTerminating", Message: "namespace " + namespace + " is being terminated", Field: "metadata.namespace",
	})
	return err
}

// DisruptionBudgetExceeded is what an eviction meets that a budget does not allow. The client is told to try again.
// Upstream: pkg/registry/core/pod/storage/eviction.go.
func DisruptionBudgetExceeded(budget string, desired, healthy int32) *apierrors.StatusError {
	err := apierrors.NewTooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0)
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type:    "DisruptionBudget",
		Message: fmt.Sprintf("The disruption budget %s needs %d healthy pods and has %d currently", budget, desired, healthy),
	})
	return err
}

// BadRequest says that a request cannot be understood.
func BadRequest(reason string) *apierrors.StatusError { return apierrors.NewBadRequest(reason) }

// MethodNotSupported says that a resource does not have the verb.
func (k *Kind) MethodNotSupported(verb string) *apierrors.StatusError {
	return apierrors.NewMethodNotSupported(k.GroupResource(), verb)
}

// Gone says that a resourceVersion is older than what is remembered.
func Gone(message string) *apierrors.StatusError { return apierrors.NewResourceExpired(message) }

// NoSuchPath is the answer to a path that the server does not know.
func NoSuchPath() *apierrors.StatusError {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
	}}
}
