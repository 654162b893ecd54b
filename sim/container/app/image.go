package app

import (
	"slices"
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// Image is what is known of an image: a model, since no image is ever read.
type Image struct {
	Reference  Reference           // its name; filled in by the catalogue
	Root       func() storage.Tree // of its file system; nil for that of a Debian
	Env        []string            // NAME=value
	Entrypoint []string
	Command    []string
	Dir        string // working directory; "" is /
	UID, GID   int
	Prompt     string                   // of an interactive shell; "" is the shell's own
	Servers    map[string]Server        // by the program named in a stub; see [shell.Stub]
	Commands   map[string]applet.Applet // programs beyond the usual ones, by the name in a stub
	Unknown    bool                     // a program it lacks stands for something that is not simulated, and stays up quietly
}

// Model makes the images that fit.
type Model struct {
	Fits func(r Reference) bool
	Make func(r Reference) *Image // the same for the same reference
}

// Contains fits images the last part of whose repository contains this, e.g. nginx: nginx-slim.
func Contains(part string) func(Reference) bool {
	return func(r Reference) bool { return strings.Contains(r.Last(), part) }
}

// Named fits images the last part of whose repository is one of these.
func Named(names ...string) func(Reference) bool {
	return func(r Reference) bool { return slices.Contains(names, r.Last()) }
}

// Catalogue is all that is known of images. It may be shared by clusters and goroutines.
type Catalogue struct {
	models []Model
	known  sync.Map // *Image by name
	shapes sync.Map // storage.Tree by rootKey
}

// rootKey says which root of a container is meant: of an image, with certain further files.
type rootKey struct {
	image *Image
	with  string
}

// RootShape is the shape of the roots of containers of an image that have the same files beyond its own: those that make puts there, which must follow from the
// text with. See [storage.Tree.Shape].
func (c *Catalogue) RootShape(image *Image, with string, make func() storage.Tree) storage.Tree {
	key := rootKey{image, with}
	if known, found := c.shapes.Load(key); found {
		return known.(storage.Tree)
	}
	made, _ := c.shapes.LoadOrStore(key, make())
	return made.(storage.Tree)
}

// NewCatalogue makes a catalogue. Of the models that fit an image the first counts; an image that none fits has the usual commands, and
// its programs stay up quietly.
func NewCatalogue(models ...Model) *Catalogue { return &Catalogue{models: models} }

// With is the catalogue with models that count before its own.
func (c *Catalogue) With(models ...Model) *Catalogue {
	if len(models) == 0 {
		return c
	}
	return NewCatalogue(slices.Concat(models, c.models)...)
}

// Find is the model of an image, by its name as a Pod has it.
func (c *Catalogue) Find(name string) *Image {
	if known, found := c.known.Load(name); found {
		return known.(*Image)
	}
	r, err := ParseReference(name)
	if err != nil {
		r = Reference{Domain: "docker.io", Repository: "library/invalid", Tag: "latest"}
	}
	made := c.make(r)
	made.Reference = r
	if made.Dir == "" {
		made.Dir = "/"
	}
	if made.Root == nil {
		made.Root = DebianRoot
	}
	found, _ := c.known.LoadOrStore(name, &made)
	return found.(*Image)
}

func (c *Catalogue) make(r Reference) Image {
	for _, model := range c.models {
		if model.Fits(r) {
			return *model.Make(r)
		}
	}
	return Image{Root: FullRoot, Unknown: true}
}
