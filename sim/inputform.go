package sim

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
)

// This file writes inputs as bytes and reads them. An input is a list of fields; a field is its number, a length, and that many bytes. Fields that
// are zero are left out, numbers never change their meaning, and one that is unknown is an error. Objects are written in protobuf, as an API server writes them.

// The numbers of the fields.
const (
	fieldDo = iota + 1
	fieldKind
	fieldNamespace
	fieldName
	fieldPart
	fieldObjectKind // group/version/kind of the object that follows
	fieldObject
	fieldOptions
	fieldTarget
	fieldArg
	fieldNumber
	fieldSignal
	fieldOf
	fieldTTY
	fieldStdin
	fieldEnd
	fieldData
	fieldReply
	fieldInstant
)

// protobuf is what the published types can do.
type protobuf interface {
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// MarshalBinary implements [encoding.BinaryMarshaler].
func (in Input) MarshalBinary() ([]byte, error) {
	w := fieldWriter{data: make([]byte, 0, 256)}
	w.text(fieldDo, string(in.Do))
	w.text(fieldKind, in.Kind)
	w.text(fieldNamespace, in.Name.Namespace)
	w.text(fieldName, in.Name.Name)
	w.text(fieldPart, in.Part)
	for _, object := range in.Objects {
		gvk, err := typeOf(object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Do, err)
		}
		w.text(fieldObjectKind, gvk.Group+"/"+gvk.Version+"/"+gvk.Kind)
		if err := w.protobuf(fieldObject, object); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Do, err)
		}
	}
	if in.Options != nil {
		if err := w.protobuf(fieldOptions, in.Options); err != nil {
			return nil, err
		}
	}
	w.text(fieldTarget, in.Target)
	for _, arg := range in.Args {
		w.field(fieldArg, []byte(arg))
	}
	w.number(fieldNumber, in.Number)
	w.number(fieldSignal, in.Signal)
	w.number(fieldOf, in.Of)
	w.flag(fieldTTY, in.TTY)
	w.flag(fieldStdin, in.Stdin)
	w.flag(fieldEnd, in.End)
	w.text(fieldData, string(in.Data))
	if in.Reply != nil {
		data, err := in.Reply.MarshalBinary()
		if err != nil {
			return nil, err
		}
		w.field(fieldReply, data)
	}
	if !in.Instant.IsZero() {
		w.field(fieldInstant, binary.AppendVarint(nil, in.Instant.UnixNano()))
	}
	return w.data, nil
}

// typeOf is the group, version and kind of an object's Go type.
func typeOf(object api.Object) (schema.GroupVersionKind, error) {
	if kind := api.KindOf(object); kind != nil {
		return kind.GroupVersionKind(), nil
	}
	found, _, err := api.Scheme().ObjectKinds(object)
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("expected an object of the Kubernetes API, found %T", object)
	}
	return found[0], nil
}

type fieldWriter struct{ data []byte }

func (w *fieldWriter) field(number uint64, value []byte) {
	w.data = binary.AppendUvarint(w.data, number)
	w.data = binary.AppendUvarint(w.data, uint64(len(value)))
	w.data = append(w.data, value...)
}

func (w *fieldWriter) text(number uint64, value string) {
	if value != "" {
		w.field(number, []byte(value))
	}
}

func (w *fieldWriter) number(number uint64, value int) {
	if value != 0 {
		w.field(number, binary.AppendVarint(nil, int64(value)))
	}
}

func (w *fieldWriter) flag(number uint64, value bool) {
	if value {
		w.field(number, nil)
	}
}

