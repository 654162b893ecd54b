package applet

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// delimited takes text up to an unescaped delimiter. An escaped delimiter loses its backslash;
// in a pattern a delimiter within brackets counts as text.
func (p *sedParser) delimited(delimiter byte, pattern bool) (string, error) {
	var out strings.Builder
	bracket := false
	for p.at < len(p.text) {
		char := p.text[p.at]
		p.at++
		switch {
		case bracket:
			if char == ']' {
				bracket = false
			}
			out.WriteByte(char)
		case char == delimiter:
			return out.String(), nil
		case char == '\\' && p.at < len(p.text):
			next := p.text[p.at]
			p.at++
			if next != delimiter {
				out.WriteByte('\\')
			}
			out.WriteByte(next)
		case pattern && char == '\n':
			return "", plainError("unterminated")
		case pattern && char == '[':
			bracket = true
			out.WriteByte(char)
			for p.at < len(p.text) && p.text[p.at] == '^' {
				out.WriteByte('^')
				p.at++
			}
			if p.peek() == ']' {
				out.WriteByte(']')
				p.at++
			}
			if class := p.text[p.at:]; strings.HasPrefix(class, "[:") {
				if end := strings.Index(class, ":]"); end > 0 {
					out.WriteString(class[:end+2])
					p.at += end + 2
				}
			}
		default:
			out.WriteByte(char)
		}
	}
	return "", plainError("unterminated")
}

// substitution reads the rest of an s command.
func (p *sedParser) substitution(command *sedCommand) error {
	delimiter := p.peek()
	p.at++
	if delimiter == 0 || delimiter == '\n' || delimiter == '\\' {
		return plainError("unterminated `s' command")
	}
	pattern, err := p.delimited(delimiter, true)
	if err != nil {
		return plainError("unterminated `s' command")
	}
	replacement, err := p.delimited(delimiter, false)
	if err != nil {
		return plainError("unterminated `s' command")
	}
	flags := ""
	for done := false; !done; {
		switch char := p.peek(); {
		case char == 'g':
			command.global = true
		case char == 'p':
			command.print = true
		case char == 'i' || char == 'I':
			flags += "i"
		case char == 'm' || char == 'M':
			flags += "m"
		case char >= '1' && char <= '9':
			command.number = p.integer()
			continue
		case char == 'w':
			p.at++
			p.skip(" \t")
			if command.file = p.line(); command.file == "" {
				return plainError("missing filename in r/R/w/W commands")
			}
			continue
		case char == 'e':
			return plainError("the flag `e' of `s' (run a program) is not simulated")
		case char == 0 || strings.IndexByte(" \t\n;}#", char) >= 0:
			done = true
			continue
		default:
			p.at++
			return plainError("unknown option to `s'")
		}
		p.at++
	}
	if command.pattern, err = p.compile(pattern, flags); err != nil {
		return err
	}
	command.pieces = sedReplacement(replacement)
	if command.pattern != nil {
		for _, piece := range command.pieces {
			if piece.group > command.pattern.NumSubexp() {
				return plainError("invalid reference \\" + string(rune('0'+piece.group)) + " on `s' command's RHS")
			}
		}
	}
	return nil
}

// sedReplacement reads the right side of an s command.
func sedReplacement(text string) []sedPiece {
	var pieces []sedPiece
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			pieces = append(pieces, sedPiece{text: literal.String(), group: -1})
			literal.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '&':
			flush()
			pieces = append(pieces, sedPiece{})
		case text[i] == '\\' && i+1 < len(text):
			i++
			switch char := text[i]; {
			case char >= '0' && char <= '9':
				flush()
				pieces = append(pieces, sedPiece{group: int(char - '0')})
			case strings.IndexByte("ULulE", char) >= 0:
				flush()
				pieces = append(pieces, sedPiece{group: -1, fold: char})
			case char == 'n':
				literal.WriteByte('\n')
			case char == 't':
				literal.WriteByte('\t')
			case char == 'r':
				literal.WriteByte('\r')
			default:
				literal.WriteByte(char)
			}
		default:
			literal.WriteByte(text[i])
		}
	}
	flush()
	return pieces
}

// transliteration reads the rest of a y command.
func (p *sedParser) transliteration(command *sedCommand) error {
	delimiter := p.peek()
	p.at++
	from, err := p.delimited(delimiter, false)
	if err != nil {
		return plainError("unterminated `y' command")
	}
	to, err := p.delimited(delimiter, false)
	if err != nil {
		return plainError("unterminated `y' command")
	}
	from, _ = unescape(from, false)
	to, _ = unescape(to, false)
	if utf8.RuneCountInString(from) != utf8.RuneCountInString(to) {
		return plainError("strings for `y' command are different lengths")
	}
	command.mapping = map[rune]rune{}
	target := []rune(to)
	for i, char := range []rune(from) {
		if _, known := command.mapping[char]; !known {
			command.mapping[char] = target[i]
		}
	}
	return nil
}

// substitute does an s command on text.
func (c sedCommand) substitute(text string) (string, bool) {
	wanted := max(c.number, 1)
	var out strings.Builder
	last, seen := 0, 0
	most := wanted
	if c.global {
		most = -1
	}
	for _, at := range c.pattern.FindAllStringSubmatchIndex(text, most) {
		if seen++; seen < wanted {
			continue
		}
		out.WriteString(text[last:at[0]])
		c.replace(&out, text, at)
		last = at[1]
		if !c.global {
			break
		}
	}
	if seen < wanted {
		return text, false
	}
	out.WriteString(text[last:])
	return out.String(), true
}

// replace writes the replacement for one match.
func (c sedCommand) replace(out *strings.Builder, text string, at []int) {
	var all, next byte
	for _, piece := range c.pieces {
		switch piece.fold {
		case 'U', 'L':
			all = piece.fold
			continue
		case 'E':
			all = 0
			continue
		case 'u', 'l':
			next = piece.fold
			continue
		}
		part := piece.text
		if piece.group >= 0 {
			part = ""
			if from := at[2*piece.group]; from >= 0 {
				part = text[from:at[2*piece.group+1]]
			}
		}
		switch all {
		case 'U':
			part = strings.ToUpper(part)
		case 'L':
			part = strings.ToLower(part)
		}
		if next != 0 && part != "" {
			char, width := utf8.DecodeRuneInString(part)
			if next == 'u' {
				part = string(unicode.ToUpper(char)) + part[width:]
			} else {
				part = string(unicode.ToLower(char)) + part[width:]
			}
			next = 0
		}
		out.WriteString(part)
	}
}
