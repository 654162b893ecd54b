package explore

import "github.com/stsim/stsim/sim"

func init() {
	for _, fault := range []sim.FaultVerb{sim.NodeDown, sim.NodeCut, sim.NodeUp} {
		verbs = append(verbs, verb{name: string(fault), fault: true, choices: eachNode(schedulable), do: func(_ *World, c *sim.Cluster, o Operation) error {
			return c.Befall(sim.Fault{Verb: fault, Node: o.Name})
		}})
	}
}
