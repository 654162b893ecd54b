package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/loopback"
)

type serveFlags struct {
	manifests  []string
	nodes      int
	kubernetes string
	seed       uint64
	pace       string
	address    string
	kubeconfig string
	state      string
	from       string
	without    []string
	with       []string
	gates      []string
	dns        dnsSetup
	addresses  addressSetup
}

func newServe() *cobra.Command {
	var flags serveFlags
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve a simulated cluster on this machine for kubectl and other clients",
		Long: "Serve the API and the DNS of a simulated cluster on loopback addresses, and write a kubeconfig for it. Virtual time goes with the wall clock. It\n" +
			"ends with Ctrl-C, and the cluster with it. What --ttl, --pods, --zone and --dns-cache say holds for the Pods of the cluster too.\n\n" +
			"Pods, Services and nodes have loopback addresses of their own where the system has such (Linux): curl reaches them at the addresses that DNS\n" +
			"answers. Node ports are open at 127.0.0.1 everywhere. Two clusters that are served at a time have different addresses.\n\n" +
			"At a pace above 1x, and after stsim clock advance, virtual time is ahead of the clock of your machine. What the server prints is right (kubectl get), and so\n" +
			"is all that stsim kubectl prints; clients that compute ages themselves by their own clock (kubectl describe, kubectl events, k9s) show <invalid> then.\n" +
			"Instants are served as they are in the cluster, the same to everybody: were they shifted, one resource version would mean several things.\n\n" +
			"With --state the cluster is kept in a file, and the same command comes back to it, also after a crash: everything that was answered is there, objects,\n" +
			"files in volumes, resource versions and uids; kubeconfigs go on working. While nobody serves it its time stands still. Manifests are applied to a new\n" +
			"cluster only. The file grows with every request; it holds no secrets, those are in FILE.keys.\n\n" +
			"With --from a second cluster goes its own way from what another one was at an instant; the other's file is only read, also while it is being served.\n" +
			"Manifests are applied to it then. While the other is served it has the loopback addresses of both.",
		Example: "  stsim serve -f web.yaml\n  stsim serve --nodes 5 --pace 10x\n  stsim kubectl get pods     in another terminal\n" +
			"  stsim serve -f web.yaml --dns-addr 127.0.0.1:15353 --dns-cache 30s\n" +
			"  dig @127.0.0.1 -p 15353 web-0.nginx.default.svc.cluster.local     in another terminal\n" +
			"  curl http://$(dig +short @127.0.0.1 -p 15353 web-0.nginx.default.svc.cluster.local)",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return serve(command, flags) },
	}
	command.Flags().StringArrayVarP(&flags.manifests, "filename", "f", nil, "a manifest to apply at the start; may be given more than once")
	command.Flags().IntVar(&flags.nodes, "nodes", 3, "how many nodes the cluster has")
	command.Flags().StringVar(&flags.kubernetes, "kubernetes", "", "Kubernetes release to simulate (default: the newest)")
	command.Flags().Uint64Var(&flags.seed, "seed", 0, "seed of everything that could go more than one way")
	command.Flags().StringVar(&flags.pace, "pace", "1x", "virtual time against the wall clock: 1x, 10x, ..., or max")
	command.Flags().StringVar(&flags.address, "api-addr", "127.0.0.1:0", "loopback address of the API; port 0 is any free one")
	command.Flags().StringVar(&flags.kubeconfig, "kubeconfig", "", "where to write the kubeconfig (default: in the user's state folder)")
	command.Flags().StringVar(&flags.state, "state", "", "a file to keep the cluster in: the same command takes it up again")
	command.Flags().StringVar(&flags.from, "from", "", "FILE@INSTANT: begin as the cluster in the file of another --state was then, e.g. web.stsim@3m12s (FILE alone: as it is)")
	flags.addresses.register(command.Flags())
	flags.dns.register(command.Flags(), "127.0.0.1:0")
	command.Flags().StringSliceVar(&flags.with, "with", nil, "control loops to add: graceful-scaledown")
	command.Flags().StringSliceVar(&flags.without, "without", nil, "control loops to leave out, e.g. statefulset, so that somebody's own controller takes their place")
	command.Flags().StringSliceVar(&flags.gates, "feature-gates", nil, "feature gates to set, e.g. MaxUnavailableStatefulSet=true; the others are as the release has them")
	return command
}

