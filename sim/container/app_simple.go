package container

import "slices"

// pause is the program of the pause image: it does nothing until it is told to stop.
type pause struct{}

func (pause) Start(*Run)                        {}
func (pause) Serve(*Run, uint16, []byte) []byte { return nil }
func (pause) Wake(*Run)                         {}
func (pause) Signal(r *Run, signal int)         { terminateOn(r, signal, 0) }

const maxDeclared = 16

// quiet stands for a program that is not simulated: it listens on the ports its container declares, accepts connections, and
// says nothing.
type quiet struct{ ports [maxDeclared]uint16 }

func (q quiet) Start(r *Run) {
	for _, port := range q.ports {
		if port != 0 && !slices.Contains(r.Ports, port) {
			_ = r.Listen(port) // one that is taken stays with whoever has it
		}
	}
}
func (quiet) Serve(*Run, uint16, []byte) []byte { return nil }
func (quiet) Wake(*Run)                         {}
func (quiet) Signal(r *Run, signal int)         { terminateOn(r, signal, 0) }

// terminateOn ends a server on the signals that ask for it.
func terminateOn(r *Run, signal, code int) {
	switch signal {
	case sigTerm, sigInt, sigQuit:
		r.Terminate(code)
	}
}
