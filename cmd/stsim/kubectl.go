package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/kubectl"
)

func newKubectl() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl ...",
		Short: "Use the built-in kubectl with the cluster that stsim serve is serving",
		Long: "The real kubectl, with your files, against the cluster of the last \"stsim serve\" that is still running. When KUBECONFIG is set it\n" +
			"is used instead.",
		Example:            "  stsim kubectl get pods -w\n  stsim kubectl apply -f web.yaml",
		DisableFlagParsing: true,
		RunE: func(command *cobra.Command, args []string) error {
			config := os.Getenv("KUBECONFIG")
			if config == "" {
				var err error
				if config, err = lastKubeconfig(); err != nil {
					return failure{err.Error()}
				}
			}
			kubectl.Main(args, config)
			return nil
		},
	}
}
