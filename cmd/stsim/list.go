package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
)

func newList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the built-in scenarios",
		Example: "  stsim list",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 3, ' ', 0)
			fmt.Fprintln(table, "NAME\tKUBERNETES\tCOMMANDS\tTITLE")
			for _, summary := range scenarios.Builtin() {
				fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", summary.Name, orNewest(summary.Kubernetes), summary.Commands, summary.Title)
			}
			return table.Flush()
		},
	}
}
