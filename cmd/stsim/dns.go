package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stsim/stsim/dnsserver"
)

const (
	// maxDNSTTL is the largest --ttl in seconds, CoreDNS's cap.
	maxDNSTTL = 3600
	// dnsGrace is how long replies may still be on their way after Ctrl-C.
	dnsGrace = 2 * time.Second
	// hostResolvers stands for the servers in the host's resolv.conf.
	hostResolvers  = "host"
	hostResolvConf = "/etc/resolv.conf"
)

type dnsFlags struct {
	files   []string
	address string
	ttl     int
	pods    string
	zone    string
	cache   time.Duration
	forward string
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
	defaults := dnsserver.DefaultConfig()
	command.Flags().StringArrayVarP(&flags.files, "filename", "f", nil, "a file of objects, - for standard input; may be given more than once")
	command.Flags().StringVar(&flags.address, "dns-addr", "127.0.0.1:15353", "loopback address and port to listen on, UDP and TCP; port 0 is any free one")
	command.Flags().IntVar(&flags.ttl, "ttl", int(defaults.TTL), fmt.Sprintf("time to live of records in seconds, 0 to %d", maxDNSTTL))
	command.Flags().StringVar(&flags.pods, "pods", string(defaults.Pods), "names below pod.ZONE: disabled, insecure (any address) or verified (only a live Pod's)")
	command.Flags().StringVar(&flags.zone, "zone", strings.TrimSuffix(defaults.Zone, "."), "domain of the cluster")
	command.Flags().DurationVar(&flags.cache, "dns-cache", 0, "remember replies, also negative ones, for so long, as CoreDNS's plugin cache does (e.g. 30s)")
	command.Flags().StringVar(&flags.forward, "dns-forward", "", "ask other servers for names beyond the cluster: those of /etc/resolv.conf, or =ADDRESS:PORT[,...]")
	command.Flags().Lookup("dns-forward").NoOptDefVal = hostResolvers
	return command
}

func serveDNS(command *cobra.Command, flags dnsFlags) error {
	if len(flags.files) == 0 {
		return fmt.Errorf("expected a file of objects, found none\nhint: stsim dns -f cluster.yaml")
	}
	options, address, err := flags.options()
	if err != nil {
		return err
	}
	cluster, err := readDNSObjects(flags.files, command.InOrStdin())
	if err != nil {
		return failure{err.Error()}
	}
	for _, note := range cluster.notes() {
		fmt.Fprintln(command.ErrOrStderr(), "note:", note)
	}
	options.Source = cluster.index
	options.Config.ServerAddress = cluster.serverAddress(address.Addr())
	server, err := dnsserver.Listen(address, options)
	if err != nil {
		return failure{err.Error() + "\nhint: --dns-addr 127.0.0.1:0 takes any free port; ports below 1024 may need privileges"}
	}
	listening := server.Address()
	fmt.Fprintf(command.OutOrStdout(), "DNS server for %s listening on %s (UDP and TCP)\n", strings.TrimSuffix(flags.zone, "."), listening)
	fmt.Fprintf(command.ErrOrStderr(), "%s\ntry: dig @%s -p %d %s.%s\n", cluster.summary(), listening.Addr(), listening.Port(), cluster.sample(), flags.zone)
	<-command.Context().Done()
	grace, cancel := context.WithTimeout(context.Background(), dnsGrace)
	defer cancel()
	fmt.Fprintln(command.OutOrStdout(), server.Shutdown(grace))
	return nil
}

// options reads the command line.
func (f dnsFlags) options() (options dnsserver.ServerOptions, address netip.AddrPort, err error) {
	if f.ttl < 0 || f.ttl > maxDNSTTL {
		return options, address, fmt.Errorf("--ttl: expected 0 to %d seconds, found %d", maxDNSTTL, f.ttl)
	}
	if f.cache < 0 || f.cache > dnsserver.MaxCacheTTL || f.cache%time.Second != 0 {
		return options, address, fmt.Errorf("--dns-cache: expected whole seconds up to %s, found %s\nhint: --dns-cache 30s", dnsserver.MaxCacheTTL, f.cache)
	}
	options.CacheTTL = f.cache
	options.Config = dnsserver.Config{Zone: f.zone, TTL: uint32(f.ttl), NoTTL: f.ttl == 0, Pods: dnsserver.PodMode(f.pods)}
	if f.zone == "" || f.pods == "" {
		return options, address, fmt.Errorf("--zone and --pods: expected a value, found none")
	}
	if err := options.Config.Validate(); err != nil {
		return options, address, err
	}
	if address, err = parseAddress(f.address, ""); err != nil || !address.Addr().IsLoopback() {
		return options, address, fmt.Errorf("--dns-addr: expected a loopback address and a port, found %q\nhint: --dns-addr 127.0.0.1:15353", f.address)
	}
	switch f.forward {
	case "":
	case hostResolvers:
		if options.Upstream, err = dnsserver.HostResolvers(hostResolvConf); err != nil {
			return options, address, fmt.Errorf("--dns-forward: %w\nhint: --dns-forward=ADDRESS:PORT names a server", err)
		}
	default:
		for _, text := range strings.Split(f.forward, ",") {
			upstream, err := parseAddress(text, "53")
			if err != nil {
				return options, address, fmt.Errorf("--dns-forward: expected ADDRESS:PORT, found %q", text)
			}
			options.Upstream = append(options.Upstream, upstream)
		}
	}
	return options, address, nil
}

// parseAddress reads an address and a port, which may be left out if there is a usual one. "localhost" is 127.0.0.1.
func parseAddress(text, usualPort string) (netip.AddrPort, error) {
	if address, err := netip.ParseAddr(text); err == nil && usualPort != "" {
		text = net.JoinHostPort(address.String(), usualPort)
	}
	if port, is := strings.CutPrefix(text, "localhost:"); is {
		text = "127.0.0.1:" + port
	}
	return netip.ParseAddrPort(text)
}
