package scenarios

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// notePrefix begins a comment that is for the reader of the source only.
const notePrefix = "note:"

// directiveWords are the directives in the order messages list them.
var directiveWords = slices.Concat([]string{string(Advance), string(At), string(Check), string(Breaks), string(Question)}, sim.FaultVerbs())

// longWords are the directives that a word that is none may have been meant for: nearly everything is near to one of two letters.
func longWords() []string {
	return slices.DeleteFunc(slices.Clone(directiveWords), func(word string) bool { return word == string(At) })
}

// What a page says of the commands of the next transcript with the directive quiz.
const (
	goodWord  = "good"
	neverWord = "never"
)

var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)

// comment is an HTML comment at the top level: a directive, or a note, which is no block at all.
func (p *parser) comment(node *ast.HTMLBlock) (Block, int, error) {
	line := p.startLine(node)
	content := string(node.Lines().Value(p.body))
	if node.HasClosure() {
		content += string(node.ClosureLine.Value(p.body))
	}
	last := line + strings.Count(strings.TrimSuffix(content, "\n"), "\n")
	content = strings.TrimSpace(content)
	inner, after, closed := strings.Cut(strings.TrimPrefix(content, "<!--"), "-->")
	if !closed {
		return nil, 0, p.fail(line, "--> at the end of the comment", "the end of the page", "close the comment that begins here")
	}
	if strings.HasPrefix(p.lines[line-1], " ") {
		return nil, 0, p.fail(line, "a comment in the first column", quote(p.lines[line-1])+" with spaces before it", "remove the spaces")
	}
	if after != "" {
		return nil, 0, p.fail(last, "nothing after -->", quote(after), "put it on the next line")
	}
	inner = strings.TrimSpace(inner)
	if strings.HasPrefix(inner, notePrefix) {
		return nil, last, nil
	}
	directive, err := p.directive(line, inner)
	return directive, last, err
}

func (p *parser) directive(line int, comment string) (*Directive, error) {
	word, argument := comment, ""
	if end := strings.IndexAny(comment, " \t\n"); end >= 0 {
		word, argument = comment[:end], strings.TrimSpace(comment[end:])
	}
	directive := &Directive{Line: line, Word: Word(word)}
	switch directive.Word {
	case Advance:
		duration, err := api.ParseDuration(argument)
		if err != nil || duration <= 0 || duration > MaxAdvance {
			return nil, p.fail(line, "a duration above 0 and of at most 3650d after advance", quote(argument), "write for example <!-- advance 5m -->")
		}
		directive.Duration = duration
	case At:
		instant, err := api.ParseDuration(argument)
		if err != nil || instant < 0 || instant > MaxAdvance {
			return nil, p.fail(line, "a time of at most 3650d since the page began after at", quote(argument), "write for example <!-- at 14s -->")
		}
		directive.Duration = instant
	case Breaks:
		if err := p.breaks(directive, argument); err != nil {
			return nil, err
		}
	case Question:
		directive.Good = argument == goodWord
		if argument != goodWord && argument != neverWord {
			return nil, p.fail(line, "quiz good or quiz never", quote(argument), didYouMean(argument, []string{goodWord, neverWord}, "it is about the commands of the next transcript"))
		}
	case Check:
		if err := p.check(directive, argument); err != nil {
			return nil, err
		}
	default:
		if !slices.Contains(directiveWords, word) {
			return nil, p.fail(line, oneOf(directiveWords), quote(word),
				didYouMean(word, append([]string{notePrefix}, longWords()...), "a comment that is no directive begins with \"note:\""))
		}
		fault, err := sim.ParseFault(comment)
		var wrong *sim.FaultError
		if errors.As(err, &wrong) {
			hint := wrong.Hint
			if hint == "" {
				hint = "write for example <!-- " + wrong.Example + " -->"
			}
			return nil, p.fail(line, wrong.Expected, wrong.Found, hint)
		}
		directive.Word, directive.Fault = Befall, fault
	}
	return directive, nil
}
