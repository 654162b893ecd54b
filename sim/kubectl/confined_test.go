package kubectl

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

// harmless are kubectl's flags that were looked at: their values are never the names of files, programs or addresses of this machine.
// "template" is one with the formats of [fileFormats] only, and "edit" and "env" are refused where they are not.
var harmless = strings.Fields(`
	aggregation-rule all all-containers all-namespaces all-pods allow-missing-template-keys annotation annotations api-group api-version append-hash as as-group
	attach audience bound-object-kind bound-object-name bound-object-uid cached cascade categories chunk-size class client cluster-ip clusterip clusterrole
	command container containers cpu cpu-percent concurrency create-annotation current-replicas default-backend delete-emptydir-data description detach-keys
	disable-eviction docker-email docker-password docker-server docker-username dry-run duration env expose external-ip external-name field-manager
	field-selector follow for force force-conflicts from from-literal global-default grace-period group hard help ignore-daemonsets ignore-errors ignore-not-found
	image image-pull-policy insecure-skip-tls-verify-backend interactive keys label-columns labels leave-stdin-open limit-bytes limits list load-balancer-ip
	local match-server-version max max-log-requests max-unavailable memory min min-available name namespace namespaced namespaces no-headers no-preserve
	node-port non-resource-url now openapi-patch output output-patch output-watch-events override-type overrides overwrite patch pod-running-timeout pod-selector port
	preemption-policy prefix previous privileged protocol prune prune-allowlist quiet raw record recursive remove-extra-permissions remove-extra-subjects
	reorder replicas request-timeout requests resolve resource resource-name resource-version restart retries revision rm role rule save-config schedule scopes
	selector server-print server-side serviceaccount session-affinity show-events show-kind show-labels show-managed-fields show-secrets since since-time
	skip-wait-for-delete-timeout sort-by stdin subresource tail target-port tcp template timeout timestamps to-revision tty type types user validate value
	verb verbs wait watch watch-only windows-line-endings edit
`)

// A flag that kubectl gets one day has to be looked at before it is offered.
func TestEveryFlagIsKnown(t *testing.T) {
	client, err := New(door.New(sim.New(sim.Options{})))
	if err != nil {
		t.Fatal(err)
	}
	flags := newFlags()
	root := newTree(nil, &getter{client: client, flags: flags, config: client.config, warn: func(string) {}}, flags, streams{}, &transport{})
	count := 0
	var look func(command *cobra.Command)
	look = func(command *cobra.Command) {
		know := func(flag *pflag.Flag) {
			count++
			name := flag.Name
			known := fileFlags[name] != nil || leadingOut[name] != "" || command.Name() == "kustomize" && slices.Contains(kustomizeFlags, name)
			if !known && !slices.Contains(harmless, name) {
				t.Errorf("%s --%s: nobody has said whether it reaches this machine: %s", command.CommandPath(), name, flag.Usage)
			}
		}
		command.Flags().VisitAll(know)
		command.PersistentFlags().VisitAll(know)
		for _, below := range command.Commands() {
			look(below)
		}
	}
	look(root)
	if count < 500 {
		t.Errorf("only %d flags were looked at", count)
	}
}
