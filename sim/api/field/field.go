// Package field is apimachinery's field, in which validation says where a problem is, with paths that cost nothing as long as there is none: every object that is
// written is looked at, and hardly any is refused. A [Path] is a value that stays on the stack; a text is made of it when there is an error.
package field

import (
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Error and ErrorList are upstream's.
type (
	Error     = field.Error
	ErrorList = field.ErrorList
)

// Path says where a field is in an object; the zero Path is the object itself. It is handed down, and not kept.
type Path struct {
	parent *Path
	name   string   // or the key
	more   []string // names below it
	index  int      // in a list
	sort   sort
}

type sort uint8

const (
	object sort = iota
	named
	listed
	keyed
)

// NewPath is a path from the object itself.
func NewPath(name string, more ...string) Path { return Path{name: name, more: more, sort: named} }

// Child is a field below.
func (p Path) Child(name string, more ...string) Path {
	return Path{parent: &p, name: name, more: more, sort: named}
}

// Index is an element of the list that the path leads to.
func (p Path) Index(index int) Path { return Path{parent: &p, index: index, sort: listed} }

// Key is a value of the map that the path leads to.
func (p Path) Key(key string) Path { return Path{parent: &p, name: key, sort: keyed} }

// String writes the path as upstream does: spec.containers[0].ports. It keeps nothing of the path, not even for a moment in a list: otherwise all paths would
// have to be made on the heap.
func (p Path) String() string {
	depth := 0
	for at := &p; at != nil; at = at.parent {
		depth++
	}
	var text []byte
	for above := depth - 1; above >= 0; above-- {
		at := &p
		for range above {
			at = at.parent
		}
		switch at.sort {
		case object:
		case named:
			text = at.appendNames(text)
		case listed:
			text = append(strconv.AppendInt(append(text, '['), int64(at.index), 10), ']')
		case keyed:
			text = append(append(append(text, '['), at.name...), ']')
		}
	}
	return string(text)
}

func (p *Path) appendNames(text []byte) []byte {
	if p.name == "" {
		return append(text, "[]"...) // as upstream has it
	}
	if len(text) > 0 {
		text = append(text, '.')
	}
	text = append(text, p.name...)
	for _, name := range p.more {
		text = append(append(text, '.'), name...)
	}
	return text
}

// Upstream is the path for upstream's own checks.
func (p Path) Upstream() *field.Path { return field.NewPath(p.String()) }

// The errors are upstream's of the same names.

// Required says that a value is missing.
func Required(at Path, detail string) *Error { return field.Required(at.Upstream(), detail) }

// Duplicate says that a value is there twice.
func Duplicate(at Path, value any) *Error { return field.Duplicate(at.Upstream(), value) }

// Invalid says that a value cannot be.
func Invalid(at Path, value any, detail string) *Error {
	return field.Invalid(at.Upstream(), value, detail)
}

// NotSupported says that a value is none of those that there are.
func NotSupported[T ~string](at Path, value any, valid []T) *Error {
	return field.NotSupported(at.Upstream(), value, valid)
}

// Forbidden says that a field may not be set, or not in this way.
func Forbidden(at Path, detail string) *Error { return field.Forbidden(at.Upstream(), detail) }

// TooLong says that a value has more than so many bytes.
func TooLong(at Path, value any, most int) *Error { return field.TooLong(at.Upstream(), value, most) }

// TooMany says that a list has more than so many elements.
func TooMany(at Path, has, most int) *Error { return field.TooMany(at.Upstream(), has, most) }

// InternalError says that something went wrong that is not the client's fault.
func InternalError(at Path, err error) *Error { return field.InternalError(at.Upstream(), err) }

// NotFound says that what a value names is not there.
func NotFound(at Path, value any) *Error { return field.NotFound(at.Upstream(), value) }
