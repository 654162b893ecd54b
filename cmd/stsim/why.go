package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/why"
)

// longestWait bounds --after and the wait for quiet, in virtual time.
const (
	longestWait  = 1000 * time.Hour
	waitForQuiet = 10 * time.Minute
)

type whyFlags struct {
	namespace  string
	output     string
	kubeconfig string
	manifests  []string
	after      time.Duration
	nodes      int
	kubernetes string
	seed       uint64
}

func newWhy() *cobra.Command {
	var flags whyFlags
	command := &cobra.Command{
		Use:   "why KIND/NAME",
		Short: "Say what holds an object up, what must change, and what would free it",
		Long: "Say what holds an object up right now, most immediate first: the rule, the object that must change, upstream's own sentence for it, and the\n" +
			"command that would free it. It asks the cluster of the last \"stsim serve\" that is still running, or, with -f, a new cluster to which the\n" +
			"manifests are applied and in which virtual time passes until nothing happens any more, ten minutes at most, or for exactly --after.\n" +
			"Of kinds it knows " + strings.Join(why.Kinds(), ", ") + ", and dns for names. Exit status 1: there is no such object.",
		Example: "  stsim why sts/web\n  stsim why pod web-1 -n shop\n  stsim why -f broken.yaml sts/web\n  stsim why -f web.yaml --after 5s pod/web-0     while it is still coming up\n" +
			"  stsim why -f broken.yaml -o json sts/web\n  stsim why dns/web-0.nginx                                why a name leads nowhere, as a Pod of the namespace would ask",
		RunE:              func(command *cobra.Command, args []string) error { return flags.ask(command, args) },
		ValidArgsFunction: flags.complete,
	}
	command.Flags().StringVarP(&flags.namespace, "namespace", "n", "default", "namespace of the object")
	command.Flags().StringVarP(&flags.output, "output", "o", "text", "text or json")
	command.Flags().StringVar(&flags.kubeconfig, "kubeconfig", "", "of the served cluster (default: $KUBECONFIG, or in the user's state folder)")
	command.Flags().StringArrayVarP(&flags.manifests, "filename", "f", nil, "a manifest to apply to a new cluster, - for standard input; may be given more than once")
	command.Flags().DurationVar(&flags.after, "after", 0, "with -f: how much virtual time passes, e.g. 90s or 2h (default: until nothing happens any more, 10m at most)")
	command.Flags().IntVar(&flags.nodes, "nodes", 3, "with -f: how many nodes the cluster has")
	command.Flags().StringVar(&flags.kubernetes, "kubernetes", "", "with -f: Kubernetes release to simulate (default: the newest)")
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "with -f: seed of everything that could go more than one way")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return command
}

// ask answers one command line.
func (f *whyFlags) ask(command *cobra.Command, args []string) error {
	kind, _, name, err := why.Question(args)
	if err != nil {
		return fmt.Errorf("%w\nhint: stsim why sts/web", err)
	}
	if f.output != "text" && f.output != "json" {
		return fmt.Errorf("--output: expected text or json, found %q", f.output)
	}
	source, err := f.source(command)
	if err != nil {
		return err
	}
	report, err := source.explain(kind, f.namespace, name)
	if err != nil {
		return err
	}
	if err := f.print(command.OutOrStdout(), report); err != nil {
		return failure{err.Error()}
	}
	switch {
	case report.Found:
		return nil
	case report.Nearest != "" && f.output == "text":
		fmt.Fprintf(command.ErrOrStderr(), "hint: did you mean %s/%s?\n", kind, report.Nearest)
	}
	return failure{}
}

func (f *whyFlags) print(out io.Writer, report why.Report) error {
	if f.output == "text" {
		_, err := io.WriteString(out, why.Text(report.Answers))
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// whySource is a cluster that can be asked.
type whySource interface {
	explain(kind, namespace, name string) (why.Report, error)
	names(kind, namespace string) ([]string, error)
}

// source is the cluster that the command line means: a new one with -f, else the served one.
func (f *whyFlags) source(command *cobra.Command) (whySource, error) {
	if len(f.manifests) > 0 {
		if command.Flags().Changed("kubeconfig") {
			return nil, fmt.Errorf("expected -f or --kubeconfig, found both\nhint: -f asks a new cluster, --kubeconfig one that is served")
		}
		return f.newCluster(command.InOrStdin(), command.Flags().Changed("after"))
	}
	for _, name := range []string{"after", "nodes", "kubernetes", "seed"} {
		if command.Flags().Changed(name) {
			return nil, fmt.Errorf("--%s is about a new cluster and needs -f\nhint: stsim why -f web.yaml --%s ... sts/web", name, name)
		}
	}
	served, err := findServed(command.Context(), f.kubeconfig)
	if failed, found := err.(failure); found {
		return nil, failure{failed.message + ", or ask about a manifest with -f"}
	}
	return served, err
}

// madeCluster is a cluster of this process.
type madeCluster struct{ *sim.Cluster }

// newCluster makes a cluster, applies the manifests to it and lets time pass.
func (f *whyFlags) newCluster(stdin io.Reader, after bool) (whySource, error) {
	if f.after < 0 || f.after > longestWait {
		return nil, fmt.Errorf("--after: expected 0s to %s, found %s", longestWait, f.after)
	}
	cluster, err := sim.Make(sim.Options{Nodes: f.nodes, Kubernetes: f.kubernetes, Seed: f.seed, History: -1})
	if err != nil {
		return nil, err
	}
	for _, path := range f.manifests {
		content, err := readFile(path, stdin)
		if err != nil {
			return nil, failure{fmt.Sprintf("-f: %v", err)}
		}
		if err := cluster.Apply(content); err != nil {
			return nil, failure{fmt.Sprintf("%s: %v", path, err)}
		}
	}
	if after {
		cluster.RunFor(f.after)
	} else {
		cluster.Settle(waitForQuiet)
	}
	return madeCluster{cluster}, nil
}

func (c madeCluster) explain(kind, namespace, name string) (why.Report, error) {
	return why.Explain(c.View(), c.Settings(), kind, namespace, name)
}

func (c madeCluster) names(kind, namespace string) ([]string, error) {
	return why.Names(c.View(), kind, namespace), nil
}

// complete offers kinds, and after KIND/ the names of what there is.
func (f *whyFlags) complete(command *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	kind, _, named := strings.Cut(begun, "/")
	if len(args) == 1 {
		kind = args[0]
	}
	if len(args) > 1 || len(args) == 1 && named {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if len(args) == 0 && !named {
		var kinds []string
		for _, kind := range why.Kinds() {
			kinds = append(kinds, kind+"/")
		}
		return kinds, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	source, err := f.source(command)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	names, err := source.names(kind, f.namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if named {
		for i := range names {
			names[i] = kind + "/" + names[i]
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
