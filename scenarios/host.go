package scenarios

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"path"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/kubectl"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/storage"
)

// home is the directory in which a page's commands run and where its files lie.
const home = "/home/user"

// shellProcess is the number of the shell, as ps shows it.
const shellProcess = 1000

// host is the machine the page's commands run on: a simulated one, outside of the cluster but next to it. It implements
// [applet.System]. Its files belong to the session and not to the cluster. Each look at the cluster takes a turn of its own, so that kubectl can
// take turns in between.
type host struct {
	door     *door.Door
	client   *kubectl.Client
	files    *storage.FileSystem
	terminal *terminal
	programs programs
	output   shellOutput
	asked    func(method string, at *url.URL) // told of kubectl's requests; nil: nobody
}

var _ applet.System = (*host)(nil)

func newHost(d *door.Door, client *kubectl.Client, t *terminal, files *storage.FileSystem) *host {
	return &host{door: d, client: client, files: files, terminal: t, output: shellOutput{terminal: t}}
}

// shellOutput prints what the shell writes, both streams on the one terminal.
type shellOutput struct {
	terminal *terminal
	swallow  bool // the next that is written is the echo of a command
}

// Write implements [shell.Output].
func (o *shellOutput) Write(_ int, data []byte) {
	switch {
	case len(data) == 0: // a prompt
	case o.swallow:
		o.swallow = false
	case string(data) == "^C\n":
		o.terminal.echo("^C\n")
	default:
		_, _ = o.terminal.Write(data)
	}
}

// Now implements [applet.System].
func (h *host) Now() (now time.Time) {
	h.door.Do(func(cluster *sim.Cluster) { now = cluster.Now() })
	return now
}

// Files implements [applet.System].
func (h *host) Files() *storage.FileSystem {
	h.files.SetNow(h.Now())
	return h.files
}

// Hostname implements [applet.System].
func (h *host) Hostname() string { return container.HostName }

// Domain implements [applet.System].
func (h *host) Domain() string { return "" }

// Addresses implements [applet.System].
func (h *host) Addresses() []netip.Addr { return nil }

// Resolver implements [applet.System]: the cluster's DNS, without a search list.
func (h *host) Resolver() (resolver dnsserver.Resolver) {
	h.door.Do(func(cluster *sim.Cluster) {
		resolver = network.ResolverWith(cluster.View(), door.NameCache{Door: h.door}, cluster.Settings(), h.Choose, nil, 1)
	})
	return resolver
}

// Exchange implements [applet.System].
func (h *host) Exchange(address netip.AddrPort, request []byte) (response []byte, err error) {
	h.door.Do(func(cluster *sim.Cluster) { response, err = cluster.HostSend(address, request) })
	return response, err
}

// Listening implements [applet.System].
func (h *host) Listening() []uint16 { return nil }

// Processes implements [applet.System].
func (h *host) Processes() []applet.ProcessInfo { return nil }

// Signal implements [applet.System].
func (h *host) Signal(int, int) error { return errors.New("No such process") }

// Choose implements [applet.System].
func (h *host) Choose(label string, n int) (taken int) {
	h.door.Do(func(cluster *sim.Cluster) { taken = cluster.Choose(label, n) })
	return taken
}

// Command implements [applet.System]: the host has kubectl, why, and of stsim what a page can use.
func (h *host) Command(name string) applet.Applet {
	switch name {
	case "kubectl":
		return h.kubectl
	case "why":
		return h.why
	case "stsim":
		return h.stsim
	}
	return nil
}

// pageFiles show kubectl the files of the host, and no others.
type pageFiles struct{ files *storage.FileSystem }

// Read implements [kubectl.Files].
func (p pageFiles) Read(name string) ([]byte, error) { return p.files.ReadFile(name) }

// List implements [kubectl.Files].
func (p pageFiles) List(name string) (below []string, directory bool) {
	info, err := p.files.Stat(name)
	if err != nil || !info.Mode.IsDir() {
		return nil, false
	}
	entries, err := p.files.ReadDir(name)
	if err != nil {
		return nil, true
	}
	for _, entry := range entries {
		at := path.Join(name, entry.Name)
		switch {
		case entry.Mode.IsRegular():
			below = append(below, at)
		case entry.Mode&fs.ModeDir != 0:
			inner, _ := p.List(at)
			below = append(below, inner...)
		}
	}
	return below, true
}

// Write implements [kubectl.Files].
func (p pageFiles) Write(name string, content []byte) error {
	if err := p.files.MkdirAll(path.Dir(name), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return p.files.WriteFile(name, content, 0o644, storage.Write|storage.Create|storage.Truncate)
}
