package sql

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// format is how a client shows answers.
type format struct {
	table, vertical bool
	names, raw      bool
	talk            bool // at a prompt: says how many rows
}

func (f format) print(w io.Writer, r Result) {
	switch {
	case !r.Query && r.Schema != "":
		if f.talk {
			fmt.Fprint(w, "Database changed\n")
		}
		return
	case !r.Query:
		if f.talk {
			f.done(w, r)
		}
		return
	}
	switch {
	case len(r.Rows) == 0:
	case f.vertical:
		printVertical(w, r)
	case f.table:
		f.printTable(w, r)
	default:
		f.printTabs(w, r)
	}
	if !f.talk {
		return
	}
	switch len(r.Rows) {
	case 0:
		fmt.Fprint(w, "Empty set (0.00 sec)\n\n")
	case 1:
		fmt.Fprint(w, "1 row in set (0.00 sec)\n\n")
	default:
		fmt.Fprintf(w, "%d rows in set (0.00 sec)\n\n", len(r.Rows))
	}
}

func (f format) done(w io.Writer, r Result) {
	rows := "rows"
	if r.Affected == 1 {
		rows = "row"
	}
	fmt.Fprintf(w, "Query OK, %d %s affected", r.Affected, rows)
	if r.Warnings > 0 {
		fmt.Fprintf(w, ", %d warning", r.Warnings)
	}
	fmt.Fprint(w, " (0.00 sec)\n")
	if r.Info != "" {
		fmt.Fprintf(w, "%s\n", r.Info)
	}
	fmt.Fprint(w, "\n")
}

func (f format) printTable(w io.Writer, r Result) {
	widths := make([]int, len(r.Columns))
	for i, column := range r.Columns {
		if f.names {
			widths[i] = utf8.RuneCountInString(column.Name)
		}
		for _, row := range r.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].Show()))
		}
	}
	var rule strings.Builder
	for _, width := range widths {
		rule.WriteString("+" + strings.Repeat("-", width+2))
	}
	rule.WriteString("+\n")
	var b strings.Builder
	b.WriteString(rule.String())
	if f.names {
		for i, column := range r.Columns {
			b.WriteString("| " + pad(column.Name, widths[i], false) + " ")
		}
		b.WriteString("|\n" + rule.String())
	}
	for _, row := range r.Rows {
		for i, value := range row {
			b.WriteString("| " + pad(value.Show(), widths[i], r.Columns[i].Right) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString(rule.String())
	_, _ = io.WriteString(w, b.String())
}

func pad(text string, width int, right bool) string {
	blank := strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
	if right {
		return blank + text
	}
	return text + blank
}

func (f format) printTabs(w io.Writer, r Result) {
	var b strings.Builder
	if f.names {
		for i, column := range r.Columns {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(column.Name)
		}
		b.WriteByte('\n')
	}
	escape := strings.NewReplacer("\\", `\\`, "\n", `\n`, "\t", `\t`, "\x00", `\0`)
	for _, row := range r.Rows {
		for i, value := range row {
			if i > 0 {
				b.WriteByte('\t')
			}
			if f.raw {
				b.WriteString(value.Show())
			} else {
				b.WriteString(escape.Replace(value.Show()))
			}
		}
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(w, b.String())
}

func printVertical(w io.Writer, r Result) {
	width := 0
	for _, column := range r.Columns {
		width = max(width, utf8.RuneCountInString(column.Name))
	}
	for n, row := range r.Rows {
		stars := strings.Repeat("*", 27)
		fmt.Fprintf(w, "%s %d. row %s\n", stars, n+1, stars)
		for i, value := range row {
			fmt.Fprintf(w, "%s: %s\n", pad(r.Columns[i].Name, width, true), value.Show())
		}
	}
}
