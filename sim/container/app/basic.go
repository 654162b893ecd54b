package app

import "slices"

// Pause is the program of the pause image: it does nothing until it is told to stop.
type Pause struct{}

func (Pause) Start(*Run)                        {}
func (Pause) Serve(*Run, uint16, []byte) []byte { return nil }
func (Pause) Wake(*Run)                         {}
func (Pause) Signal(r *Run, signal int)         { r.TerminateOn(signal, 0) }

// Quiet stands for a program that is not simulated: it listens on the ports its container declares, accepts connections, and
// says nothing.
type Quiet struct{ Ports [16]uint16 }

func (q Quiet) Start(r *Run) {
	for _, port := range q.Ports {
		if port != 0 && !slices.Contains(r.Ports, port) {
			_ = r.Listen(port) // one that is taken stays with whoever has it
		}
	}
}
func (Quiet) Serve(*Run, uint16, []byte) []byte { return nil }
func (Quiet) Wake(*Run)                         {}
func (Quiet) Signal(r *Run, signal int)         { r.TerminateOn(signal, 0) }
