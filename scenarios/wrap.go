package scenarios

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/util"
)

// piece is text in one style; word is pieces without a space between them. A nil word breaks the line.
type piece struct {
	text  string
	style string // as Printer.paint takes it
}

type word []piece

// collector cuts running text into words.
type collector struct {
	words []word
	glued bool // the next text continues the last word
}

func (c *collector) text(text, style string) {
	text = clean(strings.ReplaceAll(text, "\n", " "))
	for i, part := range strings.FieldsFunc(text, isSpace) {
		if i > 0 || isSpace(rune(text[0])) {
			c.glued = false
		}
		c.unbroken(part, style)
	}
	if text != "" && isSpace(rune(text[len(text)-1])) {
		c.glued = false
	}
}

// unbroken adds text that stays on one line, spaces and all.
func (c *collector) unbroken(text, style string) {
	text = clean(text)
	if c.glued && len(c.words) > 0 {
		last := len(c.words) - 1
		c.words[last] = append(c.words[last], piece{text, style})
	} else {
		c.words = append(c.words, word{{text, style}})
	}
	c.glued = true
}

func (c *collector) lineBreak() {
	c.words = append(c.words, nil)
	c.glued = false
}

func (c *collector) lastWord() string {
	if len(c.words) == 0 {
		return ""
	}
	text := ""
	for _, piece := range c.words[len(c.words)-1] {
		text += piece.text
	}
	return text
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' }

// plainWords cuts text into words without a style.
func plainWords(text string) []word {
	var c collector
	c.text(text, "")
	return c.words
}

// breakLines puts words on lines of at most width columns. A word wider than that gets a line of its own.
func breakLines(words []word, width int) [][]word {
	var lines [][]word
	var line []word
	for _, next := range words {
		if next == nil {
			lines, line = append(lines, line), nil
			continue
		}
		if len(line) > 0 && lineWidth(line)+1+lineWidth([]word{next}) > width {
			lines, line = append(lines, line), nil
		}
		line = append(line, next)
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// lineWidth is how many columns words take side by side.
func lineWidth(line []word) int {
	width := max(len(line)-1, 0)
	for _, word := range line {
		for _, piece := range word {
			width += textWidth(piece.text)
		}
	}
	return width
}

// wrap sets words in lines of at most width columns, with their styles.
func (p *Printer) wrap(words []word, width int) []string {
	var lines []string
	for _, line := range breakLines(words, width) {
		lines = append(lines, p.join(line))
	}
	return lines
}

// join sets words side by side, with their styles.
func (p *Printer) join(line []word) string {
	text := ""
	for i, word := range line {
		text += pick(i > 0, " ", "")
		for _, piece := range word {
			text += p.paint(piece.style, piece.text)
		}
	}
	return text
}

// textWidth is how many columns of a terminal text takes: two for the wide characters of East Asian scripts and for emoji,
// none for marks that combine with the character before them.
func textWidth(text string) int {
	width := 0
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case isWide(r):
			width += 2
		default:
			width++
		}
	}
	return width
}

var wideRanges = [][2]rune{
	{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
	{0x1f300, 0x1faff}, {0x20000, 0x3fffd},
}

func isWide(r rune) bool {
	for _, bounds := range wideRanges {
		if r >= bounds[0] && r <= bounds[1] {
			return true
		}
	}
	return false
}

// unescape undoes backslashes and character references, which stay in the text that goldmark hands out.
func unescape(text []byte) []byte {
	return util.ResolveEntityNames(util.ResolveNumericReferences(util.UnescapePunctuations(text)))
}
