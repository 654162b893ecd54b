package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"sigs.k8s.io/yaml"
)

// MaxDocument is how long one document of a manifest may be, in bytes. It is the API server's limit of a request.
const MaxDocument = 3 << 20

// MaxDocuments is how many objects Decode reads from one manifest, those inside lists included.
const MaxDocuments = 10000

// DecodeError says which document of a manifest cannot be used, and why.
type DecodeError struct {
	Document int // counted from 1, empty documents not counted
	Line     int // where the document begins, counted from 1
	Err      error
	Hint     string // what to do, may be empty
}

func (e *DecodeError) Error() string {
	text := fmt.Sprintf("document %d (line %d): %v", e.Document, e.Line, e.Err)
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// Unwrap gives the error without its place.
func (e *DecodeError) Unwrap() error { return e.Err }

// noMatch is the error of a kind that is not served, a RESTMapper's NoKindMatchError in words.
func noMatch(gvk schema.GroupVersionKind) error {
	return fmt.Errorf("no matches for kind %q in version %q", gvk.Kind, gvk.GroupVersion())
}

// Decode reads the objects of a manifest: YAML documents, JSON objects one after the other, and lists of objects. They
// come in the stored version, without defaults beyond those in which an old version differed. A kind that the release
// does not serve, an unknown or duplicate field, a document longer than MaxDocument and one whose aliases would
// expand beyond it are refused with a *DecodeError.
func Decode(data []byte, release Release) ([]Object, error) {
	documents, err := splitDocuments(data)
	if err != nil {
		return nil, err
	}
	var objects []Object
	for i, document := range documents {
		found, err := decodeDocument(document.text, release)
		if err == nil && len(objects)+len(found) > MaxDocuments {
			err = hinted{fmt.Errorf("expected at most %d objects, found more", MaxDocuments), "apply the manifest in parts"}
		}
		if err != nil {
			failed := &DecodeError{Document: i + 1, Line: document.line, Err: err}
			var hint hinted
			if errors.As(err, &hint) {
				failed.Err, failed.Hint = hint.error, hint.hint
			}
			return nil, failed
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

// hinted is an error with advice.
type hinted struct {
	error
	hint string
}

// document is a part of a manifest and the line that it begins at.
type document struct {
	text []byte
	line int
}

// splitDocuments cuts a manifest at the lines that begin with three dashes, or JSON between its objects, and leaves
// out what is empty or only comment.
func splitDocuments(data []byte) ([]document, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '{' {
		if documents, err := splitJSON(data); err == nil {
			return documents, nil
		}
		// Braces begin YAML mappings, too.
	}
	var documents []document
	line, begin, beginLine := 1, 0, 1
	cut := func(end int) {
		if text := data[begin:end]; !blank(text) {
			documents = append(documents, document{text, beginLine})
		}
	}
	for at := 0; at < len(data); line++ {
		end := len(data)
		if newline := bytes.IndexByte(data[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		if text := data[at:end]; bytes.HasPrefix(text, []byte("---")) && len(bytes.TrimSpace(text[:min(4, len(text))])) == 3 {
			cut(at)
			// What follows the dashes on their line belongs to the document.
			begin, beginLine = at+3, line
		}
		at = end
	}
	cut(len(data))
	return documents, nil
}

func splitJSON(data []byte) ([]document, error) {
	var documents []document
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		begin := int(decoder.InputOffset()) - len(raw)
		documents = append(documents, document{raw, 1 + bytes.Count(data[:begin], []byte("\n"))})
	}
}

// blank says whether there is nothing but space, comments and the end marker.
func blank(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !bytes.Equal(line, []byte("...")) {
			return false
		}
	}
	return true
}

// The readers refuse unknown and duplicate fields in upstream's words.
var (
	readJSON = jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, scheme, scheme, jsonserializer.SerializerOptions{Strict: true})
	readYAML = jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, scheme, scheme, jsonserializer.SerializerOptions{Yaml: true, Strict: true})
)

func decodeDocument(text []byte, release Release) ([]Object, error) {
	if len(text) > MaxDocument {
		return nil, hinted{fmt.Errorf("expected at most %d bytes, found %d", MaxDocument, len(text)), "split the document; an API server takes no longer requests"}
	}
	reader, converted := runtime.Decoder(readJSON), text
	if !json.Valid(text) {
		if err := checkAliases(text); err != nil {
			return nil, err
		}
		var err error
		if converted, err = yaml.YAMLToJSONStrict(text); err == nil {
			text = converted // what is read twice is read faster as JSON
		} else if converted, err = yaml.YAMLToJSON(text); err == nil {
			reader = readYAML // it says which field is there twice
		} else {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "))
		}
	}
	if err := CheckNumbers(converted); err != nil {
		return nil, err
	}
	var head struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(converted, &head); err != nil {
		return nil, hinted{fmt.Errorf("expected an object with apiVersion and kind: %w", plainJSON(err)), "every document begins with apiVersion and kind"}
	}
	version, err := schema.ParseGroupVersion(head.APIVersion)
	switch {
	case head.Kind == "":
		return nil, hinted{errors.New("expected a kind, found none: Object 'Kind' is missing"), "every document begins with apiVersion and kind"}
	case head.APIVersion == "":
		return nil, hinted{errors.New("expected an apiVersion, found none"), "every document begins with apiVersion and kind"}
	case err != nil:
		return nil, err
	}
	gvk := version.WithKind(head.Kind)
	if item, isList := strings.CutSuffix(head.Kind, "List"); isList && head.Items != nil {
		return decodeItems(head.Items, version.WithKind(item), release)
	}
	object, err := decodeObject(text, reader, gvk, release)
	if err != nil {
		return nil, err
	}
	return []Object{object}, nil
}

// decodeItems reads the objects of a list. Those of a List say themselves what they are, those of a PodList need not.
func decodeItems(items []json.RawMessage, gvk schema.GroupVersionKind, release Release) ([]Object, error) {
	objects := make([]Object, 0, len(items))
	for i, item := range items {
		own := gvk
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := json.Unmarshal(item, &head); err != nil {
			return nil, fmt.Errorf("items[%d]: expected an object: %w", i, plainJSON(err))
		}
		if head.Kind != "" {
			own = schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
		}
		if own.Kind == "" {
			return nil, fmt.Errorf("items[%d]: expected a kind, found none: Object 'Kind' is missing", i)
		}
		object, err := decodeObject(item, readJSON, own, release)
		if err != nil {
			return nil, fmt.Errorf("items[%d]: %w", i, err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func decodeObject(text []byte, reader runtime.Decoder, gvk schema.GroupVersionKind, release Release) (Object, error) {
	if release.KindFor(gvk) == nil {
		return nil, hinted{noMatch(gvk), release.whereServed(gvk)}
	}
	object, _, err := reader.Decode(text, &gvk, nil)
	if err != nil {
		return nil, fmt.Errorf("%s in version %q cannot be handled as a %s: %w", gvk.Kind, gvk.Version, gvk.Kind, err)
	}
	stored, err := ToStored(object)
	if err != nil {
		return nil, err
	}
	return Stamp(stored), nil
}

// whereServed tells in which version a kind is to be written instead.
func (r Release) whereServed(gvk schema.GroupVersionKind) string {
	for _, entry := range r.Served() {
		for _, kind := range entry.Kinds {
			if kind == gvk.Kind {
				return fmt.Sprintf("Kubernetes %s serves %s as apiVersion: %s", r, kind, entry.GroupVersion)
			}
		}
	}
	for _, other := range Releases() {
		if other.KindFor(gvk) != nil {
			return fmt.Sprintf("Kubernetes %s does not serve it; %s does", r, other)
		}
	}
	return "custom resources are not simulated, nor are all kinds of Kubernetes; the kinds that are: " + kindNames()
}

func kindNames() string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = kind.Kind
	}
	return strings.Join(names, ", ")
}

// plainJSON takes the Go types out of an error of encoding/json.
func plainJSON(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		where := kind.Field
		if where == "" {
			where = "the document"
		}
		return fmt.Errorf("%s is of type %s", where, strconv.Quote(kind.Value))
	}
	return err
}
