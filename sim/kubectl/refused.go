package kubectl

import "fmt"

// refused are kubectl's commands that this one does not offer, each with the reason and a way to go.
var refused = map[string]string{
	"config":       "it edits the kubeconfig of this machine, and this kubectl has none",
	"proxy":        "it opens a port on this machine",
	"port-forward": "it opens a port on this machine (hint: curl reaches Pods and Services by their addresses and names)",
	"plugin":       "plug-ins are programs of this machine",
	"completion":   "it is for the shell of this machine",
	"debug":        "ephemeral containers are not simulated",
	"top":          "resource metrics are not simulated",
	"certificate":  "certificate signing requests are not simulated",
	"kuberc":       "it edits a file of this machine",
}

// refusal says why a command line is not run, or "".
func refusal(args []string) string {
	called, _ := calledCommand(args)
	if reason := refused[called]; reason != "" {
		return fmt.Sprintf("kubectl %s is not available here: %s", called, reason)
	}
	return ""
}
