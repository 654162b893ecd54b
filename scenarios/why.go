package scenarios

import (
	"fmt"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/why"
)

// why is the host's command that says what holds an object up: why sts/web [-n NAMESPACE].
func (h *host) why(call *applet.Call) applet.Outcome {
	var text string
	var err error
	h.door.Do(func(cluster *sim.Cluster) { text, err = why.Ask(cluster.View(), cluster.Settings(), call.Args[1:]) })
	if err != nil {
		fmt.Fprintln(call.Stderr, "why: "+err.Error())
		return applet.Exit(2)
	}
	fmt.Fprint(call.Stdout, text)
	return applet.Exit(0)
}
