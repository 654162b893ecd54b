package property

import (
	"fmt"
	"strings"
)

// Error says what is wrong with the text of a property.
type Error struct {
	Text     string // the property as given to Parse
	Offset   int    // in bytes, from 0
	Expected string
	Found    string
	Hint     string // what to do; may be empty
}

// Error is "property "...", character N: expected ..., found ...", and on a second line "hint: ...".
func (e *Error) Error() string {
	before := e.Text[:min(e.Offset, len(e.Text))]
	text := fmt.Sprintf("property %q, character %d: expected %s, found %s", shorten(e.Text), len([]rune(before))+1, e.Expected, e.Found)
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// shorten keeps a message readable.
func shorten(text string) string {
	const most = 100
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}

// didYouMean is a hint with the word that is nearest to found, or otherwise when none is near.
func didYouMean(found string, words []string, otherwise string) string {
	best, word := -1, ""
	for _, candidate := range words {
		distance := editDistance(strings.ToLower(found), strings.ToLower(candidate))
		near := distance <= max(1, min(len(found), len(candidate))/3)
		if near && (best < 0 || distance < best) {
			best, word = distance, candidate
		}
	}
	if best < 0 {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q?", word)
}

// editDistance counts the bytes to insert, delete or replace, or the neighbours to swap, to make b of a.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := last[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
