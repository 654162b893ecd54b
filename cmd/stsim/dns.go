package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/network"
)

// dnsGrace is how long replies may still be on their way after Ctrl-C.
const dnsGrace = 2 * time.Second

type dnsFlags struct {
	files []string
	setup dnsSetup
}

func newDNS() *cobra.Command {
	var flags dnsFlags
	command := &cobra.Command{
		Use:   "dns -f FILE...",
		Short: "Answer DNS questions about the objects in files, as a cluster would",
		Long: "Read Services, EndpointSlices, Namespaces and Pods from YAML or JSON files, Lists included, and answer DNS questions about\n" +
			"them over UDP and TCP as a cluster's DNS does. Objects are taken as they are, status included: nothing is defaulted, no control\n" +
			"loop runs, and so a Service without EndpointSlices has no endpoints. Without any Namespace in the files, every namespace that an\n" +
			"object is in exists. Ctrl-C ends the server and prints what it has done.",
		Example: "  kubectl get ns,svc,endpointslices,pods -A -o yaml > cluster.yaml\n" +
			"  stsim dns -f cluster.yaml\n" +
			"  dig @127.0.0.1 -p 15353 web-0.nginx.default.svc.cluster.local\n\n" +
			"  stsim dns -f services.yaml -f slices.json --dns-addr 127.0.0.1:0 --ttl 5     a free port, records for 5 seconds\n" +
			"  stsim dns -f cluster.yaml --pods verified --zone example.internal\n" +
			"  stsim dns -f cluster.yaml --dns-cache 30s                                    remember replies, as CoreDNS of kubeadm before 1.32\n" +
			"  stsim dns -f cluster.yaml --dns-forward                                      ask the host's resolvers for all other names",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return serveDNS(command, flags) },
	}
	command.Flags().StringArrayVarP(&flags.files, "filename", "f", nil, "a file of objects, - for standard input; may be given more than once")
	flags.setup.register(command.Flags(), "127.0.0.1:15353")
	return command
}

func serveDNS(command *cobra.Command, flags dnsFlags) error {
	if len(flags.files) == 0 {
		return fmt.Errorf("expected a file of objects, found none\nhint: stsim dns -f cluster.yaml")
	}
	options, address, err := flags.setup.options()
	if err != nil {
		return err
	}
	cluster, err := readDNSObjects(flags.files, command.InOrStdin())
	if err != nil {
		return failure{err.Error()}
	}
	for _, note := range cluster.Notes() {
		fmt.Fprintln(command.ErrOrStderr(), "note:", note)
	}
	options.Source = cluster.Index()
	options.Config.ServerAddress = cluster.ServerAddress(address.Addr())
	server, err := listenDNS(address, options)
	if err != nil {
		return failure{err.Error()}
	}
	listening := server.Address()
	fmt.Fprintf(command.OutOrStdout(), "DNS server for %s listening on %s (UDP and TCP)\n", strings.TrimSuffix(flags.setup.zone, "."), listening)
	fmt.Fprintf(command.ErrOrStderr(), "%s\ntry: dig @%s -p %d %s.%s\n", cluster.Summary(), listening.Addr(), listening.Port(), cluster.Sample(), strings.TrimSuffix(flags.setup.zone, "."))
	<-command.Context().Done()
	fmt.Fprintln(command.OutOrStdout(), shutdownDNS(server))
	return nil
}

// readDNSObjects reads files, "-" being standard input.
func readDNSObjects(names []string, stdin io.Reader) (*network.Objects, error) {
	objects := network.NewObjects()
	for _, name := range names {
		if err := readDNSFile(objects, name, stdin); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return objects, nil
}

func readDNSFile(objects *network.Objects, name string, stdin io.Reader) error {
	if name == "-" {
		return objects.Read(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer func() { _ = file.Close() }()
	return objects.Read(file)
}

// listenDNS starts a server.
func listenDNS(address netip.AddrPort, options dnsserver.ServerOptions) (*dnsserver.Server, error) {
	server, err := dnsserver.Listen(address, options)
	if err != nil {
		return nil, portFailure("--dns-addr", address.String(), err)
	}
	return server, nil
}

// shutdownDNS ends a server, which has a moment for its last replies, and says what it has done.
func shutdownDNS(server *dnsserver.Server) dnsserver.Metrics {
	grace, cancel := context.WithTimeout(context.Background(), dnsGrace)
	defer cancel()
	return server.Shutdown(grace)
}
