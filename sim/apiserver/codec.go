package apiserver

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// maxBody is how large the body of a request may be (upstream: apiserver/pkg/server/config.go, MaxRequestBodyBytes).
const maxBody = 3 << 20

// The serializers write an object as it is and read it without conversion or defaults.
var (
	jsonWriter     = jsonSerializer(json.SerializerOptions{})
	prettyWriter   = jsonSerializer(json.SerializerOptions{Pretty: true})
	yamlWriter     = jsonSerializer(json.SerializerOptions{Yaml: true})
	protobufWriter = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

	readers = map[string]runtime.Decoder{
		jsonType: jsonWriter, yamlType: yamlWriter, protobufType: protobufWriter,
	}
	strictReaders = map[string]runtime.Decoder{
		jsonType:     jsonSerializer(json.SerializerOptions{Strict: true}),
		yamlType:     jsonSerializer(json.SerializerOptions{Yaml: true, Strict: true}),
		protobufType: protobufWriter,
	}
)

func jsonSerializer(options json.SerializerOptions) runtime.Serializer {
	return json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, options)
}

// encode writes an object, whose apiVersion and kind must be set, in a media type.
func encode(object runtime.Object, how media) ([]byte, error) {
	var out bytes.Buffer
	writer := runtime.Encoder(jsonWriter)
	switch {
	case how.mediaType == protobufType:
		writer = protobufWriter
		object = object.DeepCopyObject() // the protobuf form of a quantity is kept in the quantity, and stored objects are shared
	case how.mediaType == yamlType:
		writer = yamlWriter
	case how.pretty:
		writer = prettyWriter
	}
	if err := writer.Encode(object, &out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// readBody reads the whole body, or says that it is too large.
func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	if err != nil {
		return nil, apierrors.NewBadRequest("reading the body of the request: " + err.Error())
	}
	if len(body) > maxBody {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	return body, nil
}

// decode reads the body as an object of a kind and version. What is wrong with single fields becomes an error or a warning,
// as fieldValidation asks for (upstream: endpoints/handlers/create.go).
func (r *request) decode(wanted schema.GroupVersionKind, fieldValidation string) (runtime.Object, error) {
	mediaType, err := bodyType(r.http)
	if err != nil {
		return nil, err
	}
	body, err := readBody(r.http)
	if err != nil {
		return nil, err
	}
	return r.decodeBytes(body, mediaType, wanted, fieldValidation)
}

func (r *request) decodeBytes(body []byte, mediaType string, wanted schema.GroupVersionKind, fieldValidation string) (runtime.Object, error) {
	into, err := scheme.Scheme.New(wanted)
	if err != nil {
		return nil, err
	}
	reader := strictReaders[mediaType]
	if fieldValidation == metav1.FieldValidationIgnore {
		reader = readers[mediaType]
	}
	object, found, err := reader.Decode(body, &wanted, into)
	if err != nil {
		strict, isStrict := runtime.AsStrictDecodingError(err)
		if !isStrict || object == nil || fieldValidation == metav1.FieldValidationStrict {
			return nil, undecodable(err, wanted, found, body)
		}
		r.warnFields(strict.Errors())
	}
	if found.Kind != wanted.Kind {
		return nil, undecodable(fmt.Errorf("converting (%s.%s) to (%s.%s): unknown conversion", found.Version, found.Kind, wanted.Version, wanted.Kind), wanted, found, body)
	}
	if found.GroupVersion() != wanted.GroupVersion() {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("the API version in the data (%s) does not match the expected API version (%s)",
			found.GroupVersion(), wanted.GroupVersion()))
	}
	return object, nil
}

func undecodable(err error, wanted schema.GroupVersionKind, found *schema.GroupVersionKind, body []byte) error {
	if found != nil && found.Kind != "" {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", found.Kind, found.Version, wanted.Kind, err))
	}
	return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", wanted.Kind, err, summary(body)))
}

// summary is the beginning of a body, for an error.
func summary(body []byte) string {
	const length = 30
	if len(body) == 0 {
		return "<empty>"
	}
	more := ""
	if len(body) > length {
		body, more = body[:length], " ..."
	}
	if body[0] == '{' {
		return string(body) + more
	}
	return hex.EncodeToString(body) + more
}

// warnFields warns of unknown and duplicate fields. YAML reports several in one error.
func (r *request) warnFields(problems []error) {
	for _, problem := range problems {
		text := problem.Error()
		if below, yaml := strings.CutPrefix(text, "yaml: unmarshal errors:\n"); yaml {
			for line := range strings.SplitSeq(below, "\n") {
				r.warn(strings.TrimSpace(line))
			}
			continue
		}
		r.warn(text)
	}
}
