package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminalWidth says whether a person looks at the output, and how wide their terminal is (0 when it does not say).
func terminalWidth(out io.Writer) (width int, terminal bool) {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0, true
	}
	return width, true
}
