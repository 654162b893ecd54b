package kubectl

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/annotate"
	"k8s.io/kubectl/pkg/cmd/apiresources"
	"k8s.io/kubectl/pkg/cmd/apply"
	"k8s.io/kubectl/pkg/cmd/attach"
	"k8s.io/kubectl/pkg/cmd/auth"
	"k8s.io/kubectl/pkg/cmd/autoscale"
	"k8s.io/kubectl/pkg/cmd/clusterinfo"
	"k8s.io/kubectl/pkg/cmd/cp"
	"k8s.io/kubectl/pkg/cmd/create"
	"k8s.io/kubectl/pkg/cmd/delete"
	"k8s.io/kubectl/pkg/cmd/describe"
	"k8s.io/kubectl/pkg/cmd/drain"
	"k8s.io/kubectl/pkg/cmd/events"
	"k8s.io/kubectl/pkg/cmd/exec"
	"k8s.io/kubectl/pkg/cmd/explain"
	"k8s.io/kubectl/pkg/cmd/expose"
	"k8s.io/kubectl/pkg/cmd/get"
	"k8s.io/kubectl/pkg/cmd/kustomize"
	"k8s.io/kubectl/pkg/cmd/label"
	"k8s.io/kubectl/pkg/cmd/logs"
	"k8s.io/kubectl/pkg/cmd/options"
	"k8s.io/kubectl/pkg/cmd/patch"
	"k8s.io/kubectl/pkg/cmd/replace"
	"k8s.io/kubectl/pkg/cmd/rollout"
	"k8s.io/kubectl/pkg/cmd/run"
	"k8s.io/kubectl/pkg/cmd/scale"
	"k8s.io/kubectl/pkg/cmd/set"
	"k8s.io/kubectl/pkg/cmd/taint"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/version"
	"k8s.io/kubectl/pkg/cmd/wait"
	"k8s.io/kubectl/pkg/util/templates"
)

type (
	factory     = util.Factory
	streams     = genericiooptions.IOStreams
	constructor = func(f factory, s streams) *cobra.Command
)

// group is a heading of kubectl's help and the commands below it.
type group struct {
	heading  string
	commands []entry
}

type entry struct {
	name string
	make constructor
}

// connected and named make the constructors that kubectl has in other forms alike.
func connected(make func(genericclioptions.RESTClientGetter, streams) *cobra.Command) constructor {
	return func(f factory, s streams) *cobra.Command { return make(f, s) }
}

func named(make func(string, factory, streams) *cobra.Command) constructor {
	return func(f factory, s streams) *cobra.Command { return make("kubectl", f, s) }
}

// groups are the commands offered, in the order of kubectl's help. Not offered are those that act on the person's machine (config, edit,
// diff, proxy, port-forward, plugin, completion): see [refused].
var groups = []group{
	{"Basic Commands (Beginner):", []entry{
		{"create", create.NewCmdCreate}, {"expose", expose.NewCmdExposeService}, {"run", run.NewCmdRun}, {"set", set.NewCmdSet}}},
	{"Basic Commands (Intermediate):", []entry{
		{"explain", named(explain.NewCmdExplain)},
		{"get", named(get.NewCmdGet)},
		{"delete", delete.NewCmdDelete}}},
	{"Deploy Commands:", []entry{
		{"rollout", named(rollout.NewCmdRollout)},
		{"scale", scale.NewCmdScale}, {"autoscale", autoscale.NewCmdAutoscale}}},
	{"Cluster Management Commands:", []entry{
		{"cluster-info", connected(clusterinfo.NewCmdClusterInfo)}, {"cordon", drain.NewCmdCordon}, {"uncordon", drain.NewCmdUncordon},
		{"drain", drain.NewCmdDrain}, {"taint", taint.NewCmdTaint}}},
	{"Troubleshooting and Debugging Commands:", []entry{
		{"describe", named(describe.NewCmdDescribe)},
		{"logs", logs.NewCmdLogs}, {"attach", attach.NewCmdAttach}, {"exec", exec.NewCmdExec}, {"cp", cp.NewCmdCp},
		{"auth", auth.NewCmdAuth}, {"events", connected(events.NewCmdEvents)}}},
	{"Advanced Commands:", []entry{
		{"apply", named(apply.NewCmdApply)},
		{"patch", patch.NewCmdPatch}, {"replace", replace.NewCmdReplace}, {"wait", connected(wait.NewCmdWait)},
		{"kustomize", func(_ factory, s streams) *cobra.Command { return kustomize.NewCmdKustomize(s) }}}},
	{"Settings Commands:", []entry{
		{"label", label.NewCmdLabel},
		{"annotate", named(annotate.NewCmdAnnotate)}}},
	{"Other Commands:", []entry{
		{"api-resources", connected(apiresources.NewCmdAPIResources)},
		{"api-versions", connected(apiresources.NewCmdAPIVersions)},
		{"options", func(_ factory, s streams) *cobra.Command { return options.NewCmdOptions(s.Out) }},
		{"version", version.NewCmdVersion}}},
}

// refused are kubectl's commands that this one does not offer, each with the reason and a way to go.
var refused = map[string]string{
	"edit":         "it opens an editor of this machine (hint: kubectl patch, or kubectl get -o yaml | sed ... | kubectl replace -f -)",
	"diff":         "it runs the diff of this machine (hint: kubectl get -o yaml shows what is there)",
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

// newTree builds kubectl with the one command that the arguments call, or with all when they call none that is known.
func newTree(args []string, get genericclioptions.RESTClientGetter, flags *genericclioptions.ConfigFlags, s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "kubectl",
		Short: "kubectl controls the Kubernetes cluster manager",
		Long:  "kubectl controls the Kubernetes cluster manager.\n\nThis one is built into stsim and speaks to the simulated cluster.",
		Run:   func(command *cobra.Command, _ []string) { _ = command.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.ErrOut)
	flags.AddFlags(root.PersistentFlags())
	matched := util.NewMatchVersionFlags(get)
	matched.AddFlags(root.PersistentFlags())
	f := util.NewFactory(matched)

	called, known := calledCommand(args)
	var shown templates.CommandGroups
	for _, group := range groups {
		var commands []*cobra.Command
		for _, entry := range group.commands {
			if !known || entry.name == called {
				commands = append(commands, entry.make(f, s))
			}
		}
		shown = append(shown, templates.CommandGroup{Message: group.heading, Commands: commands})
	}
	shown.Add(root)
	templates.ActsAsRootCommand(root, []string{"options"}, shown...)
	return root
}

// calledCommand finds the first argument that is neither a flag nor a flag's value, and says whether it is a command.
func calledCommand(args []string) (name string, known bool) {
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case slices.Contains([]string{"-n", "--namespace", "--request-timeout", "--as", "--as-group"}, arg):
			i++
		case strings.HasPrefix(arg, "-"):
		default:
			for _, group := range groups {
				if slices.ContainsFunc(group.commands, func(entry entry) bool { return entry.name == arg }) {
					return arg, true
				}
			}
			return arg, false
		}
	}
	return "", false
}
