package scenarios

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim/api"
)

// Error says what is malformed in a page.
type Error struct {
	File     string // the page's name as given to Parse
	Line     int    // from 1
	Expected string // what should stand there
	Found    string // what stands there
	Hint     string // what to do; may be empty
}

// Error is "file:line: expected ..., found ...", and on a second line "hint: ...".
func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d: expected %s, found %s", e.File, e.Line, e.Expected, e.Found)
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// maxQuote is how many characters of a page an error message repeats.
const maxQuote = 60

// quote shows a piece of a page in a message, on one line and not longer than maxQuote.
func quote(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return "nothing"
	}
	if runes := []rune(text); len(runes) > maxQuote {
		text = string(runes[:maxQuote]) + "..."
	}
	return fmt.Sprintf("%q", text)
}

// oneOf lists the allowed words for a message.
func oneOf(words []string) string {
	return "one of " + strings.Join(words, ", ")
}

// didYouMean is a hint with the word of words that is nearest to found, or otherwise if none is near.
func didYouMean(found string, words []string, otherwise string) string {
	if word, ok := api.Nearest(found, words); ok {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return otherwise
}
