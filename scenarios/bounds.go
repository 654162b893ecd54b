package scenarios

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	mdparser "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Bounds of the Markdown. The parser takes time that grows with the square of these, so they are what keeps a page made to
// hang the program from doing so. No page for people comes near them.
const (
	MaxNesting   = 64      // lists and quotations inside each other that begin on one line
	MaxParagraph = 8 << 10 // bytes of one paragraph, heading or table
	MaxColumns   = 64      // vertical bars in one line of a table
)

// outline reads the blocks of Markdown and leaves the text inside them alone: fast on whatever MaxNesting lets through.
var outline = mdparser.NewParser(mdparser.WithBlockParsers(mdparser.DefaultBlockParsers()...))

// bounded refuses a body that would take the Markdown parser too long.
func (p *parser) bounded() error {
	for i, line := range p.lines[p.first-1:] {
		if nesting(line) > MaxNesting {
			return p.fail(p.first+i, fmt.Sprintf("at most %d lists and quotations inside each other", MaxNesting), "more on one line", "put the text on fewer levels")
		}
	}
	return ast.Walk(outline.Parse(text.NewReader(p.body)), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch node.(type) {
		case *ast.Paragraph, *ast.TextBlock, *ast.Heading:
		default:
			return ast.WalkContinue, nil
		}
		if !entering || node.Lines().Len() == 0 {
			return ast.WalkContinue, nil
		}
		line, size := p.line(node.Lines().At(0).Start), 0
		for i := range node.Lines().Len() {
			segment := node.Lines().At(i)
			size += segment.Len()
			if bytes.Count(segment.Value(p.body), []byte("|")) > MaxColumns {
				return ast.WalkStop, p.fail(line+i, fmt.Sprintf("at most %d vertical bars in a line", MaxColumns), "more", "make the table narrower")
			}
		}
		if size > MaxParagraph {
			return ast.WalkStop, p.fail(line, fmt.Sprintf("a paragraph of at most %d bytes", MaxParagraph), fmt.Sprintf("%d bytes", size), "put a blank line in it")
		}
		return ast.WalkSkipChildren, nil
	})
}

// nesting counts the marks at the start of a line that begin a list or a quotation.
func nesting(line string) int {
	count := 0
	for {
		line = strings.TrimLeft(line, " \t")
		digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
		switch {
		case strings.HasPrefix(line, ">"):
			line = line[1:]
		case len(line) > 1 && strings.Contains("-+*", line[:1]) && (line[1] == ' ' || line[1] == '\t'):
			line = line[2:]
		case digits > 0 && len(line) > digits && (line[digits] == '.' || line[digits] == ')'):
			line = line[digits+1:]
		default:
			return count
		}
		count++
	}
}
