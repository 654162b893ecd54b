package apiserver

import (
	"net/http"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// reviewPath is a collection that answers questions and keeps nothing.
type reviewPath struct {
	schema.GroupVersion
	resource string
}

var authorizationGroup = authorizationv1.SchemeGroupVersion

// reviews are the questions about who may do what. The answer is always yes: a simulated cluster has no users.
var reviews = map[reviewPath]func(*request) error{
	{authorizationGroup, "selfsubjectaccessreviews"}: func(r *request) error {
		return r.review("SelfSubjectAccessReview", func(object runtime.Object) {
			object.(*authorizationv1.SelfSubjectAccessReview).Status = allowed
		})
	},
	{authorizationGroup, "subjectaccessreviews"}: func(r *request) error {
		return r.review("SubjectAccessReview", func(object runtime.Object) {
			object.(*authorizationv1.SubjectAccessReview).Status = allowed
		})
	},
	{authorizationGroup, "selfsubjectrulesreviews"}: func(r *request) error {
		return r.review("SelfSubjectRulesReview", func(object runtime.Object) {
			everything := []string{"*"}
			object.(*authorizationv1.SelfSubjectRulesReview).Status = authorizationv1.SubjectRulesReviewStatus{
				ResourceRules:    []authorizationv1.ResourceRule{{Verbs: everything, APIGroups: everything, Resources: everything}},
				NonResourceRules: []authorizationv1.NonResourceRule{{Verbs: everything, NonResourceURLs: everything}},
			}
		})
	},
}

var allowed = authorizationv1.SubjectAccessReviewStatus{Allowed: true, Reason: "a simulated cluster allows everything"}

// reviewResources are the reviews as discovery lists them.
var reviewResources = []metav1.APIResource{
	{Name: "selfsubjectaccessreviews", SingularName: "selfsubjectaccessreview", Kind: "SelfSubjectAccessReview", Verbs: metav1.Verbs{"create"}},
	{Name: "selfsubjectrulesreviews", SingularName: "selfsubjectrulesreview", Kind: "SelfSubjectRulesReview", Verbs: metav1.Verbs{"create"}},
	{Name: "subjectaccessreviews", SingularName: "subjectaccessreview", Kind: "SubjectAccessReview", Verbs: metav1.Verbs{"create"}},
}

func (r *request) review(kind string, answer func(runtime.Object)) error {
	if r.http.Method != http.MethodPost {
		return apierrors.NewMethodNotSupported(schema.GroupResource{Group: authorizationGroup.Group, Resource: kind}, r.verb())
	}
	if err := r.negotiate(); err != nil {
		return err
	}
	gvk := authorizationGroup.WithKind(kind)
	object, err := r.decode(gvk, r.query.Get("fieldValidation"))
	if err != nil {
		return err
	}
	answer(object)
	object.GetObjectKind().SetGroupVersionKind(gvk)
	return r.respondWith(http.StatusCreated, object)
}
