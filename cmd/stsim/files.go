package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/stsim/stsim/sim/api"
)

// readFile reads a file, or standard input for "-". Of a file that is not there it says which one may have been meant.
func readFile(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		err = fmt.Errorf("%w%s", err, missingHint(path, err, "or - for standard input"))
	}
	return content, err
}

// missingHint is a line that names the file which may have been meant when one is not there, or else says that a path is wanted, and of what kind; "" for other errors.
func missingHint(path string, err error, kind string) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	var names []string
	entries, _ := os.ReadDir(filepath.Dir(path)) // a folder that is not there has nothing that could be meant
	for _, entry := range entries {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if near, found := api.Nearest(filepath.Base(path), names); found {
		return fmt.Sprintf("\nhint: did you mean %s?", filepath.Join(filepath.Dir(path), near))
	}
	return "\nhint: give the path of a file, " + kind
}
