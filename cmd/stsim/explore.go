package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim/explore"
	"github.com/stsim/stsim/sim/property"
)

type exploreFlags struct {
	manifests  []string
	properties []string
	verbs      []string
	except     []string
	runs       uint64
	time       time.Duration
	seed       uint64
	nodes      int
	kubernetes string
	workers    int
	shard      string
	orders     orderFlags
	show       findingFlags
}

// defaultRuns is how many histories are lived when nobody says how many, or how long.
const defaultRuns = 1000

func newExplore() *cobra.Command {
	var flags exploreFlags
	command := &cobra.Command{
		Use:   "explore -f FILE",
		Short: "Look for histories in which a StatefulSet breaks a promise",
		Long: "Live many histories of a cluster with these manifests, each drawn from a seed of its own: Pods are deleted, nodes drained and cut off, events\n" +
			"are late, caches stale, requests lost. All that StatefulSets promise is checked after every event, and your own properties too; then\n" +
			"all trouble ends, and the sets must come up. What breaks is made as short as it can be, and told: what was done and when, a\n" +
			"picture of who was alive, the seed, and, with --out, a page that \"stsim run\" plays to show it again.\n\n" +
			"The same seeds come to the same result on every machine, whatever --workers is. Ctrl-C ends with what is known. Exit status 1: something broke.\n\n" +
			"With --all-orders nothing is drawn: every order in which events can be taken is gone through, with up to --faults operations wherever they are possible,\n" +
			"caches that lag behind (--stale) and requests that get lost (--requests). States that differ in times and addresses only are one. The result says how many states\n" +
			"and transitions there are, and whether all were seen; a world of one to three Pods has thousands, and each operation multiplies them.",
		Example: "  stsim explore -f web.yaml\n  stsim explore -f web.yaml --property 'quorum: count(ready(web)) >= 2' --verbs drain,uncordon\n" +
			"  stsim explore -f web.yaml --for 30s --out found --svg     pages and pictures in the folder found\n" +
			"  stsim explore -f web.yaml --shard 0/4 -o json > 0.json    one of four machines; see stsim explore merge\n" +
			"  stsim explore -f web.yaml --all-orders --ready --faults 2 --verbs drain,uncordon",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return flags.run(command) },
	}
	command.Flags().StringArrayVarP(&flags.manifests, "filename", "f", nil, "a manifest, - for standard input; may be given more than once")
	command.Flags().StringArrayVar(&flags.properties, "property", nil, "what must hold once it has held, e.g. 'quorum: count(ready(web)) >= 2'; may be given more than once")
	command.Flags().StringSliceVar(&flags.verbs, "verbs", nil, "what may happen (default: all of "+strings.Join(explore.Verbs(), ", ")+")")
	command.Flags().Uint64Var(&flags.runs, "runs", defaultRuns, "how many histories")
	command.Flags().DurationVar(&flags.time, "for", 0, "how long to look instead, e.g. 30s")
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "seed of the first history; the others follow it")
	command.Flags().IntVar(&flags.nodes, "nodes", 3, "how many nodes the cluster has")
	command.Flags().StringVar(&flags.kubernetes, "kubernetes", "", "Kubernetes release to simulate (default: the newest)")
	command.Flags().IntVar(&flags.workers, "workers", runtime.NumCPU(), "how many histories are lived at the same time")
	command.Flags().StringVar(&flags.shard, "shard", "", "live only part I of N of the histories, as I/N from 0/N on")
	command.Flags().StringArrayVar(&flags.except, "except", nil, "do not ask about the sentence with these words in it, e.g. 'leaves a majority'; may be given more than once")
	flags.orders.register(command)
	flags.show.register(command)
	_ = command.RegisterFlagCompletionFunc("verbs", cobra.FixedCompletions(explore.Verbs(), cobra.ShellCompDirectiveNoFileComp))
	command.MarkFlagsMutuallyExclusive("runs", "for")
	for _, drawn := range []string{"runs", "seed", "workers", "shard"} {
		command.MarkFlagsMutuallyExclusive("all-orders", drawn)
	}
	command.AddCommand(newMerge())
	return command
}

