package kubectl

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	apiversion "k8s.io/apimachinery/pkg/version"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/version"
	"sigs.k8s.io/yaml"
)

// What this kubectl was made from. A released kubectl has it from its linker.
const (
	clientVersion    = "v1.36.3"
	clientMinor      = 36
	kustomizeVersion = "v5.8.1"
	supportedSkew    = 1 // minor releases between client and server
)

// newVersion is kubectl's command with the release that it was made from.
func newVersion(f factory, s streams) *cobra.Command {
	command := version.NewCmdVersion(f, s)
	command.Run = func(command *cobra.Command, args []string) {
		client, _ := command.Flags().GetBool("client")
		form, _ := command.Flags().GetString("output")
		util.CheckErr(printVersion(f, s, args, client, form))
	}
	return command
}

func printVersion(f factory, s streams, args []string, client bool, form string) error {
	if len(args) > 0 {
		return fmt.Errorf("extra arguments: %v", args)
	}
	shown := version.Version{KustomizeVersion: kustomizeVersion, ClientVersion: &apiversion.Info{
		Major: "1", Minor: strconv.Itoa(clientMinor), GitVersion: clientVersion, GitTreeState: "clean", GoVersion: "stsim", Compiler: "gc", Platform: "linux/amd64",
	}}
	if !client {
		server, err := f.ToDiscoveryClient()
		if err == nil {
			shown.ServerVersion, err = server.ServerVersion()
		}
		if err != nil {
			return err
		}
	}
	if err := writeVersion(s.Out, &shown, form); err != nil || client {
		return err
	}
	minor, err := strconv.Atoi(strings.TrimRight(shown.ServerVersion.Minor, "+"))
	if err == nil && (minor > clientMinor+supportedSkew || minor < clientMinor-supportedSkew) {
		fmt.Fprintf(s.ErrOut, "Warning: version difference between client (1.%d) and server (1.%d) exceeds the supported minor version skew of +/-%d\n", clientMinor, minor, supportedSkew)
	}
	return nil
}

func writeVersion(to io.Writer, shown *version.Version, form string) error {
	var data []byte
	var err error
	switch form {
	case "":
		fmt.Fprintf(to, "Client Version: %s\nKustomize Version: %s\n", shown.ClientVersion.GitVersion, shown.KustomizeVersion)
		if shown.ServerVersion != nil {
			fmt.Fprintf(to, "Server Version: %s\n", shown.ServerVersion.GitVersion)
		}
		return nil
	case "yaml":
		data, err = yaml.Marshal(shown)
	case "json":
		data, err = json.MarshalIndent(shown, "", "  ")
	default:
		return fmt.Errorf("--output must be 'yaml' or 'json'")
	}
	if err == nil {
		fmt.Fprintln(to, string(data))
	}
	return err
}
