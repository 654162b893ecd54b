package scenarios

import (
	"bytes"
	"fmt"
	"path"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"github.com/stsim/stsim/sim/api"
)

// Parse reads a page. name is for messages, most often the file's path. The error is an *Error.
//
// The page's structure comes from a Markdown parser, so a transcript quoted inside a longer fence stays prose. Whatever the
// engine acts on must begin in the first column, outside of lists and quotations.
func Parse(name string, data []byte) (*Page, error) {
	p := &parser{page: &Page{Name: name, source: data}}
	if err := p.parse(data); err != nil {
		return nil, err
	}
	return p.page, nil
}

type parser struct {
	page   *Page
	lines  []string // without line ends; lines[0] is line 1
	starts []int    // byte offset in body at which each line begins; see line
	body   []byte   // the Markdown after the front matter
	first  int      // number of body's first line, from 1
	steps  int      // commands so far
}

func (p *parser) fail(line int, expected, found, hint string) *Error {
	return &Error{File: p.page.Name, Line: line, Expected: expected, Found: found, Hint: hint}
}

func (p *parser) parse(data []byte) error {
	if len(data) > MaxPageSize {
		return p.fail(1, fmt.Sprintf("a page of at most %d bytes", MaxPageSize), fmt.Sprintf("%d bytes", len(data)), "split the page in two")
	}
	p.lines = splitLines(data)
	for i, line := range p.lines {
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			return p.fail(i+1, "text in UTF-8", "other bytes", "save the page as UTF-8")
		}
	}
	body, err := p.frontMatter()
	if err != nil {
		return err
	}
	return p.blocks(body)
}

// splitLines cuts data at line feeds and drops carriage returns at the end of a line.
func splitLines(data []byte) []string {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(data) == 0 {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSuffix(line, "\r")
	}
	return lines
}

// blocks parses the Markdown from line number first (counted from 1) to the end.
func (p *parser) blocks(first int) error {
	p.first = first
	var body strings.Builder
	for _, line := range p.lines[first-1:] {
		p.starts = append(p.starts, body.Len())
		body.WriteString(line)
		body.WriteByte('\n')
	}
	p.body = []byte(body.String())
	if err := p.bounded(); err != nil {
		return err
	}
	document := markdown.Parser().Parse(text.NewReader(p.body))
	next := first // first line that belongs to no block yet
	for node := document.FirstChild(); node != nil; node = node.NextSibling() {
		block, last, err := p.block(node)
		if err != nil {
			return err
		}
		if last == 0 {
			continue
		}
		start := p.startLine(node)
		p.prose(next, start)
		next = last + 1
		if block != nil {
			p.page.Blocks = append(p.page.Blocks, block)
		}
	}
	p.prose(next, len(p.lines)+1)
	return nil
}

// block gives the block that a top-level node is and the number of its last line; 0 if it is prose.
func (p *parser) block(node ast.Node) (Block, int, error) {
	switch node := node.(type) {
	case *ast.FencedCodeBlock:
		return p.fence(node)
	case *ast.HTMLBlock:
		if node.HTMLBlockType == ast.HTMLBlockType2 {
			return p.comment(node)
		}
	}
	return nil, 0, p.nothingHidden(node)
}

// prose adds the lines from start up to, not including, end as a block, unless they are blank.
func (p *parser) prose(start, end int) {
	for start < end && blank(p.lines[start-1]) {
		start++
	}
	for start < end && blank(p.lines[end-2]) {
		end--
	}
	if start < end {
		p.page.Blocks = append(p.page.Blocks, &Prose{Line: start, Text: strings.Join(p.lines[start-1:end-1], "\n")})
	}
}

// nothingHidden refuses what the engine would act on if it stood at the top level: silence would hide a step that never ran.
func (p *parser) nothingHidden(top ast.Node) error {
	return ast.Walk(top, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.FencedCodeBlock:
			language, attributes := p.info(node)
			if language == "console" || len(attributes) > 0 {
				line := p.startLine(node)
				return ast.WalkStop, p.fail(line, "a fence at the top level of the page", quote(p.lines[line-1])+" inside a list or quotation",
					"end the list before the fence")
			}
		case *ast.HTMLBlock:
			return p.noDirective(p.startLine(node), node.Lines().Value(p.body))
		case *ast.RawHTML:
			return p.noDirective(p.line(node.Segments.At(0).Start), node.Segments.Value(p.body))
		}
		return ast.WalkContinue, nil
	})
}

