package scenarios

import (
	"bytes"
	"context"
	"fmt"
)

// Fill plays a page whose outputs are left open, writes in what its commands print, and plays it once more to see that all is as it says.
//
// Errors: it is no page, or it does not do what it says: a check does not hold, something does not break, a command fails.
func Fill(ctx context.Context, name string, source []byte) ([]byte, error) {
	page, err := Parse(name, source)
	if err != nil {
		return nil, err
	}
	report, err := Run(ctx, page, Options{})
	if err != nil {
		return nil, err
	}
	if source, err = page.Update(report.Outputs); err != nil {
		return nil, err
	}
	if page, err = Parse(name, source); err != nil {
		return nil, err
	}
	var shown bytes.Buffer
	report, err = Run(ctx, page, Options{Printer: NewPrinter(&shown, PrinterOptions{})})
	switch {
	case err != nil:
		return nil, err
	case report.Stopped:
		return nil, fmt.Errorf("%s: stopped before its end", name)
	case report.Failed > 0 || len(report.Broken) > 0:
		return source, fmt.Errorf("%s does not do what it says:\n%s", name, shown.Bytes())
	}
	return source, nil
}