func (w *fieldWriter) protobuf(number uint64, value any) error {
	message, can := value.(protobuf)
	if !can {
		return fmt.Errorf("%T cannot be written in protobuf", value)
	}
	data, err := message.Marshal()
	if err != nil {
		return fmt.Errorf("writing %T: %w", value, err)
	}
	w.field(number, data)
	return nil
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler].
//
// Errors: the bytes are no input. They say which field, and at which byte.
func (in *Input) UnmarshalBinary(data []byte) error {
	*in = Input{}
	kind := ""
	for at := 0; at < len(data); {
		number, value, size, err := nextField(data[at:])
		if err == nil {
			err = in.set(number, value, &kind)
		}
		if err != nil {
			return fmt.Errorf("reading an input, at byte %d of %d: %w", at, len(data), err)
		}
		at += size
	}
	if in.Do == "" {
		return fmt.Errorf("reading an input: expected an operation, found none")
	}
	return nil
}

// nextField reads one field and says how long it is.
func nextField(data []byte) (number uint64, value []byte, size int, err error) {
	number, first := binary.Uvarint(data)
	if first <= 0 {
		return 0, nil, 0, fmt.Errorf("expected the number of a field")
	}
	length, second := binary.Uvarint(data[first:])
	rest := data[first+max(second, 0):]
	if second <= 0 || length > uint64(len(rest)) {
		return 0, nil, 0, fmt.Errorf("field %d: expected a length of at most %d bytes", number, len(rest))
	}
	return number, rest[:length], first + second + int(length), nil
}

// set puts the value of a field in its place. Kind is that of the object that follows.
func (in *Input) set(field uint64, value []byte, kind *string) (err error) {
	switch field {
	case fieldDo:
		in.Do = Operation(value)
	case fieldKind:
		in.Kind = string(value)
	case fieldNamespace:
		in.Name.Namespace = string(value)
	case fieldName:
		in.Name.Name = string(value)
	case fieldPart:
		in.Part = string(value)
	case fieldObjectKind:
		*kind = string(value)
	case fieldObject:
		object, err := readObject(*kind, value)
		if err != nil {
			return err
		}
		in.Objects = append(in.Objects, object)
	case fieldOptions:
		in.Options = &metav1.DeleteOptions{}
		return in.Options.Unmarshal(value)
	case fieldTarget:
		in.Target = string(value)
	case fieldArg:
		in.Args = append(in.Args, string(value))
	case fieldNumber:
		in.Number, err = readNumber(value)
	case fieldSignal:
		in.Signal, err = readNumber(value)
	case fieldOf:
		in.Of, err = readNumber(value)
	case fieldTTY:
		in.TTY = true
	case fieldStdin:
		in.Stdin = true
	case fieldEnd:
		in.End = true
	case fieldData:
		in.Data = append([]byte(nil), value...)
	case fieldReply:
		in.Reply = &dnsserver.CachedReply{}
		return in.Reply.UnmarshalBinary(value)
	case fieldInstant:
		var at int
		at, err = readNumber(value)
		in.Instant = time.Unix(0, int64(at)).UTC()
	default:
		return fmt.Errorf("there is no field %d", field)
	}
	return err
}

func readNumber(value []byte) (int, error) {
	number, size := binary.Varint(value)
	if size != len(value) || size <= 0 {
		return 0, fmt.Errorf("expected a number, found %d bytes", len(value))
	}
	return int(number), nil
}

// readObject reads an object of a group/version/kind.
func readObject(kind string, data []byte) (api.Object, error) {
	gvk, err := parseType(kind)
	if err != nil {
		return nil, err
	}
	empty, err := api.Scheme().New(gvk)
	if err != nil {
		return nil, fmt.Errorf("expected an object of a kind of the Kubernetes API, found %q", kind)
	}
	object, isObject := empty.(api.Object)
	message, can := empty.(protobuf)
	if !isObject || !can {
		return nil, fmt.Errorf("expected an object, found a %s", gvk.Kind)
	}
	if err := message.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("reading a %s: %w", gvk.Kind, err)
	}
	object.GetObjectKind().SetGroupVersionKind(gvk)
	return object, nil
}

func parseType(text string) (gvk schema.GroupVersionKind, err error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return gvk, fmt.Errorf("expected group/version/kind, found %q", text)
	}
	return schema.GroupVersionKind{Group: parts[0], Version: parts[1], Kind: parts[2]}, nil
}
