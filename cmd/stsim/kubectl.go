package main

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/kubectl"
)

func newKubectl() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl ...",
		Short: "Use the built-in kubectl with the cluster that stsim serve is serving",
		Long: "The real kubectl, with your files, against the cluster of the last \"stsim serve\" that is still running. When KUBECONFIG is set, or\n" +
			"--kubeconfig is given, that is used instead. With --at INSTANT the cluster is shown as it was then: 3m12s after its beginning, at a time such as\n" +
			"2026-01-01T00:03:12Z, or -30s: half a minute ago. The past can be looked at, not changed.",
		Example:            "  stsim kubectl get pods -w\n  stsim kubectl apply -f web.yaml\n  stsim kubectl --at 3m12s get pods",
		DisableFlagParsing: true,
		RunE: func(command *cobra.Command, args []string) error {
			args, instant, err := takeAt(args)
			if err != nil {
				return err
			}
			config := ""
			if os.Getenv("KUBECONFIG") == "" && !saysWhere(args) {
				if config, err = lastKubeconfig(); err != nil && !needsNoCluster(args) {
					return failure{err.Error()}
				}
			}
			if instant != "" {
				if args, err = inThePast(command.Context(), args, instant); err != nil {
					return err
				}
			}
			kubectl.Main(args, config)
			return nil
		},
	}
}

// saysWhere says whether a command line of kubectl names the cluster, or the kubeconfig, itself.
func saysWhere(args []string) bool {
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return false
		case name == "--kubeconfig" || name == "--server" || name == "-s":
			return true
		}
	}
	return false
}

// needsNoCluster says whether a command line of kubectl can be answered when no cluster is served.
func needsNoCluster(args []string) bool {
	if len(args) == 0 || slices.Contains(args, "--help") || slices.Contains(args, "-h") {
		return true
	}
	switch args[0] {
	case "help", "completion", "__complete", "__completeNoDesc", "kustomize", "options", "plugin", "config":
		return true
	case "version":
		return slices.Contains(args, "--client") || slices.Contains(args, "--client=true")
	}
	return false
}
