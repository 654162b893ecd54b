package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/api"
)

func newVersion() *cobra.Command {
	var changes bool
	command := &cobra.Command{
		Use:     "version",
		Short:   "Print the version of stsim and the Kubernetes releases it simulates",
		Long:    "Print the version of stsim and the Kubernetes releases it simulates; with --changes also what differs between them, for --kubernetes.",
		Example: "  stsim version\n  stsim version --changes",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			fmt.Fprintf(command.OutOrStdout(), "stsim %s\nsimulates Kubernetes %s (default) and", programVersion(), api.Release{})
			for _, release := range api.Releases() {
				if release.Minor() != (api.Release{}).Minor() {
					fmt.Fprintf(command.OutOrStdout(), " %s", release)
				}
			}
			fmt.Fprintln(command.OutOrStdout())
			if changes {
				for _, change := range api.Changes() {
					fmt.Fprintf(command.OutOrStdout(), "\n1.%d  %s\n      before: %s\n      since:  %s\n", change.Minor, change.Name, change.Before, change.Since)
				}
			}
			return nil
		},
	}
	command.Flags().BoolVar(&changes, "changes", false, "list what the releases do otherwise")
	return command
}

// programVersion is the version of this program.
func programVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// orNewest is the release a page asks for, or the default.
func orNewest(release string) string {
	if release == "" {
		return api.Release{}.String()
	}
	return release
}

// version is that of this program.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