// run explores as one command line says.
func (f *exploreFlags) run(command *cobra.Command) error {
	form, search, err := f.read(command.InOrStdin())
	if err != nil {
		return err
	}
	if err := f.show.check(); err != nil {
		return err
	}
	if err := f.orders.check(command); err != nil {
		return err
	}
	world, err := makeWorld(form)
	if err != nil {
		return err
	}
	ctx := command.Context()
	if f.time > 0 {
		limited, cancel := context.WithTimeout(ctx, f.time)
		defer cancel()
		ctx, search.Runs = limited, 0
	}
	if f.orders.all {
		return f.orders.explore(ctx, command, world, form, f.show)
	}
	watch := watchSearch(command.ErrOrStderr(), search.Progress)
	result := world.Search(ctx, search)
	watch.end()
	if command.Context().Err() != nil {
		fmt.Fprintf(command.ErrOrStderr(), "stopped after %s\n", counted(int(result.Histories), "history", "histories"))
	}
	return f.show.show(command, world, explore.NewAccount(version(), form, search, result))
}

// read checks the command line.
func (f *exploreFlags) read(stdin io.Reader) (form explore.WorldForm, search explore.Search, err error) {
	search = explore.Search{First: f.seed, Runs: f.runs, Workers: f.workers, Progress: &explore.Progress{}}
	switch {
	case len(f.manifests) == 0:
		return form, search, fmt.Errorf("expected a manifest with -f, found none\nhint: stsim explore -f web.yaml")
	case f.runs == 0:
		return form, search, fmt.Errorf("--runs: expected at least 1, found 0")
	case f.time < 0:
		return form, search, fmt.Errorf("--for: expected a duration above 0, found %s", f.time)
	case f.workers < 1:
		return form, search, fmt.Errorf("--workers: expected at least 1, found %d", f.workers)
	}
	if search.Shard, search.Shards, err = readShard(f.shard); err != nil {
		return form, search, err
	}
	if err := explore.CheckVerbs(f.verbs); err != nil {
		return form, search, fmt.Errorf("--verbs: %w", err)
	}
	form = explore.WorldForm{Kubernetes: f.kubernetes, Nodes: f.nodes, Verbs: f.verbs}
	for _, text := range f.properties {
		own, err := property.Parse(text)
		if err != nil {
			return form, search, fmt.Errorf("--property: %w", err)
		}
		form.Properties = append(form.Properties, own.String())
	}
	if form.Except, err = excepted(form, f.except); err != nil {
		return form, search, err
	}
	var all []string
	for _, name := range f.manifests {
		content, err := readFile(name, stdin)
		if err != nil {
			return form, search, failure{fmt.Sprintf("-f: %v", err)}
		}
		all = append(all, strings.TrimRight(string(content), "\n")+"\n")
	}
	form.Manifests = strings.Join(all, "---\n")
	return form, search, nil
}

// excepted finds the sentences that have these words in them.
func excepted(form explore.WorldForm, words []string) (sentences []string, err error) {
	setting, err := form.Setting()
	if err != nil {
		return nil, err
	}
	all := setting.Sentences()
	for _, part := range words {
		var found []string
		for _, sentence := range all {
			if strings.EqualFold(sentence, part) {
				found = []string{sentence}
				break
			}
			if strings.Contains(strings.ToLower(sentence), strings.ToLower(part)) {
				found = append(found, sentence)
			}
		}
		if len(found) != 1 || part == "" {
			if len(found) == 0 {
				found = all
			}
			return nil, fmt.Errorf("--except: expected words of one sentence, found %q\nhint: these sentences there are:\n  %s", part, strings.Join(found, "\n  "))
		}
		sentences = append(sentences, found[0])
	}
	return sentences, nil
}

// maxShards is how many parts the histories can be split into.
const maxShards = 1 << 20

func readShard(text string) (shard, shards int, err error) {
	if text == "" {
		return 0, 1, nil
	}
	first, second, _ := strings.Cut(text, "/")
	shard, wrong := strconv.Atoi(first)
	shards, alsoWrong := strconv.Atoi(second)
	if wrong != nil || alsoWrong != nil || shards < 1 || shards > maxShards || shard < 0 || shard >= shards {
		return 0, 0, fmt.Errorf("--shard: expected I/N with I from 0 to N-1, found %q\nhint: the shards of two machines are 0/2 and 1/2", text)
	}
	return shard, shards, nil
}

func makeWorld(form explore.WorldForm) (*explore.World, error) {
	setting, err := form.Setting()
	if err != nil {
		return nil, err
	}
	world, err := explore.NewWorld(setting)
	if err != nil {
		return nil, failure{err.Error()}
	}
	return world, nil
}

// errBroke is the end of a command that found something.
func errBroke(n int) error {
	if n == 0 {
		return nil
	}
	return failure{counted(n, "sentence", "sentences") + " broke"}
}

var errNoFolder = errors.New("--svg needs a folder for the pictures\nhint: --out found --svg")
