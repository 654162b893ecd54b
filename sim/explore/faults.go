package explore

import "github.com/stsim/stsim/sim"

func init() {
	verbs = append(verbs, verb{name: "node-down", fault: true, choices: eachNode(schedulable), do: func(_ *World, c *sim.Cluster, o Operation) error { return c.StopNode(o.Name) }},
		verb{name: "node-cut", fault: true, choices: eachNode(schedulable), do: func(_ *World, c *sim.Cluster, o Operation) error { return c.CutNode(o.Name) }},
		verb{name: "node-up", fault: true, choices: eachNode(schedulable), do: func(_ *World, c *sim.Cluster, o Operation) error { return c.ReturnNode(o.Name) }})
}
