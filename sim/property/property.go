package property

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/store"
)

// Bounds of a property.
const (
	MaxLength = 2 << 10 // bytes of its text
	MaxLooks  = 1 << 20 // objects and elements looked at each time it is asked
)

// Property is a promise as an expression. The zero value is not one: see Parse. It is never changed, and may be asked by several at once.
type Property struct {
	Name      string // as written before the expression; "" when there is none
	Namespace string // that names belong to
	text      string // as given to Parse, without spaces around it
	root      *expression
	files     bool
}

var (
	nameBefore      = regexp.MustCompile(`^([A-Za-z][-A-Za-z0-9_ ]*?)\s*:`)
	namespaceBehind = regexp.MustCompile(`\s+in\s+([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$`)
)

// Parse reads a property. The error is an *Error. It does not matter here which objects there are, only which kinds and fields there could be.
func Parse(text string) (Property, error) {
	text = strings.TrimSpace(text)
	if len(text) > MaxLength {
		return Property{}, &Error{Text: text, Offset: MaxLength, Expected: fmt.Sprintf("a property of at most %d bytes", MaxLength), Found: fmt.Sprintf("%d bytes", len(text)),
			Hint: "say it in several properties"}
	}
	p := Property{text: text, Namespace: metav1.NamespaceDefault}
	begin, end := 0, len(text)
	if found := nameBefore.FindStringSubmatch(text); found != nil {
		p.Name, begin = found[1], len(found[0])
	}
	if found := namespaceBehind.FindStringSubmatchIndex(text[begin:]); found != nil {
		p.Namespace, end = text[begin+found[2]:begin+found[3]], begin+found[0]
	}
	c := &compiler{text: text, begin: begin, end: end}
	root, err := c.compile()
	if err != nil {
		return Property{}, err
	}
	p.root, p.files = root, c.files
	return p, nil
}

// String is the property as it was written.
func (p Property) String() string { return p.text }

// AsksFiles says whether the property may also become true or false when nothing but a file changes.
func (p Property) AsksFiles() bool { return p.files }

// Holds is nil when the property holds in the view. Otherwise the error says which values were found, such as
// "count(ready(web)) is 1, ready(web) is [web-0]", or why it could not be told.
func (p Property) Holds(view store.View) error {
	m := &moment{view: view, namespace: p.Namespace}
	result, err := p.root.eval(m)
	switch {
	case err != nil:
		return err
	case result == true:
		return nil
	}
	found := m.explain(p.root)
	if len(found) == 0 {
		return errors.New("it is false")
	}
	return errors.New(strings.Join(found, ", "))
}