func serve(command *cobra.Command, flags serveFlags) error {
	speed, err := parsePace(flags.pace)
	if err != nil {
		return fmt.Errorf("--pace: %w", err)
	}
	dnsOptions, dnsAddress, err := flags.dns.options()
	if err != nil {
		return err
	}
	defer flags.addresses.close()
	cluster, kept, err := flags.cluster(command)
	if err != nil {
		return err
	}
	defer kept.close()
	access, err := kept.credentials()
	if err != nil {
		return err
	}
	var listener net.Listener
	err = listenAgain(access.API, flags.address, command.Flags().Changed("api-addr"), func(address string) (err error) {
		listener, err = listenLoopback(address)
		return err
	})
	if err != nil {
		return failure{err.Error()}
	}
	served, err := newServed(listener, shownAt(cluster), access, flags.kubeconfig)
	if err != nil {
		_ = listener.Close()
		return failure{err.Error()}
	}
	defer served.remove()
	if !flags.addresses.elsewhere {
		served.inside = listenInside(shownAt(cluster))
	}
	d := door.New(cluster)
	kept.guard(d)
	names := newClusterNames(d)
	var server *dnsserver.Server
	err = listenAgain(access.DNS, dnsAddress.String(), command.Flags().Changed("dns-addr"), func(address string) (err error) {
		server, err = names.listen(netip.MustParseAddrPort(address), dnsOptions)
		return err
	})
	if err == nil {
		err = kept.keepCredentials(served.credentials, server.Address())
	}
	if err != nil {
		_ = listener.Close()
		return failure{err.Error()}
	}
	var own *dnsserver.Server
	if !flags.addresses.elsewhere {
		own = names.listenInside(cluster.Settings(), dnsOptions)
	}
	served.announce(command.OutOrStdout(), server.Address(), own, flags.addresses.reachability(cluster.Settings()), cluster.Settings().Zone, flags.state)
	ctx, stop := kept.watch(command.Context(), d)
	defer stop()
	if !flags.addresses.elsewhere {
		sockets := loopback.Listen(d, func(problem string) { fmt.Fprintln(command.ErrOrStderr(), "warning: "+problem) }, served.places()...)
		defer sockets.Close()
		go sockets.Keep(ctx)
	}
	go names.follow(ctx)
	err = served.run(ctx, d, newClock(d, speed))
	if own != nil {
		shutdownDNS(own)
	}
	fmt.Fprintln(command.OutOrStdout(), shutdownDNS(server))
	return errors.Join(err, kept.end(d))
}

// options are those of the cluster that the flags ask for.
func (f *serveFlags) options(start time.Time) sim.Options {
	release := orNewest(f.kubernetes)
	if parsed, err := api.ParseRelease(release); err == nil {
		release = parsed.String() // one name for what has several
	}
	return sim.Options{
		PodCIDR: f.addresses.pods, ServiceCIDR: f.addresses.services, NodeCIDR: f.addresses.nodes,
		Nodes: f.nodes, Kubernetes: release, Seed: f.seed, Without: f.without, With: f.with, Gates: f.gates, Start: start, Zone: f.dns.zone, DNS: f.dns.simulated(),
	}
}

// cluster makes the cluster that the flags ask for, or comes back to the one in the file.
func (f *serveFlags) cluster(command *cobra.Command) (*sim.Cluster, *keptCluster, error) {
	if f.state != "" {
		kept, err := openState(f.state, func(file sim.Options) error { return f.checkFlags(command.Flags(), file) }, command.ErrOrStderr())
		if err != nil {
			return nil, nil, err
		}
		if kept != nil {
			if f.from != "" {
				kept.close()
				return nil, nil, failure{fmt.Sprintf("--from %s: there is a cluster in %s already\nhint: leave --from out to take it up again, or name a new file", f.from, f.state)}
			}
			if len(f.manifests) > 0 {
				fmt.Fprintf(command.ErrOrStderr(), "%s is not applied again (hint: stsim kubectl apply -f %[1]s)\n", strings.Join(f.manifests, ", "))
			}
			return kept.Cluster, kept, nil
		}
	}
	if f.from != "" {
		return f.fork(command.Flags())
	}
	if err := f.addresses.choose(); err != nil {
		return nil, nil, err
	}
	options := f.options(time.Now().UTC().Truncate(time.Second))
	if f.state != "" {
		kept, err := createState(f.state, options, f.applyManifests)
		if err != nil {
			return nil, nil, err
		}
		return kept.Cluster, kept, nil
	}
	cluster, err := sim.Make(options)
	if err != nil {
		return nil, nil, err
	}
	return cluster, nil, f.applyManifests(cluster)
}

// fork makes a cluster that goes on from the past of the one in another file.
func (f *serveFlags) fork(given *pflag.FlagSet) (*sim.Cluster, *keptCluster, error) {
	path, instant := f.from, ""
	if at := strings.LastIndexByte(f.from, '@'); at >= 0 {
		path, instant = f.from[:at], f.from[at+1:]
	}
	p, err := readPast(path, instant, func(*sim.Options) {}, func(sim.Point, sim.Input) {})
	if err != nil {
		return nil, nil, err
	}
	if err := f.checkFlags(given, p.header.Options); err != nil {
		return nil, nil, fmt.Errorf("--from %s: %w", f.from, err)
	}
	if f.state == "" {
		p.cluster.SetRecall(nil) // what comes in from now on is nowhere
		return p.cluster, nil, f.applyManifests(p.cluster)
	}
	kept, err := keepFrom(f.state, p.header.Options, p.cluster, append(p.records, sim.Recorded{Point: p.cluster.Point()}))
	if err != nil {
		return nil, nil, err
	}
	if err := f.applyManifests(kept.Cluster); err != nil {
		kept.close()
		return nil, nil, err
	}
	return kept.Cluster, kept, nil
}

