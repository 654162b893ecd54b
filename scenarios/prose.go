package scenarios

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// markdown reads CommonMark with tables.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table))

// renderProse sets Markdown as lines of text.
func (p *Printer) renderProse(source string) []string {
	body := []byte(source)
	r := &renderer{printer: p, source: body}
	return r.blocks(markdown.Parser().Parse(text.NewReader(body)), p.width, true)
}

type renderer struct {
	printer *Printer
	source  []byte
}

// blocks sets the children of a node one below the other; loose puts a blank line between them.
func (r *renderer) blocks(parent ast.Node, width int, loose bool) []string {
	width = max(width, minProseWidth)
	var lines []string
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		block := r.block(node, width)
		if len(block) == 0 {
			continue
		}
		if loose && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, block...)
	}
	return lines
}

func (r *renderer) block(node ast.Node, width int) []string {
	switch node := node.(type) {
	case *ast.Heading:
		return r.heading(node, width)
	case *ast.List:
		return r.list(node, width)
	case *ast.Blockquote:
		return prefixed(r.blocks(node, width-2, true), "> ", "> ")
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return r.code(node)
	case *ast.ThematicBreak:
		return []string{"* * *"}
	case *extast.Table:
		return r.table(node, width)
	case *ast.HTMLBlock:
		return nil
	}
	if node.Type() == ast.TypeBlock && node.FirstChild() != nil && node.FirstChild().Type() == ast.TypeBlock {
		return r.blocks(node, width, true)
	}
	return r.printer.wrap(r.words(node, ""), width)
}

// heading is underlined on the first two levels, so that a page without colours has a shape too.
func (r *renderer) heading(node *ast.Heading, width int) []string {
	words := r.words(node, bold)
	lines := r.printer.wrap(words, width)
	if len(lines) == 0 || node.Level > 2 {
		return lines
	}
	longest := 0
	for _, line := range breakLines(words, width) {
		longest = max(longest, lineWidth(line))
	}
	return append(lines, strings.Repeat(pick(node.Level == 1, "=", "-"), longest))
}

func (r *renderer) list(node *ast.List, width int) []string {
	var lines []string
	number := node.Start
	for item := node.FirstChild(); item != nil; item = item.NextSibling() {
		mark := "- "
		if node.IsOrdered() {
			mark = strconv.Itoa(number) + ". "
			number++
		}
		content := r.blocks(item, width-len(mark), !node.IsTight)
		if len(content) == 0 {
			content = []string{""}
		}
		if !node.IsTight && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, prefixed(content, mark, strings.Repeat(" ", len(mark)))...)
	}
	return lines
}

func prefixed(lines []string, first, other string) []string {
	for i, line := range lines {
		lines[i] = strings.TrimRight(pick(i == 0, first, other)+line, " ")
	}
	return lines
}

// code is indented and never wrapped.
func (r *renderer) code(node ast.Node) []string {
	content := strings.TrimRight(string(node.Lines().Value(r.source)), "\n")
	lines := strings.Split(content, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("    "+r.printer.paint(cyan, clean(line)), " ")
	}
	return lines
}

// words cuts the inline content of a node into words; style is what surrounds it.
func (r *renderer) words(node ast.Node, style string) []word {
	var c collector
	r.collect(node, style, &c)
	return c.words
}

func (r *renderer) collect(parent ast.Node, style string, c *collector) {
	for node := parent.FirstChild(); node != nil; node = node.NextSibling() {
		switch node := node.(type) {
		case *ast.Text:
			c.text(string(unescape(node.Segment.Value(r.source))), style)
			if node.HardLineBreak() {
				c.lineBreak()
			} else if node.SoftLineBreak() {
				c.text(" ", style)
			}
		case *ast.String:
			c.text(string(node.Value), style)
		case *ast.CodeSpan:
			r.codeSpan(node, c)
		case *ast.Emphasis:
			r.emphasis(node, style, c)
		case *ast.Link:
			r.collect(node, style, c)
			if target := string(node.Destination); target != c.lastWord() {
				c.text(" ("+target+")", style)
			}
		case *ast.AutoLink:
			c.text(string(node.URL(r.source)), style)
		case *ast.RawHTML:
		default:
			r.collect(node, style, c)
		}
	}
}

// emphasis is shown in the terminal's own way, or as the page has it where there are no colours.
func (r *renderer) emphasis(node *ast.Emphasis, style string, c *collector) {
	if r.printer.colour {
		r.collect(node, joinStyles(style, pick(node.Level == 1, italic, bold)), c)
		return
	}
	marks := strings.Repeat("*", node.Level)
	c.text(marks, style)
	r.collect(node, style, c)
	c.text(marks, style)
}

// codeSpan keeps its backquotes where there are no colours, and is never broken over two lines.
func (r *renderer) codeSpan(node *ast.CodeSpan, c *collector) {
	var content strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if piece, ok := child.(*ast.Text); ok {
			content.Write(piece.Segment.Value(r.source))
		}
	}
	code := strings.ReplaceAll(content.String(), "\n", " ")
	if r.printer.colour {
		c.unbroken(code, cyan)
	} else {
		c.unbroken("`"+code+"`", "")
	}
}

func joinStyles(a, b string) string {
	if a == "" || a == b {
		return b
	}
	return a + ";" + b
}
