package api

import "strings"

// longestGuess is how long a word may be for which a near one is looked for, in bytes.
const longestGuess = 240

// Nearest gives the word with the smallest edit distance to found, without regard to upper and lower case; the first of several. A word is near when no
// more than a third of it (and of found), but at least two characters, would have to be changed.
func Nearest(found string, words []string) (word string, ok bool) {
	found = strings.ToLower(found)
	if len(found) > longestGuess {
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
