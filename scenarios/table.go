package scenarios

import (
	"strings"

	extast "github.com/yuin/goldmark/extension/ast"
)

// table aligns columns by their widest cell, two spaces apart, with a rule below the header. Columns of several words get narrower when the table
// is too wide.
func (r *renderer) table(node *extast.Table, width int) []string {
	var rows [][][]word
	var widths, least []int // of columns: as wide as the widest cell, and as its longest word
	for row := node.FirstChild(); row != nil; row = row.NextSibling() {
		var cells [][]word
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			words := r.words(cell, pick(len(rows) == 0, bold, ""))
			if len(cells) == len(widths) {
				widths, least = append(widths, 0), append(least, 0)
			}
			at := len(cells)
			widths[at] = max(widths[at], lineWidth(words))
			for _, one := range words {
				least[at] = max(least[at], lineWidth([]word{one}))
			}
			cells = append(cells, words)
		}
		rows = append(rows, cells)
	}
	narrow(widths, least, width)
	var lines []string
	for i, cells := range rows {
		lines = append(lines, r.row(cells, widths)...)
		if i == 0 {
			rule := ""
			for _, width := range widths {
				rule += strings.Repeat("-", width) + "  "
			}
			lines = append(lines, strings.TrimRight(rule, " "))
		}
	}
	return lines
}

// narrow takes from the widest column that can give until the table fits, or none can.
func narrow(widths, least []int, width int) {
	total := 2 * (len(widths) - 1)
	for _, width := range widths {
		total += width
	}
	for ; total > width; total-- {
		widest := -1
		for at := range widths {
			if widths[at] > least[at] && (widest < 0 || widths[at] > widths[widest]) {
				widest = at
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// row sets the cells of one row side by side.
func (r *renderer) row(cells [][]word, widths []int) []string {
	lines, ends := []string{""}, []int{0}
	left := 0 // where the column begins
	for at, words := range cells {
		for i, line := range breakLines(words, widths[at]) {
			if i == len(lines) {
				lines, ends = append(lines, ""), append(ends, 0)
			}
			lines[i] += strings.Repeat(" ", left-ends[i]) + r.printer.join(line)
			ends[i] = left + lineWidth(line)
		}
		left += widths[at] + 2
	}
	return lines
}
