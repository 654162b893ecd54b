package apiserver

import (
	"bytes"
	"fmt"
	"net/http"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/stsim/stsim/sim/api"
)

// maxPatchOperations is how many operations a JSON patch may have (upstream: endpoints/handlers/patch.go).
const maxPatchOperations = 10000

// patchRequest is a PATCH: what is to be done to an object of any kind, stored or not.
type patchRequest struct {
	*request
	patchType types.PatchType
	body      []byte
	options   writeOptions
}

// patch answers a PATCH of an object or of its status.
func (r *request) patch() error {
	p, err := r.readPatch()
	if err != nil {
		return err
	}
	if p.patchType == types.ApplyPatchType {
		return p.apply()
	}
	return r.mutate(p.options, false, func(current api.Object, seen moment) (api.Object, error) {
		presented, err := present(p.target(current, seen), r.version)
		if err != nil {
			return nil, err
		}
		patched, err := p.patched(presented, r.gvk())
		if err != nil {
			return nil, err
		}
		object, err := api.ToStored(patched)
		if err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if err := r.checkNamespace(object); err != nil {
			return nil, err
		}
		if err := r.checkName(object); err != nil {
			return nil, err
		}
		r.dropDuplicateOwners(object)
		return r.changedBy(object, current, seen.view, p.options)
	})
}

// target is what is patched: the object, and its managers if the patch may be about them.
func (p *patchRequest) target(current api.Object, seen moment) api.Object {
	object := shallow(current)
	object.SetManagedFields(nil)
	if bytes.Contains(p.body, []byte("managedFields")) {
		object.SetManagedFields(p.server.managers.of(seen.view, current))
	}
	return object
}

// readPatch reads the body and the parameters of a PATCH.
func (r *request) readPatch() (*patchRequest, error) {
	p := &patchRequest{request: r, patchType: types.PatchType(mediaTypeOf(r.http.Header.Get("Content-Type")))}
	known := []string{string(types.JSONPatchType), string(types.MergePatchType), string(types.StrategicMergePatchType)}
	if r.server.settings.Release.AtLeast(firstManagedFields) {
		known = append(known, string(types.ApplyPatchType))
	}
	if !contains(known, string(p.patchType)) {
		return nil, unsupportedMedia(known...)
	}
	var err error
	if p.body, err = readBody(r.http); err != nil {
		return nil, err
	}
	p.options, err = r.writeOptions("PatchOptions", p.patchType)
	return p, err
}

// patched is an object of a kind and version after a JSON, merge or strategic merge patch. The object given is not changed.
func (p *patchRequest) patched(object runtime.Object, gvk schema.GroupVersionKind) (runtime.Object, error) {
	if p.patchType == types.StrategicMergePatchType {
		return p.strategic(object, gvk)
	}
	before, err := encode(object, media{mediaType: jsonType})
	if err != nil {
		return nil, err
	}
	after, strict, err := p.applyToJSON(before)
	if err != nil {
		return nil, err
	}
	into, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	reader := strictReaders[jsonType]
	if p.options.fieldValidation == metav1.FieldValidationIgnore {
		reader = readers[jsonType]
	}
	decoded, found, err := reader.Decode(after, &gvk, into)
	if err != nil {
		more, isStrict := runtime.AsStrictDecodingError(err)
		if !isStrict {
			return nil, invalidPatch(string(after), err)
		}
		strict = append(strict, more.Errors()...)
	}
	if *found != gvk {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)", found.GroupVersion(), gvk.GroupVersion()))
	}
	return decoded, p.judge(strict, string(after))
}

// judge makes what is wrong with single fields an error or a warning, as fieldValidation asks for.
func (p *patchRequest) judge(strict []error, patched any) error {
	switch {
	case len(strict) == 0 || p.options.fieldValidation == metav1.FieldValidationIgnore:
		return nil
	case p.options.fieldValidation == metav1.FieldValidationStrict:
		return invalidPatch(patched, runtime.NewStrictDecodingError(strict))
	}
	p.warnFields(strict)
	return nil
}

func invalidPatch(patched any, err error) error {
	return apierrors.NewInvalid(schema.GroupKind{}, "", field.ErrorList{field.Invalid(field.NewPath("patch"), patched, err.Error())})
}

// applyToJSON does a JSON patch or a merge patch. Strict are duplicate and unknown fields of the patch itself.
func (p *patchRequest) applyToJSON(before []byte) (after []byte, strict []error, err error) {
	if p.patchType == types.MergePatchType {
		strict, err = kjson.UnmarshalStrict(p.body, &map[string]any{})
		if err != nil {
			return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
		}
		if after, err = safely(func() ([]byte, error) { return jsonpatch.MergePatch(before, p.body) }); err != nil {
			return nil, nil, apierrors.NewBadRequest(err.Error())
		}
		return after, strict, nil
	}
	var operations []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		From  string `json:"from"`
		Value any    `json:"value"`
	}
	if strict, err = kjson.UnmarshalStrict(p.body, &operations); err != nil {
		return nil, nil, apierrors.NewBadRequest(fmt.Sprintf("error decoding patch: %v", err))
	}
	for i, problem := range strict {
		strict[i] = fmt.Errorf("json patch %w", problem)
	}
	patch, err := jsonpatch.DecodePatch(p.body)
	if err != nil {
		return nil, nil, apierrors.NewBadRequest(err.Error())
	}
	if len(patch) > maxPatchOperations {
		return nil, nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("The allowed maximum operations in a JSON patch is %d, got %d", maxPatchOperations, len(patch)))
	}
	if after, err = safely(func() ([]byte, error) { return patch.Apply(before) }); err != nil {
		return nil, nil, unprocessable(err)
	}
	return after, strict, nil
}

// strategic does a strategic merge patch: lists are merged by the keys that the Go types name.
func (p *patchRequest) strategic(object runtime.Object, gvk schema.GroupVersionKind) (runtime.Object, error) {
	before, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	patch := map[string]any{}
	strict, err := kjson.UnmarshalStrict(p.body, &patch)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	result, err := scheme.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	after, err := safely(func() (strategicpatch.JSONMap, error) {
		return strategicpatch.StrategicMergeMapPatch(before, patch, result)
	})
	if err != nil {
		return nil, strategicError(err)
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(after, result, true)
	if err != nil {
		more, isStrict := runtime.AsStrictDecodingError(err)
		if !isStrict {
			return nil, invalidPatch(fmt.Sprintf("%+v", patch), err)
		}
		strict = append(strict, more.Errors()...)
	}
	return result, p.judge(strict, fmt.Sprintf("%+v", patch))
}

// safely makes an error of what the libraries panic at, such as the replacement of the whole document by a JSON patch.
func safely[T any](apply func() (T, error)) (result T, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("the patch cannot be applied: %v", problem)
		}
	}()
	return apply()
}

func strategicError(err error) error {
	switch err {
	case mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
		mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat:
		return apierrors.NewBadRequest(err.Error())
	case mergepatch.ErrNoListOfLists, mergepatch.ErrPatchContentNotMatchRetainKeys:
		return unprocessable(err)
	}
	return apierrors.NewGenericServerResponse(http.StatusInternalServerError, "", schema.GroupResource{}, "", err.Error(), 0, true)
}