// noDirective refuses a comment among other text, unless it is a note.
func (p *parser) noDirective(line int, html []byte) (ast.WalkStatus, error) {
	for rest := html; ; {
		start := bytes.Index(rest, []byte("<!--"))
		if start < 0 {
			return ast.WalkContinue, nil
		}
		line += bytes.Count(rest[:start], []byte("\n"))
		rest = rest[start:]
		comment := strings.TrimPrefix(string(rest), "<!--")
		if end := strings.Index(comment, "-->"); end >= 0 {
			comment = comment[:end]
		}
		if !strings.HasPrefix(strings.TrimSpace(comment), notePrefix) {
			return ast.WalkStop, p.fail(line, "a directive on lines of its own", "the comment "+quote(comment)+" among other text",
				"put the comment on a line of its own in the first column, or begin it with \"note:\" if it is only a comment")
		}
		rest = rest[len("<!--"):]
	}
}

// fence is a fenced block at the top level: a transcript, a file, or prose.
func (p *parser) fence(node *ast.FencedCodeBlock) (Block, int, error) {
	language, attributes := p.info(node)
	if language != "console" && len(attributes) == 0 {
		if word, near := api.Nearest(language, []string{"console"}); near {
			return nil, 0, p.fail(p.startLine(node), "the language console or another one", quote(language), fmt.Sprintf("did you mean %q?", word))
		}
		return nil, 0, nil
	}
	line := p.startLine(node)
	if opening := p.lines[line-1]; opening[0] != '`' && opening[0] != '~' {
		return nil, 0, p.fail(line, "a fence in the first column", quote(opening)+" with spaces before it", "remove the spaces")
	}
	content := p.lines[line : line+node.Lines().Len()]
	last := line + len(content) + 1
	if last > len(p.lines) {
		return nil, 0, p.fail(line, "a closing fence", "the end of the page", "close the block that begins here with the same fence")
	}
	if language == "console" {
		if len(attributes) > 0 {
			return nil, 0, p.fail(line, "nothing after the word console", quote(strings.Join(attributes, " ")), "remove it")
		}
		steps, err := p.console(line, content)
		return &Console{Line: line, Steps: steps}, last, err
	}
	name, err := p.fileName(line, attributes)
	if err != nil {
		return nil, 0, err
	}
	file := &File{Line: line, Name: name, Language: language}
	if len(content) > 0 {
		file.Content = strings.Join(content, "\n") + "\n"
	}
	return file, last, nil
}

// info splits a fence's info string into the language and the words after it. The first word is no language if it has a "=".
func (p *parser) info(node *ast.FencedCodeBlock) (language string, attributes []string) {
	if node.Info == nil {
		return "", nil
	}
	words := strings.Fields(string(node.Info.Segment.Value(p.body)))
	if len(words) > 0 && !strings.Contains(words[0], "=") {
		return words[0], words[1:]
	}
	return "", words
}

// fileName reads file=NAME, the one attribute a fence may have.
func (p *parser) fileName(line int, attributes []string) (string, error) {
	if len(attributes) > 1 {
		return "", p.fail(line, "file=NAME and no more", quote(strings.Join(attributes, " ")), "a file name has no spaces in it")
	}
	name, ok := strings.CutPrefix(attributes[0], "file=")
	if !ok {
		return "", p.fail(line, "file=NAME", quote(attributes[0]), "write for example ```yaml file=web.yaml")
	}
	if name == "" || len(name) > 255 || path.IsAbs(name) || path.Clean(name) != name || name == "." || strings.HasPrefix(name, "..") {
		return "", p.fail(line, "a relative file name of at most 255 bytes", quote(name), "write for example file=web.yaml")
	}
	return name, nil
}

// startLine is the number of the line on which a fence or an HTML block begins.
func (p *parser) startLine(node ast.Node) int {
	switch node := node.(type) {
	case *ast.FencedCodeBlock:
		if node.Info != nil {
			return p.line(node.Info.Segment.Start)
		}
	case *ast.HTMLBlock:
		if node.Lines().Len() > 0 {
			return p.line(node.Lines().At(0).Start)
		}
	}
	return p.line(max(node.Pos(), 0))
}

// line is the number of the line at a byte offset of the body.
func (p *parser) line(offset int) int {
	return p.first + sort.Search(len(p.starts), func(i int) bool { return p.starts[i] > offset }) - 1
}

func blank(line string) bool { return strings.TrimSpace(line) == "" }
