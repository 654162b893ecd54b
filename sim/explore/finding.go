package explore

// Finding is a sentence that broke, and the shortest history found in which it does.
type Finding struct {
	Breach
	History History `json:"history"`
	From    Drawn   `json:"from"`
}

// Drawn is what a finding was shrunk from: the history that its seed draws.
type Drawn struct {
	Actions int `json:"actions"`
	Odd     int `json:"odd"` // odd answers
}

// maxShrink is how many histories are lived to make a finding shorter.
const maxShrink = 500

// Find shrinks what came out broken.
func (w *World) Find(outcome Outcome) Finding {
	breach := *outcome.Breach
	shrunk := w.Shrink(outcome.History, breach.Sentence, maxShrink)
	if again := w.Live(shrunk); again.Breach != nil && again.Breach.Sentence == breach.Sentence {
		breach, shrunk = *again.Breach, again.History
	} else {
		shrunk = outcome.History
	}
	return Finding{Breach: breach, History: shrunk, From: Drawn{len(outcome.Actions), len(outcome.Odd)}}
}
