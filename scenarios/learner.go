package scenarios

import (
	"context"
	"errors"
)

// Learner is the person who goes through a page a command at a time, at a terminal or by a script.
type Learner interface {
	// Line asks for a line. It gives io.EOF when the person leaves, [ErrGivenUp] for a line that they have begun and do not want, and the error of the
	// context when that ends.
	Line(ctx context.Context, ask Ask) (string, error)
	// Echoes says whether what the person types shows on their terminal by itself.
	Echoes() bool
	// OnInterrupt has press called whenever the person presses Ctrl-C, until they are told not to. Nothing is read meanwhile.
	OnInterrupt(press func()) (stop func())
}

// Ask is how a line is asked for.
type Ask struct {
	Prompt   string
	Shown    bool                                               // a program has printed the prompt, and what is typed is shown by it too
	Suggest  string                                             // a line that the person may want to change and enter; "" for none
	Complete func(begun string) (from int, candidates []string) // what may stand from an offset of what was typed; nil: nothing is offered
}

// ErrGivenUp is a line that ended in Ctrl-C.
var ErrGivenUp = errors.New("given up")

// move is what a person wants to be done with a command of the page.
type move int

// The moves.
const (
	runIt   move = iota // as the page does
	leaveIt             // it is not run
	wasRun              // it has run already
	goBack              // to the command before
	endIt               // the page is left
)

// guide is asked before every command of the page.
type guide interface {
	stop(ctx context.Context, step *Step) (move, error)
	// after is called after a command, or something between two commands, has been carried out and shown.
	after()
}
