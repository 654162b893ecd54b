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
	"k8s.io/kubectl/pkg/cmd/options"
	"k8s.io/kubectl/pkg/cmd/patch"
	"k8s.io/kubectl/pkg/cmd/replace"
	"k8s.io/kubectl/pkg/cmd/rollout"
	"k8s.io/kubectl/pkg/cmd/run"
	"k8s.io/kubectl/pkg/cmd/scale"
	"k8s.io/kubectl/pkg/cmd/set"
	"k8s.io/kubectl/pkg/cmd/taint"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/util/completion"
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
	// timed makes a command that this package gives another way to wait or to run programs, instead of make.
	timed func(f factory, s streams, t *transport) *cobra.Command
}

// connected and named make the constructors that kubectl has in other forms alike.
func connected(make func(genericclioptions.RESTClientGetter, streams) *cobra.Command) constructor {
	return func(f factory, s streams) *cobra.Command { return make(f, s) }
}

func named(make func(string, factory, streams) *cobra.Command) constructor {
	return func(f factory, s streams) *cobra.Command { return make("kubectl", f, s) }
}

// groups are the commands offered, in the order of kubectl's help. Not offered are those that act on the person's machine (config,
// proxy, port-forward, plugin, completion): see [refused].
var groups = []group{
	{"Basic Commands (Beginner):", []entry{
		{name: "create", make: create.NewCmdCreate}, {name: "expose", make: expose.NewCmdExposeService}, {name: "run", make: run.NewCmdRun}, {name: "set", make: set.NewCmdSet}}},
	{"Basic Commands (Intermediate):", []entry{
		{name: "explain", make: named(explain.NewCmdExplain)},
		{name: "get", make: named(get.NewCmdGet)},
		{name: "edit", timed: newEdit},
		{name: "delete", make: delete.NewCmdDelete}}},
	{"Deploy Commands:", []entry{
		{name: "rollout", make: named(rollout.NewCmdRollout)},
		{name: "scale", make: scale.NewCmdScale}, {name: "autoscale", make: autoscale.NewCmdAutoscale}}},
	{"Cluster Management Commands:", []entry{
		{name: "cluster-info", make: connected(clusterinfo.NewCmdClusterInfo)}, {name: "cordon", make: drain.NewCmdCordon}, {name: "uncordon", make: drain.NewCmdUncordon},
		{name: "drain", make: drain.NewCmdDrain}, {name: "taint", make: taint.NewCmdTaint}}},
	{"Troubleshooting and Debugging Commands:", []entry{
		{name: "describe", make: named(describe.NewCmdDescribe)},
		{name: "logs", timed: newLogs}, {name: "attach", make: attach.NewCmdAttach}, {name: "exec", make: exec.NewCmdExec}, {name: "cp", make: cp.NewCmdCp},
		{name: "auth", make: auth.NewCmdAuth}, {name: "events", make: connected(events.NewCmdEvents)}}},
	{"Advanced Commands:", []entry{
		{name: "diff", timed: newDiff},
		{name: "apply", make: named(apply.NewCmdApply)},
		{name: "patch", make: patch.NewCmdPatch}, {name: "replace", make: replace.NewCmdReplace}, {name: "wait", timed: newWait},
		{name: "kustomize", make: func(_ factory, s streams) *cobra.Command { return kustomize.NewCmdKustomize(s) }}}},
	{"Settings Commands:", []entry{
		{name: "label", make: label.NewCmdLabel},
		{name: "annotate", make: named(annotate.NewCmdAnnotate)}}},
	{"Other Commands:", []entry{
		{name: "api-resources", make: connected(apiresources.NewCmdAPIResources)},
		{name: "api-versions", make: connected(apiresources.NewCmdAPIVersions)},
		{name: "options", make: func(_ factory, s streams) *cobra.Command { return options.NewCmdOptions(s.Out) }},
		{name: "version", make: newVersion}}},
}

// newTree builds kubectl with the one command that the arguments call, or with all when they call none that is known.
func newTree(args []string, get *getter, flags *genericclioptions.ConfigFlags, s streams, t *transport) *cobra.Command {
	root := &cobra.Command{
		Use:               "kubectl",
		Short:             "kubectl controls the Kubernetes cluster manager",
		Long:              "kubectl controls the Kubernetes cluster manager.\n\nThis one is built into stsim and speaks to the simulated cluster.",
		Run:               func(command *cobra.Command, _ []string) { _ = command.Help() },
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.ErrOut)
	flags.AddFlags(root.PersistentFlags())
	matched := util.NewMatchVersionFlags(get)
	matched.AddFlags(root.PersistentFlags())
	f := &validating{util.NewFactory(matched), get.client}

	called, known := calledCommand(args)
	var shown templates.CommandGroups
	for _, group := range groups {
		var commands []*cobra.Command
		for _, entry := range group.commands {
			switch {
			case known && entry.name != called:
			case entry.timed != nil:
				commands = append(commands, entry.timed(f, s, t))
			default:
				commands = append(commands, entry.make(f, s))
			}
		}
		shown = append(shown, templates.CommandGroup{Message: group.heading, Commands: commands})
	}
	shown.Add(root)
	if called == cobra.ShellCompRequestCmd {
		offer(root, f)
	}
	templates.ActsAsRootCommand(root, []string{"options"}, shown...)
	return root
}

// offer has the completion of command lines look into the cluster where the constructors of the commands leave that to kubectl's main program.
// Upstream: pkg/cmd/cmd.go, NewKubectlCommand.
func offer(root *cobra.Command, f factory) {
	for _, command := range root.Commands() {
		if command.Name() == "get" {
			command.ValidArgsFunction = completion.ResourceTypeAndNameCompletionFunc(f)
		}
	}
	_ = root.RegisterFlagCompletionFunc("namespace", func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return completion.CompGetResource(f, "namespace", begun), cobra.ShellCompDirectiveNoFileComp
	}) // an error would mean that there is no such flag
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
