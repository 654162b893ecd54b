package kernel

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// Answer is the answer to one question: the nth of its label, counted from 0.
type Answer struct {
	Label string `json:"label"`
	Nth   int    `json:"nth"`
	Taken int    `json:"taken"`
}

// String is the text that [ParseAnswer] reads: "11th late kubelet default/web-0 = 3".
func (a Answer) String() string { return fmt.Sprintf("%s %s = %d", Ordinal(a.Nth+1), a.Label, a.Taken) }

var answerText = regexp.MustCompile(`^([0-9]{1,9})(?:st|nd|rd|th) (\S.*\S) = ([0-9]{1,9})$`)

// ParseAnswer reads an answer as String writes it.
func ParseAnswer(text string) (Answer, error) {
	parts := answerText.FindStringSubmatch(text)
	if parts == nil || strings.TrimLeft(parts[1], "0") == "" {
		return Answer{}, fmt.Errorf("expected an answer such as \"11th late kubelet default/web-0 = 3\", found %q", text)
	}
	nth, _ := strconv.Atoi(parts[1])
	taken, _ := strconv.Atoi(parts[3])
	return Answer{Label: parts[2], Nth: nth - 1, Taken: taken}, nil
}

// Ordinal is 1st, 2nd, 3rd, 4th, ...
func Ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// Labelled draws every answer from a seed, the question's label and how often that label was asked before, and from nothing else. So a history
// that leaves out one question gets the same answers to all others, which is what shrinking needs: with [Seeded] everything
// after it would come out otherwise.
//
// Some questions have a quiet answer, which is 0, and odds of another one; these are remembered, and can be given again.
type Labelled struct {
	seed   uint64             // of the questions without a quiet answer
	odd    uint64             // seed of the odd answers
	odds   map[string]float64 // by the first word of a label
	asked  map[string]int
	given  map[question]int
	record []Answer
}

type question struct {
	label string
	nth   int
}

// NewLabelled draws from a seed. Questions whose label begins with a word in odds are answered as given, otherwise with 0
// except with these odds (from 0 to 1); all others are drawn, each way as likely. Neither odds nor answers are changed later.
func NewLabelled(seed uint64, odds map[string]float64, given ...Answer) *Labelled {
	l := &Labelled{seed: seed, odd: seed, odds: odds, asked: map[string]int{}, given: map[question]int{}}
	for _, answer := range given {
		l.given[question{answer.Label, answer.Nth}] = answer.Taken
	}
	return l
}

// Choose implements [Chooser].
func (l *Labelled) Choose(label string, n int) int {
	mustBePositive(label, n)
	if n == 1 {
		return 0
	}
	nth := l.asked[label]
	l.asked[label] = nth + 1
	word, _, _ := strings.Cut(label, " ")
	odds, quiet := l.odds[word]
	if !quiet {
		return int(draw(l.seed, label, nth) % uint64(n))
	}
	taken, given := l.given[question{label, nth}]
	switch {
	case given:
		taken = min(max(taken, 0), n-1)
	case odds > 0:
		if drawn := draw(l.odd, label, nth); float64(drawn>>40)/(1<<24) < odds {
			taken = 1 + int(Mix(drawn)%uint64(n-1))
		}
	}
	if taken != 0 {
		l.record = append(l.record, Answer{Label: label, Nth: nth, Taken: taken})
	}
	return taken
}

// With gives a Chooser that goes on from here, with odds of its own whose answers are drawn from another seed, and with answers given.
func (l *Labelled) With(odd uint64, odds map[string]float64, given ...Answer) *Labelled {
	next := NewLabelled(l.seed, odds, given...)
	next.odd, next.asked = odd, maps.Clone(l.asked)
	return next
}

// Asked is how often a question of that label was asked that has more than one answer.
func (l *Labelled) Asked(label string) int { return l.asked[label] }

// Calm ends all oddness: from now on every question that has a quiet answer gets it.
func (l *Labelled) Calm() {
	calm := make(map[string]float64, len(l.odds))
	for word := range l.odds {
		calm[word] = 0
	}
	l.odds, l.given = calm, nil
}

// Fork implements [Chooser].
func (l *Labelled) Fork() Chooser {
	twin := *l
	twin.asked = maps.Clone(l.asked)
	twin.record = l.record[:len(l.record):len(l.record)]
	return &twin
}

// Record lists the answers other than the quiet one to questions that have odds, in the order in which they were asked.
func (l *Labelled) Record() []Answer { return l.record }

// draw is a number of 64 bits that follows from seed, label and count: FNV-1a over the label, then mixed.
func draw(seed uint64, label string, nth int) uint64 {
	hash := uint64(0xcbf29ce484222325) ^ seed
	for i := range len(label) {
		hash = (hash ^ uint64(label[i])) * 0x100000001b3
	}
	return Mix(Mix(hash+0x9e3779b97f4a7c15) + uint64(nth))
}
