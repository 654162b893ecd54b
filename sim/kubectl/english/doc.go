// Package english keeps kubectl to its own words. kubectl would translate some of its texts into the language of the machine (LANG), and
// unpack a dictionary when the program starts; a page's output must be the same on every machine.
//
// It works by being initialised before every package of kubectl that has texts: packages are initialised in the order of
// their import paths as soon as what they import is ready, and this one imports the dictionary only.
package english

import "k8s.io/kubectl/pkg/util/i18n"

func init() {
	if err := i18n.SetLoadTranslationsFunc(func() error { return nil }); err != nil {
		panic(err) // a package that has texts was first: its path sorts before this one's
	}
}
