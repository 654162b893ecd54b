package main

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

func TestPortsThatCannotBeHad(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it only listens
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	config := filepath.Join(t.TempDir(), "config")
	for _, flag := range []string{"--api-addr", "--dns-addr"} {
		code, said := serveOnce(t, "--kubeconfig", config, flag, taken.Addr().String())
		if want := fmt.Sprintf("error: %s %s: another program listens there\nhint: %[1]s 127.0.0.1:0", flag, taken.Addr()); code != exitFailed || !strings.HasPrefix(said, want) {
			t.Errorf("expected %s, found %d %s", want, code, said)
		}
	}
	for problem, want := range map[syscall.Errno]string{
		syscall.EACCES:        "--dns-addr 127.0.0.1:53: ports below 1024 are reserved for the administrator here\nhint: --dns-addr 127.0.0.1:0 takes any free port; or let everybody use them: sudo sysctl",
		syscall.EADDRNOTAVAIL: "--dns-addr 127.0.0.1:53: this machine has no such address\nhint: --dns-addr 127.0.0.1:0",
		syscall.EMFILE:        "--dns-addr 127.0.0.1:53: listen: too many open files\nhint: --dns-addr 127.0.0.1:0",
	} {
		if found := portFailure("--dns-addr", "127.0.0.1:53", fmt.Errorf("listen: %w", problem)); !strings.HasPrefix(found.Error(), want) {
			t.Errorf("expected %s, found %v", want, found)
		}
	}
}

// Where the system has one loopback address, and where another cluster has those of this one, the start-up text says what cannot be reached.
func TestWhatCannotBeReachedIsSaid(t *testing.T) {
	settings := &api.Settings{PodCIDR: netip.MustParsePrefix("10.244.0.0/16"), ServiceCIDR: netip.MustParsePrefix("10.96.0.0/12")}
	const macOS = "hidden      Pods 10.244.0.0/16, Services 10.96.0.0/12, nodes: kubectl port-forward and node ports at 127.0.0.1 lead into the cluster\n"
	if found := (&addressSetup{}).reachability(settings); found != macOS {
		t.Errorf("expected %sfound %s", macOS, found)
	}
	var first addressSetup
	if err := first.choose(); err != nil {
		t.Fatal(err)
	}
	defer first.close()
	if first.claimed == nil {
		t.Skip("this system has one loopback address")
	}
	again := addressSetup{}
	if err := again.again((&serveFlags{addresses: first}).options(time.Time{})); err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if found := again.reachability(settings); !strings.Contains(found, "lead to another cluster") {
		t.Errorf("found %s", found)
	}
}

// TestCertificateIsForWhatIsShown: a cluster whose addresses cannot be had this time is the one that its clients trust when they can again.
func TestCertificateIsForWhatIsShown(t *testing.T) {
	cluster := sim.New(sim.Options{ServiceCIDR: "127.90.0.0/16", NodeCIDR: "127.91.0.0/16"})
	listener, err := listenLoopback("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	shown := shownAt(cluster)
	served, err := newServed(listener, shown, credentials{}, filepath.Join(t.TempDir(), "config"))
	if err != nil {
		t.Fatal(err)
	}
	if len(shown) < 2 {
		t.Fatalf("expected the Service kubernetes and its endpoint, found %v", shown)
	}
	for _, place := range shown {
		if !served.credentials.validFor([]net.IP{place.Addr().AsSlice()}) {
			t.Errorf("the certificate is not for %v", place)
		}
	}
}
