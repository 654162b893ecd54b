package apiserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"
)

// firstFieldValidation is the minor release that checks fields by default, and warns of unknown ones; older ones drop them.
const firstFieldValidation = 25

// writeOptions are the parameters of a create, an update and a patch.
type writeOptions struct {
	dryRun          bool
	manager         string // who is noted in managedFields
	force           bool   // of server-side apply
	fieldValidation string
}

// writeOptions reads and checks the parameters; the kind of options is the one errors name.
func (r *request) writeOptions(kind string, patchType types.PatchType) (writeOptions, error) {
	options := metav1.PatchOptions{
		DryRun: r.query["dryRun"], FieldManager: r.query.Get("fieldManager"), FieldValidation: r.query.Get("fieldValidation"),
	}
	if text := r.query.Get("force"); text != "" {
		force, err := strconv.ParseBool(text)
		if err != nil {
			return writeOptions{}, apierrors.NewBadRequest(err.Error())
		}
		options.Force = &force
	}
	var problems field.ErrorList
	if patchType == "" {
		problems = metav1validation.ValidateUpdateOptions(&metav1.UpdateOptions{
			DryRun: options.DryRun, FieldManager: options.FieldManager, FieldValidation: options.FieldValidation,
		})
	} else {
		problems = metav1validation.ValidatePatchOptions(&options, patchType)
	}
	if len(problems) > 0 {
		return writeOptions{}, invalidOptions(kind, problems)
	}
	result := writeOptions{
		dryRun: len(options.DryRun) > 0, manager: options.FieldManager,
		force: options.Force != nil && *options.Force, fieldValidation: options.FieldValidation,
	}
	if result.fieldValidation == "" && !r.server.settings.Release.AtLeast(firstFieldValidation) {
		result.fieldValidation = metav1.FieldValidationIgnore
	}
	if result.manager == "" {
		result.manager = managerOf(r.http.UserAgent())
	}
	return result, nil
}

// managerOf is the manager that a request without fieldManager is noted under: the beginning of its User-Agent
// (upstream: endpoints/handlers/create.go).
func managerOf(userAgent string) string {
	name, _, _ := strings.Cut(userAgent, "/")
	var manager strings.Builder
	for _, letter := range name {
		if !unicode.IsPrint(letter) {
			continue
		}
		if manager.Len()+utf8.RuneLen(letter) > metav1validation.FieldManagerMaxLength {
			break
		}
		manager.WriteRune(letter)
	}
	return manager.String()
}

// deleteOptions reads the options of a deletion from the body or, when there is none, from the query.
func (r *request) deleteOptions() (metav1.DeleteOptions, error) {
	var options metav1.DeleteOptions
	body, err := readBody(r.http)
	if err != nil {
		return options, err
	}
	if len(body) == 0 {
		err = metav1.Convert_url_Values_To_v1_DeleteOptions(&r.query, &options, nil)
	} else {
		err = r.decodeDeleteOptions(body, &options)
	}
	if apierrors.IsUnsupportedMediaType(err) {
		return options, err
	}
	if err != nil {
		return options, apierrors.NewBadRequest(err.Error())
	}
	if problems := metav1validation.ValidateDeleteOptions(&options); len(problems) > 0 {
		return options, invalidOptions("DeleteOptions", problems)
	}
	return options, nil
}

// decodeDeleteOptions reads options that may be written in any group and version.
func (r *request) decodeDeleteOptions(body []byte, options *metav1.DeleteOptions) error {
	mediaType, err := bodyType(r.http)
	if err != nil {
		return err
	}
	if mediaType != protobufType {
		if err := yaml.Unmarshal(body, options); err != nil {
			return err
		}
		if options.Kind != "" && options.Kind != "DeleteOptions" {
			return fmt.Errorf("decoded object cannot be converted to DeleteOptions")
		}
		return nil
	}
	const magic = "k8s\x00"
	message, found := strings.CutPrefix(string(body), magic)
	if !found {
		return fmt.Errorf("provided data does not appear to be a protobuf message, expected prefix %q", magic)
	}
	var wrapped runtime.Unknown
	if err := wrapped.Unmarshal([]byte(message)); err != nil {
		return err
	}
	if wrapped.Kind != "" && wrapped.Kind != "DeleteOptions" {
		return fmt.Errorf("decoded object cannot be converted to DeleteOptions")
	}
	return options.Unmarshal(wrapped.Raw)
}

// statusCode is the code that answers a request which made an object or did not.
func statusCode(created bool) int {
	if created {
		return http.StatusCreated
	}
	return http.StatusOK
}