func (f *serveFlags) applyManifests(cluster *sim.Cluster) error {
	for _, path := range f.manifests {
		content, err := os.ReadFile(path)
		if err != nil {
			return failure{fmt.Sprintf("-f: %v%s", err, missingHint(path, err, "as seen from this folder"))}
		}
		if err := cluster.Apply(content); err != nil {
			return failure{fmt.Sprintf("%s: %v", path, err)}
		}
	}
	return nil
}

// listenLoopback listens where nobody but this machine can reach it.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--api-addr: expected an address and a port such as 127.0.0.1:0, found %q", address)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--api-addr: expected a loopback address such as 127.0.0.1, found %q (hint: a simulated cluster lets everybody with its token do everything)", host)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, portFailure("--api-addr", address, err)
	}
	return listener, nil
}

// served is a listening API server and the kubeconfig that leads to it.
type served struct {
	listener    net.Listener
	inside      []net.Listener // at the addresses that the cluster shows
	certificate tls.Certificate
	credentials credentials
	kubeconfig  string
}

// newServed writes the kubeconfig. What is missing in the credentials is made. The certificate is for all places where the API is shown, whether or not
// they can be had this time: a cluster that comes back must be the one that its clients trust.
func newServed(listener net.Listener, shown []netip.AddrPort, access credentials, kubeconfig string) (*served, error) {
	address := listener.Addr().(*net.TCPAddr)
	at := []net.IP{address.IP}
	for _, place := range shown {
		at = append(at, place.Addr().AsSlice())
	}
	access, err := access.complete(at)
	if err != nil {
		return nil, err
	}
	access.API = address.String()
	certificate, err := tls.X509KeyPair(access.Certificate, access.Key)
	if err != nil {
		return nil, err
	}
	if kubeconfig == "" {
		if kubeconfig, err = ownKubeconfig(address.Port); err != nil {
			return nil, err
		}
	}
	if err := writeKubeconfig(kubeconfig, "https://"+access.API, access.Token, access.Certificate); err != nil {
		return nil, fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return &served{listener: listener, certificate: certificate, credentials: access, kubeconfig: kubeconfig}, nil
}

func (s *served) announce(out io.Writer, names netip.AddrPort, own *dnsserver.Server, reachability, zone, state string) {
	fmt.Fprintf(out, "API         https://%s\nDNS         %s (UDP and TCP)\n", s.listener.Addr(), names)
	if own != nil {
		fmt.Fprintf(out, "            %s, as in the Pods' resolv.conf\n", own.Address())
	}
	fmt.Fprintf(out, "%skubeconfig  %s\n\n", reachability, s.kubeconfig)
	fmt.Fprintf(out, "  export KUBECONFIG=%s\n  dig @%s -p %d kubernetes.default.svc.%s\n\n", s.kubeconfig, names.Addr(), names.Port(), zone)
	if state == "" {
		fmt.Fprintln(out, "Ctrl-C ends the cluster.")
	} else {
		fmt.Fprintf(out, "Ctrl-C stops the cluster; --state %s takes it up again.\n", state)
	}
}

// places are the addresses of the cluster at which the API is.
func (s *served) places() (places []netip.AddrPort) {
	for _, inside := range s.inside {
		places = append(places, inside.Addr().(*net.TCPAddr).AddrPort())
	}
	return places
}

func (s *served) remove() { _ = os.Remove(s.kubeconfig) }

// run serves until the context ends.
func (s *served) run(ctx context.Context, d *door.Door, clock *clock) error {
	server := &http.Server{
		Handler:   newGuard(s.credentials.Token, besideAPI(d, clock, apiserver.NewBeyond(d))),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{s.certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}},
		ErrorLog:  log.New(io.Discard, "", 0), // a client that breaks off is not worth a line
		// A slow or silent client must not hold a connection for ever before its request is read.
		ReadHeaderTimeout: headPatience, IdleTimeout: idleConnection, MaxHeaderBytes: maxHeader,
	}
	go clock.keep(ctx)
	go func() {
		<-ctx.Done()
		_ = server.Close() // watches never end by themselves
	}()
	places := make(chan struct{}, maxConnections)
	for _, other := range s.inside {
		go func() { _ = server.ServeTLS(boundedListener{other, places}, "", "") }() // it ends with the server
	}
	if err := server.ServeTLS(boundedListener{s.listener, places}, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return failure{err.Error()}
	}
	return nil
}
