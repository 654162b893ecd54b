package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/api"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of stsim and the Kubernetes releases it simulates",
		Example: "  stsim version",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			version := "(devel)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			fmt.Fprintf(command.OutOrStdout(), "stsim %s\nsimulates Kubernetes %s (default) and", version, api.Release{})
			for _, release := range api.Releases() {
				if release.Minor() != (api.Release{}).Minor() {
					fmt.Fprintf(command.OutOrStdout(), " %s", release)
				}
			}
			fmt.Fprintln(command.OutOrStdout())
			return nil
		},
	}
}

// orNewest is the release a page asks for, or the default.
func orNewest(release string) string {
	if release == "" {
		return api.Release{}.String()
	}
	return release
}
