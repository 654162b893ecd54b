package why

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Report is what a program is told: the question as it was understood, and the answers.
type Report struct {
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace,omitempty"` // empty for kinds that have none
	Name      string   `json:"name"`
	Found     bool     `json:"found"`             // whether the object exists
	Nearest   string   `json:"nearest,omitempty"` // of one that does not exist: the name of the kind that is most like its own
	Fine      bool     `json:"fine"`              // whether it exists and nothing holds it
	Answers   []Answer `json:"answers"`           // most immediate first; never empty
}

// Explain is [Why] with what a program wants to know besides.
//
// Errors: a kind that cannot be asked about.
func Explain(view store.View, settings *api.Settings, kind, namespace, name string) (Report, error) {
	if strings.EqualFold(kind, nameKind) {
		return explainName(view, settings, namespace, name), nil
	}
	row := kindOf(kind)
	if row == nil {
		return Report{}, fmt.Errorf("expected %s, found %q", known(), kind)
	}
	if !row.Namespaced {
		namespace = ""
	}
	report := Report{Kind: row.Kind, Namespace: namespace, Name: name, Answers: Why(view, settings, kind, namespace, name)}
	if _, report.Found = view.Object(row, namespace, name); report.Found {
		report.Fine = len(report.Answers) == 1 && report.Answers[0].Fine()
	} else {
		report.Nearest = nearest(view, row, namespace, name)
	}
	return report, nil
}

// Kinds are what can be asked about, as kubectl names the resources: for the completion of command lines.
func Kinds() []string {
	words := make([]string, len(kinds))
	for i, name := range kinds {
		kind := api.KindNamed(name)
		words[i] = kind.Singular
		if len(kind.ShortNames) > 0 {
			words[i] = kind.ShortNames[0]
		}
	}
	return words
}

// Names are the objects of a kind that can be asked about, in order; none for another kind.
func Names(view store.View, kind, namespace string) (names []string) {
	row := kindOf(kind)
	if row == nil {
		return nil
	}
	if !row.Namespaced {
		namespace = ""
	}
	for object := range view.Objects(row, namespace) {
		names = append(names, object.GetName())
	}
	return names
}
