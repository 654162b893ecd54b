package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

func newFault() *cobra.Command {
	var kubeconfig string
	command := &cobra.Command{
		Use:   "fault [WORD ...]",
		Short: "Let something befall a served cluster: crashes, failing probes, lost nodes, full volumes and more",
		Long: "Let something befall the cluster of the last \"stsim serve\" that is still running, or end it. Without words it shows what is wrong there just now, and\n" +
			"what ends it. The words are those that pages have in comments, as in <!-- crash web-0 -->:\n\n" + faultTable() + "\n" +
			"POD and CLAIM are names in the namespace default, or NAMESPACE/NAME. Without CONTAINER it is the one that kubectl would take. What lasts does so until\n" +
			"it is ended by its own word or by heal.",
		Example: "  stsim fault                                    what is wrong\n  stsim fault crash web-0\n  stsim fault probe-fails web-1 readiness\n" +
			"  stsim fault node-down node-2\n  stsim fault heal                               all is well again",
		RunE: func(command *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			if len(args) > 0 {
				if _, err := sim.ParseFault(text); err != nil {
					return asTyped(err)
				}
			}
			served, err := findServed(command.Context(), kubeconfig)
			if err != nil {
				return err
			}
			var state faultState
			if err := served.ask(http.MethodPost, faultPath, url.Values{"fault": {text}}, &state); err != nil {
				return err
			}
			printFaults(command.OutOrStdout(), state)
			return nil
		},
		ValidArgsFunction: func(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return completeFault(args, func(kind string) []string {
				served, err := findServed(command.Context(), kubeconfig)
				if err != nil {
					return nil
				}
				names, _ := served.names(kind, "default") // a cluster that does not answer completes nothing
				return names
			}), cobra.ShellCompDirectiveNoFileComp
		},
	}
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "of the served cluster (default: $KUBECONFIG, or in the user's state folder)")
	return command
}

// faultTable lists the words and what they do.
func faultTable() string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, word := range sim.FaultWords() {
		fmt.Fprintf(table, "    %s\t%s\n", word.Usage, word.Says)
	}
	_ = table.Flush() // a strings.Builder takes everything
	return b.String()
}

// asTyped is what is wrong with a fault, with an example as one types it here.
func asTyped(err error) error {
	var wrong *sim.FaultError
	if errors.As(err, &wrong) && wrong.Hint == "" && wrong.Example != "" {
		typed := *wrong
		typed.Example = "stsim fault " + wrong.Example
		return &typed
	}
	return err
}

// completeFault lists what may come next, with an explanation after a tab for the words. names lists the objects of a kind.
func completeFault(args []string, names func(kind string) []string) (choices []string) {
	for _, word := range sim.FaultWords() {
		usage := strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(word.Usage))
		switch {
		case len(args) == 0:
			choices = append(choices, usage[0]+"\t"+word.Says)
		case args[0] != usage[0]:
		default:
			for _, part := range usage[min(len(args), len(usage)):] {
				switch part {
				case "NODE", "POD":
					return names(strings.ToLower(part))
				case "CLAIM":
					return names("pvc")
				case "PROBE":
					return sim.ProbeNames()
				case "DURATION":
					return nil
				}
			}
		}
	}
	return choices
}

// faultPath is where a served cluster is told of a fault, with its text in fault or, to be asked only, none; the answer is a [faultState].
const faultPath = "/stsim/fault"

// faultState is what has just happened, and what is wrong now.
type faultState struct {
	Told  string        `json:"told,omitempty"` // in plain words
	Wrong []wrongInText `json:"wrong"`
}

type wrongInText struct {
	Fault string `json:"fault"`
	Cure  string `json:"cure"` // the fault that ends it
}

func printFaults(out io.Writer, state faultState) {
	if state.Told != "" {
		fmt.Fprintln(out, state.Told)
	}
	if len(state.Wrong) == 0 {
		fmt.Fprintln(out, "nothing is wrong")
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "WRONG\tENDS WITH")
	for _, wrong := range state.Wrong {
		fmt.Fprintf(table, "%s\tstsim fault %s\n", wrong.Fault, wrong.Cure)
	}
	_ = table.Flush() // as for all output: who is gone needs none
}

// addFault lets faults befall a served cluster. The clock is told, since one of them moves virtual time.
func addFault(mux *http.ServeMux, d *door.Door, clock *clock) {
	mux.HandleFunc("POST "+faultPath, func(writer http.ResponseWriter, request *http.Request) {
		var state faultState
		var err error
		text := request.URL.Query().Get("fault")
		d.Do(func(cluster *sim.Cluster) {
			if text != "" {
				var fault sim.Fault
				if fault, err = sim.ParseFault(text); err == nil {
					state.Told = fault.Told()
					err = cluster.Befall(fault)
				}
			}
			state.Wrong = whatIsWrong(cluster)
		})
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		if text != "" {
			clock.set(func() {})
		}
		writeJSON(writer, state)
	})
}

func whatIsWrong(cluster *sim.Cluster) []wrongInText {
	wrong := []wrongInText{}
	for _, fault := range cluster.Faults() {
		cure, _ := fault.Cure()
		wrong = append(wrong, wrongInText{Fault: fault.String(), Cure: cure.String()})
	}
	return wrong
}
