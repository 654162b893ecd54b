package sim

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim/api"
)

// FaultError says what is wrong with a fault or with its text.
type FaultError struct {
	Expected string
	Found    string
	Hint     string // what to do; may be empty
	Example  string // how such a fault is written; may be empty
}

// Error is "expected ..., found ...", and on a second line "hint: ...".
func (e *FaultError) Error() string {
	text := fmt.Sprintf("expected %s, found %s", e.Expected, e.Found)
	switch {
	case e.Hint != "":
		text += "\nhint: " + e.Hint
	case e.Example != "":
		text += "\nhint: write for example " + e.Example
	}
	return text
}

// ParseFault reads the text form of a fault: a verb and what it is about, as [FaultWords] has it. The words are separated by
// spaces; an empty line is no fault.
//
// Errors: a [*FaultError].
func ParseFault(text string) (Fault, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Fault{}, unknownVerb("")
	}
	word := wordOf(FaultVerb(words[0]))
	if word == nil {
		return Fault{}, unknownVerb(words[0])
	}
	wrong := func(expected string, found []string, near ...string) (Fault, error) {
		problem := &FaultError{Expected: expected + " after " + words[0], Found: shown(strings.Join(found, " ")), Example: word.written(word.example)}
		if len(near) > 0 && len(found) == 1 {
			problem.Hint = didYouMean(found[0], near, "")
		}
		return Fault{}, problem
	}
	fault, rest := Fault{Verb: word.verb}, words[1:]
	parts := strings.Fields(word.usage)
	if without := strings.Fields(withoutOptional(word.usage)); len(rest) == len(without) {
		parts = without
	}
	if len(rest) != len(parts) {
		switch {
		case len(parts) == 0:
			return wrong("nothing", rest)
		case len(parts) == 1:
			return wrong(faultParts[parts[0]].expected, rest)
		}
		return wrong(word.usage, rest)
	}
	for i, name := range parts {
		name = strings.Trim(name, "[]")
		if part := faultParts[name]; !part.read(&fault, rest[i]) {
			var near []string
			if name == "PROBE" {
				near = probeNames
			}
			return wrong(part.expected, rest[i:i+1], near...)
		}
	}
	return fault, nil
}

// withoutOptional is a usage without what stands in brackets.
func withoutOptional(usage string) string {
	before, rest, found := strings.Cut(usage, "[")
	if !found {
		return usage
	}
	_, after, _ := strings.Cut(rest, "]")
	return before + after
}

// String is the text that [ParseFault] reads. A verb that is none stands alone.
func (f Fault) String() string {
	text := string(f.Verb)
	word := wordOf(f.Verb)
	if word == nil {
		return text
	}
	for _, name := range strings.Fields(word.usage) {
		if written := faultParts[strings.Trim(name, "[]")].write(f); written != "" {
			text += " " + written
		}
	}
	return text
}

// Told says in plain words what happens, as in "node-2 loses power".
func (f Fault) Told() string {
	word := wordOf(f.Verb)
	if word == nil {
		return string(f.Verb)
	}
	var told []string
	for _, one := range strings.Fields(word.told) {
		if part, found := faultParts[strings.Trim(one, "[]")]; found {
			if one = part.write(f); one == "" {
				continue
			}
		}
		told = append(told, one)
	}
	return strings.Join(told, " ")
}

func unknownVerb(found string) error {
	verbs := FaultVerbs()
	return &FaultError{
		Expected: "one of " + strings.Join(verbs, ", "), Found: shown(found),
		Hint: didYouMean(found, verbs, ""), Example: wordOf(Crash).written(wordOf(Crash).example),
	}
}

// didYouMean is a hint with the word that is nearest to found, or otherwise when none is near.
func didYouMean(found string, words []string, otherwise string) string {
	if word, near := api.Nearest(found, words); near && found != "" {
		return fmt.Sprintf("did you mean %q?", word)
	}
	return otherwise
}

// shown is what was found, for a message: quoted, and not too long.
func shown(found string) string {
	const most = 60
	if found == "" {
		return "nothing"
	}
	if runes := []rune(found); len(runes) > most {
		found = string(runes[:most]) + "..."
	}
	return fmt.Sprintf("%q", found)
}
