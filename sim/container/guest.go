package container

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/storage"
)

// Guest is what one run of a program sees of the world. It implements [applet.System]. Changed files are in their rows when Flush
// has been called; the runtime does so for its own programs, and who runs one on the [Host] does it afterwards.
type Guest struct {
	w         *World
	container string // key of the container; "" on the host
	sandbox   *Sandbox
	hostname  string
	domain    string
	config    *Config
	image     *app.Image
	files     *storage.FileSystem
	volumes   []string // key of the volume at each mount
	twice     bool     // some volume is mounted at two places
	current   *activation
	// Commands finds commands beyond the applets for programs of the [Host] (kubectl); nil for none.
	Commands func(name string) applet.Applet
}

var _ applet.System = (*Guest)(nil)

// Now implements [applet.System].
func (g *Guest) Now() time.Time { return g.w.now() }

// Files implements [applet.System].
func (g *Guest) Files() *storage.FileSystem {
	if g.twice {
		g.mirror()
	}
	return g.files
}

// Hostname implements [applet.System].
func (g *Guest) Hostname() string { return g.hostname }

// Domain implements [applet.System].
func (g *Guest) Domain() string { return g.domain }

// Addresses implements [applet.System].
func (g *Guest) Addresses() []netip.Addr {
	if g.sandbox == nil {
		return nil
	}
	return slices.Clone(g.sandbox.IPs)
}

// Resolver implements [applet.System]: it does what /etc/resolv.conf says now. Only the cluster's DNS answers; a name server that is
// not simulated knows no names.
func (g *Guest) Resolver() dnsserver.Resolver {
	text, _ := g.files.ReadText("/etc/resolv.conf")
	server, search, ndots := parseResolvConf(text)
	resolver := network.Resolver(g.w.Tx, g.w.Settings, g.w.Choose, search, ndots)
	if server != g.w.Settings.DNSAddress {
		resolver.Source, resolver.Cache = nothing{}, nil
		resolver.Config.ServerAddress = server
	}
	return resolver
}

// parseResolvConf reads what libc reads: the first name server, the last search line, ndots.
func parseResolvConf(text string) (server netip.Addr, search []string, ndots int) {
	ndots = 1
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if address, err := netip.ParseAddr(fields[1]); err == nil && !server.IsValid() {
				server = address
			}
		case "search", "domain":
			search = fields[1:]
		case "options":
			for _, option := range fields[1:] {
				if number, found := strings.CutPrefix(option, "ndots:"); found {
					if n, err := strconv.Atoi(number); err == nil && n >= 0 {
						ndots = min(n, 15)
					}
				}
			}
		}
	}
	return server, search, ndots
}

// Exchange implements [applet.System]. What the program has written so far is in place before the other side looks.
func (g *Guest) Exchange(address netip.AddrPort, request []byte) ([]byte, error) {
	g.Flush()
	response, failure := g.w.connect(g.origin(), address, request)
	g.reload()
	if g.current == nil {
		g.w.wakeWatchers()
	}
	if failure != nil {
		return nil, failure
	}
	return response, nil
}

func (g *Guest) origin() origin {
	if g.sandbox == nil {
		return origin{}
	}
	from := origin{sandbox: g.sandbox, node: g.sandbox.Node}
	if len(g.sandbox.IPs) > 0 {
		from.address = g.sandbox.IPs[0]
	}
	return from
}

// Listening implements [applet.System].
func (g *Guest) Listening() []uint16 {
	if g.sandbox == nil {
		return nil
	}
	var ports []uint16
	for _, l := range g.w.listeners(g.w.neighbours(g.sandbox)) {
		ports = append(ports, l.port)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// Processes implements [applet.System].
func (g *Guest) Processes() []applet.ProcessInfo {
	c, found := g.w.container(g.container)
	if !found {
		return nil
	}
	var list []applet.ProcessInfo
	for _, number := range c.Processes {
		if p, found := g.w.process(number); found && !p.Ended {
			list = append(list, p.tree(c)...)
		}
	}
	if g.current != nil && !slices.Contains(c.Processes, g.current.process.Number) {
		list = append(list, g.current.process.tree(c)...)
	}
	slices.SortStableFunc(list, func(a, b applet.ProcessInfo) int { return a.Process - b.Process })
	return list
}

// Signal implements [applet.System].
func (g *Guest) Signal(process int, signal int) error {
	c, found := g.w.container(g.container)
	if found {
		for _, number := range c.Processes {
			p, found := g.w.process(number)
			if !found || p.Ended {
				continue
			}
			for _, info := range p.tree(c) {
				if info.Process == process {
					if process == 1 && signal == app.SIGKILL {
						return nil // the kernel protects the first process of a container from its own kind
					}
					g.Flush()
					g.w.signal(p, process, signal)
					g.reload()
					return nil
				}
			}
		}
	}
	return noProcess{}
}

type noProcess struct{}

func (noProcess) Error() string { return "No such process" }

// Choose implements [applet.System].
func (g *Guest) Choose(label string, n int) int { return g.w.Choose(label, n) }

// Command implements [applet.System]: servers of the image, and the commands it has beyond the usual ones.
func (g *Guest) Command(name string) applet.Applet {
	if g.Commands != nil {
		if command := g.Commands(name); command != nil {
			return command
		}
	}
	if g.image == nil {
		return nil
	}
	if command := g.image.Commands[name]; command != nil {
		return command
	}
	if g.current == nil {
		return nil
	}
	if name, now := strings.CutPrefix(name, thisRun); now {
		return g.current.serverApplet(g.image.Servers[name])
	}
	if g.image.Servers[name] != nil {
		// A script keeps this function for as long as the command goes on, run after run; each run has an activation of its own.
		return func(call *applet.Call) applet.Outcome { return call.System.Command(thisRun + name)(call) }
	}
	return nil
}

// thisRun before a server's name asks for its command in the run that is under way.
const thisRun = "\x00"

// nothing is a name server that knows no names.
type nothing struct{}

func (nothing) Service(string, string) (dnsserver.Service, bool)   { return dnsserver.Service{}, false }
func (nothing) Endpoints(string, string) []dnsserver.Endpoint      { return nil }
func (nothing) NamespaceExists(string) bool                        { return false }
func (nothing) ServicesByIP(netip.Addr) []dnsserver.Service        { return nil }
func (nothing) EndpointsByIP(netip.Addr) []dnsserver.NamedEndpoint { return nil }
func (nothing) PodByIP(string, netip.Addr) bool                    { return false }
func (nothing) Serial() uint32                                     { return 1 }
