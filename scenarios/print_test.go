package scenarios

import (
	"bytes"
	"time"
)

// printWhole shows a page as a run in which everything is as expected and nothing takes time except directives.
func printWhole(page *Page, options PrinterOptions) string {
	var shown bytes.Buffer
	printer := NewPrinter(&shown, options)
	printer.Title(page)
	clock := time.Duration(0)
	for _, block := range page.Blocks {
		switch block := block.(type) {
		case *Prose:
			printer.Prose(block.Text)
		case *File:
			printer.File(block)
		case *Directive:
			clock += block.Duration
			printer.Directive(block, clock)
			if block.Word == Check {
				printer.Verdict(true, clock, "")
			}
		case *Console:
			for _, step := range block.Steps {
				printer.Command(step)
				for _, line := range step.Expected {
					printer.Output(line.Text + "\n")
				}
				printer.Verdict(true, clock, "")
			}
		}
	}
	printer.Summary(Result{Commands: len(page.Steps()), Virtual: clock})
	return shown.String()
}
