package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed tutorials
var tutorials embed.FS

// Summary describes a built-in page.
type Summary struct {
	Name       string // what Open takes
	Title      string
	Level      Level
	Teaches    []string
	Kubernetes string // the version of its cluster; empty: the default
	Commands   int    // how many commands it verifies
}

// Builtin lists the built-in pages by name. It panics if one cannot be read, which the package's tests rule out.
func Builtin() []Summary {
	var summaries []Summary
	for _, name := range builtinNames() {
		page, err := Open(name)
		if err != nil {
			panic("scenarios: " + err.Error())
		}
		summaries = append(summaries, Summary{
			Name:       name,
			Title:      page.FrontMatter.Title,
			Level:      page.FrontMatter.Level,
			Teaches:    page.FrontMatter.Teaches,
			Kubernetes: page.FrontMatter.Kubernetes,
			Commands:   len(page.Steps()),
		})
	}
	return summaries
}

// Open reads a built-in page and the manifests that lie beside it. An unknown name is an error with the nearest name as a hint.
func Open(name string) (*Page, error) {
	names := builtinNames()
	folder := ""
	for _, known := range names {
		if name == known {
			folder = path.Join("tutorials", known)
		}
	}
	if folder == "" {
		return nil, fmt.Errorf("expected a built-in scenario or the path of a Markdown page, found %s\nhint: %s", quote(name), didYouMean(name, names, "\"stsim list\" shows all scenarios"))
	}
	data, err := tutorials.ReadFile(path.Join(folder, "page.md"))
	if err != nil {
		return nil, err
	}
	page, err := Parse(path.Join(folder, "page.md"), data)
	if err != nil {
		return nil, err
	}
	page.Manifests, err = manifests(folder)
	return page, err
}

func builtinNames() []string {
	entries, err := tutorials.ReadDir("tutorials")
	if err != nil {
		panic("scenarios: " + err.Error()) // the folder is part of the program
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// manifests reads all files of a folder except the page, by name, with paths relative to the folder.
func manifests(folder string) ([]File, error) {
	var files []File
	err := fs.WalkDir(tutorials, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == path.Join(folder, "page.md") {
			return err
		}
		data, err := tutorials.ReadFile(name)
		files = append(files, File{
			Name:     strings.TrimPrefix(name, folder+"/"),
			Language: strings.TrimPrefix(path.Ext(name), "."),
			Content:  string(data),
		})
		return err
	})
	return files, err
}
