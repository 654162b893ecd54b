package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/scenarios"
	"github.com/stsim/stsim/sim/explore"
)

// findingFlags say how findings are shown.
type findingFlags struct {
	out    string
	svg    bool
	output string
}

func (f *findingFlags) register(command *cobra.Command) {
	command.Flags().StringVar(&f.out, "out", "", "folder in which to write a page for each finding")
	command.Flags().BoolVar(&f.svg, "svg", false, "write the pictures there too")
	command.Flags().StringVarP(&f.output, "output", "o", "text", "text, or json to be merged with that of other shards")
	_ = command.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = command.MarkFlagDirname("out")
}

func (f *findingFlags) check() error {
	switch {
	case f.output != "text" && f.output != "json":
		return fmt.Errorf("--output: expected text or json, found %q", f.output)
	case f.svg && f.out == "":
		return errNoFolder
	}
	return nil
}

// show prints an account, and writes its pages.
func (f *findingFlags) show(command *cobra.Command, world *explore.World, account explore.Account) error {
	pages, err := f.write(world, account.Findings, command.ErrOrStderr())
	if err != nil {
		return failure{err.Error()}
	}
	if f.output == "json" {
		encoder := jsonEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		err = encoder.Encode(account)
	} else {
		_, err = io.WriteString(command.OutOrStdout(), accountText(world, account, pages))
	}
	if err != nil {
		return failure{err.Error()}
	}
	if len(account.Findings) > 0 && f.out == "" && f.output == "text" {
		fmt.Fprintln(command.ErrOrStderr(), "hint: --out FOLDER writes a page for each, which stsim run plays")
	}
	return errBroke(len(account.Findings))
}

// accountText is what a person reads.
func accountText(world *explore.World, account explore.Account, pages []string) string {
	var text strings.Builder
	for i, finding := range account.Findings {
		fmt.Fprintf(&text, "broken: %s\nfound:  %s\nseed %d: %s and %s are left of %s and %s\n\n", finding.Sentence, finding.Found, finding.History.Seed,
			counted(len(finding.History.Actions), "action", "actions"), counted(len(finding.History.Odd), "odd answer", "odd answers"),
			counted(finding.From.Actions, "action", "actions"), counted(finding.From.Odd, "odd answer", "odd answers"))
		findingText(&text, world, finding, pages, i)
	}
	fmt.Fprintf(&text, "%s, %s, %s of virtual time: %s broke\n", counted(int(account.Histories()), "history", "histories"), counted(int(account.Events), "event", "events"),
		scenarios.FormatDuration(account.Virtual.Round(time.Second)), counted(len(account.Findings), "sentence", "sentences"))
	return text.String()
}

// findingText tells the ith finding.
func findingText(text *strings.Builder, world *explore.World, finding explore.Finding, pages []string, i int) {
	tale := world.Tell(finding.History)
	fmt.Fprintf(text, "%s\nwhat happened:\n%s\n", tale.Timeline(), tale.Story())
	if pages != nil && pages[i] != "" {
		fmt.Fprintf(text, "stsim run %s\n\n", pages[i])
	}
}

// write makes a page for each finding, and plays it. It gives their paths; "" for what no page can say, which it tells.
func (f *findingFlags) write(world *explore.World, findings []explore.Finding, errs io.Writer) ([]string, error) {
	if f.out == "" {
		return nil, nil
	}
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return nil, err
	}
	paths := make([]string, len(findings))
	for i, finding := range findings {
		base := filepath.Join(f.out, fileName(finding.Sentence))
		if f.svg {
			if err := os.WriteFile(base+".svg", []byte(world.Tell(finding.History).SVG()), 0o644); err != nil {
				return nil, err
			}
		}
		page, err := world.Page(finding)
		if err == nil {
			page, err = scenarios.Fill(context.Background(), base+".md", page)
		}
		if err != nil {
			fmt.Fprintf(errs, "no page for %q: %v\n", finding.Sentence, err)
			continue
		}
		if err := os.WriteFile(base+".md", page, 0o644); err != nil {
			return nil, err
		}
		paths[i] = base + ".md"
	}
	return paths, nil
}

var noFileName = regexp.MustCompile(`[^a-z0-9]+`)

// fileName is a sentence as the name of a file.
func fileName(sentence string) string {
	name := strings.Trim(noFileName.ReplaceAllString(strings.ToLower(sentence), "-"), "-")
	const most = 70
	if len(name) > most {
		name = strings.TrimRight(name[:most], "-")
	}
	return name
}

// searchWatch tells how a search goes on: on a terminal all the time, and at its end in any case.
type searchWatch struct {
	to       io.Writer
	live     bool
	begun    time.Time
	progress *explore.Progress
	stop     chan struct{}
	ended    sync.WaitGroup
}

func watchSearch(to io.Writer, progress *explore.Progress) *searchWatch {
	_, live := terminalWidth(to)
	w := &searchWatch{to: to, live: live, begun: time.Now(), progress: progress, stop: make(chan struct{})}
	if live {
		w.ended.Go(w.follow)
	}
	return w
}

func (w *searchWatch) follow() {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(w.to, "\r\x1b[2K%s", w)
		case <-w.stop:
			fmt.Fprint(w.to, "\r\x1b[2K")
			return
		}
	}
}

func (w *searchWatch) end() {
	close(w.stop)
	w.ended.Wait()
	fmt.Fprintln(w.to, w)
}

// String is how far it is, and how fast.
func (w *searchWatch) String() string {
	seconds := max(time.Since(w.begun).Seconds(), 0.001)
	rate := func(n float64) string { return fmt.Sprintf("%.0f", n/seconds) }
	p := w.progress
	perSecond := time.Duration(float64(p.Virtual.Load()) / seconds)
	return fmt.Sprintf("%d histories, %d events, %s histories/s, %s events/s, %s of virtual time per second, %d broken",
		p.Histories.Load(), p.Events.Load(), rate(float64(p.Histories.Load())), rate(float64(p.Events.Load())), scenarios.FormatDuration(perSecond.Round(time.Minute)), p.Findings.Load())
}

func newMerge() *cobra.Command {
	var flags findingFlags
	command := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Join the results of stsim explore -o json that several machines have written",
		Long: "Join the results of several shards as if one machine had lived all their histories: of each sentence that broke, the finding with the lowest\n" +
			"seed is kept. The results hold the manifests, so nothing else is needed to tell the findings, or to write their pages.\n\n" +
			"All must be of the same world and the same version of stsim. Exit status 1: something broke.",
		Example: "  stsim explore merge 0.json 1.json 2.json 3.json\n  stsim explore merge *.json --out found --svg\n  stsim explore merge *.json -o json > all.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("expected at least one result, found none\nhint: stsim explore merge 0.json 1.json")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			account, err := readAccounts(args, command.InOrStdin())
			if err != nil {
				return failure{err.Error()}
			}
			world, err := makeWorld(account.World)
			if err != nil {
				return err
			}
			return flags.show(command, world, account)
		},
	}
	flags.register(command)
	return command
}

func readAccounts(names []string, stdin io.Reader) (all explore.Account, err error) {
	for i, name := range names {
		content, err := readFile(name, stdin)
		if err != nil {
			return all, err
		}
		var account explore.Account
		if err := json.Unmarshal(content, &account); err != nil {
			return all, fmt.Errorf("%s: expected a result of stsim explore -o json, found other text (%w)", name, err)
		}
		if err := account.Check(); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
		if i == 0 {
			all = account
		} else if all, err = all.Merge(account); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}
