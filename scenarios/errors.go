package scenarios

import (
	"fmt"
	"strings"
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
	if word, ok := nearest(found, words); ok {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return otherwise
}

// nearest gives the word with the smallest edit distance to found; the first of several. A word is near when no more than
// a third of it (and of found), but at least two characters, would have to be changed.
func nearest(found string, words []string) (word string, ok bool) {
	found = strings.ToLower(found)
	if len(found) > 4*maxQuote {
		return "", false
	}
	best := -1
	for _, candidate := range words {
		distance := editDistance(found, strings.ToLower(candidate))
		allowed := max(2, min(len(found), len(candidate))/3)
		if distance <= allowed && (best < 0 || distance < best) {
			best, word = distance, candidate
		}
	}
	return word, best >= 0
}

// editDistance counts the characters to insert, delete or replace to make b of a (Levenshtein).
func editDistance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			replace := diagonal
			if x != y {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
