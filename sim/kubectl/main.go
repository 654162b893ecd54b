package kubectl

import (
	"net/http"
	"os"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/plugin"
	"k8s.io/kubectl/pkg/cmd/util"
)

// Main is the whole of kubectl as a person knows it, with their files, plug-ins and terminal, against the cluster of a kubeconfig. Like kubectl
// it ends the process when the command has failed.
func Main(args []string, kubeconfig string) {
	flags := genericclioptions.NewConfigFlags(true).WithDeprecatedPasswordFlag().WithDiscoveryBurst(300).WithDiscoveryQPS(50)
	if kubeconfig != "" {
		flags.KubeConfig = &kubeconfig
	}
	flags.WrapConfigFn = func(config *rest.Config) *rest.Config {
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return newServedAges(args, next) })
		return config
	}
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	full := append([]string{"kubectl"}, args...)
	command := cmd.NewDefaultKubectlCommandWithArgs(cmd.KubectlOptions{
		PluginHandler: cmd.NewDefaultPluginHandler(plugin.ValidPluginFilenamePrefixes),
		Arguments:     full, ConfigFlags: flags.WithWarningPrinter(streams), IOStreams: streams,
	})
	for _, sub := range command.Commands() {
		if sub.Name() == "version" { // upstream's tells what the linker was told, which is nothing here
			command.RemoveCommand(sub)
			command.AddCommand(newVersion(util.NewFactory(flags), streams))
		}
	}
	command.SetArgs(args)
	command.SilenceErrors, command.SilenceUsage = true, true
	if err := command.Execute(); err != nil {
		util.CheckErr(err)
	}
}
