package scenarios

import (
	"fmt"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/why"
)

// why is the host's command that says what holds an object up: why sts/web [-n NAMESPACE]. Exit status 1: there is no such object.
func (h *host) why(call *applet.Call) applet.Outcome { return h.explain(call, call.Args[1:]) }

// stsim is the same under its other name; what else stsim can do is done outside of a page.
func (h *host) stsim(call *applet.Call) applet.Outcome {
	if len(call.Args) > 1 && call.Args[1] == "why" {
		return h.explain(call, call.Args[2:])
	}
	fmt.Fprintln(call.Stderr, "stsim: in a page there is stsim why KIND/NAME, and no other command of stsim")
	return applet.Exit(2)
}

func (h *host) explain(call *applet.Call, args []string) applet.Outcome {
	kind, namespace, name, err := why.Question(args)
	if err != nil {
		fmt.Fprintln(call.Stderr, "why: "+err.Error())
		return applet.Exit(2)
	}
	var report why.Report
	h.door.Do(func(cluster *sim.Cluster) {
		report, err = why.Explain(cluster.View(), cluster.Settings(), kind, namespace, name)
	})
	if err != nil {
		fmt.Fprintln(call.Stderr, "why: "+err.Error())
		return applet.Exit(2)
	}
	fmt.Fprint(call.Stdout, why.Text(report.Answers))
	switch {
	case report.Found:
		return applet.Exit(0)
	case report.Nearest != "":
		fmt.Fprintf(call.Stderr, "hint: did you mean %s/%s?\n", kind, report.Nearest)
	}
	return applet.Exit(1)
}
