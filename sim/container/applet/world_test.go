package applet

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/storage"
)

// world is a small simulated host: the Pod web-0 of the StatefulSet web.
type world struct {
	now       time.Time
	files     *storage.FileSystem
	seed      int
	processes []ProcessInfo
	signals   []string
}

var clock = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newWorld() *world {
	root := storage.Tree{}.At(clock.Add(-time.Hour)).
		With("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/sh\nnginx:x:101:101:nginx:/nonexistent:/bin/false\n"), 0o644).
		With("/etc/group", []byte("root:x:0:\nnginx:x:101:\n"), 0o644).
		With("/etc/hosts", []byte("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n10.244.1.5\tweb-0.nginx.default.svc.cluster.local\tweb-0\n"), 0o644).
		With("/etc/resolv.conf", []byte(dnsserver.ResolvConf("default", "", netip.MustParseAddr("10.96.0.10"), nil)), 0o644).
		With("/usr/bin/mysql", []byte("binary"), 0o755).
		WithDir("/tmp", 0o777).WithDir("/root", 0o700).WithDir("/srv", 0o755).
		WithDevice("/dev/null", "null", 0o666).WithDevice("/dev/zero", "zero", 0o666).WithDevice("/dev/full", "full", 0o666).
		WithDevice("/dev/urandom", "urandom", 0o666).WithDevice("/dev/stdin", "stdin", 0o666).WithDevice("/dev/stdout", "stdout", 0o666).WithDevice("/dev/stderr", "stderr", 0o666)
	volume := storage.Tree{}.At(clock.Add(-time.Hour)).With("/index.html", []byte("web-0\n"), 0o644)
	settings := storage.Tree{}.At(clock.Add(-time.Hour)).With("/primary.cnf", []byte("[mysqld]\nlog-bin\n"), 0o644)
	mounts := []storage.Mount{
		{Path: "/", Tree: root, Source: "overlay", Type: "overlay"},
		{Path: "/data", Tree: volume, Source: "/dev/vdb", Type: "ext4", Capacity: 1 << 20},
		{Path: "/config", Tree: settings, Source: "tmpfs", Type: "tmpfs", ReadOnly: true},
	}
	return &world{
		now:   clock,
		files: storage.NewFileSystem(mounts, storage.Identity{}, clock),
		processes: []ProcessInfo{
			{Process: 1, User: "root", Started: clock.Add(-5 * time.Minute), Command: []string{"nginx: master process nginx -g daemon off;"}, State: "S"},
			{Process: 7, Parent: 1, User: "nginx", Started: clock.Add(-5 * time.Minute), Command: []string{"nginx: worker process"}, State: "S"},
			{Process: 12, Parent: 0, User: "root", Started: clock, Command: []string{"/bin/sleep", "3600"}, State: "S"},
		},
	}
}

func (w *world) Now() time.Time             { return w.now }
func (w *world) Files() *storage.FileSystem { return w.files }
func (w *world) Hostname() string           { return "web-0" }
func (w *world) Domain() string             { return "nginx.default.svc.cluster.local" }
func (w *world) Addresses() []netip.Addr    { return []netip.Addr{netip.MustParseAddr("10.244.1.5")} }
func (w *world) Listening() []uint16        { return []uint16{80} }
func (w *world) Processes() []ProcessInfo   { return w.processes }
func (w *world) Command(string) Applet      { return nil }

func (w *world) Choose(_ string, n int) int {
	w.seed++
	return w.seed % n
}

func (w *world) Signal(process, signal int) error {
	for _, p := range w.processes {
		if p.Process == process {
			w.signals = append(w.signals, fmt.Sprintf("signal %d to %d", signal, process))
			return nil
		}
	}
	return errors.New("No such process")
}

func (w *world) Resolver() dnsserver.Resolver {
	config := dnsserver.DefaultConfig()
	config.ServerAddress = netip.MustParseAddr("10.96.0.10")
	return dnsserver.Resolver{Source: names{}, Config: config, Search: dnsserver.SearchList("default", "", nil), Ndots: dnsserver.ClusterNdots}
}

// Exchange knows a web server on this host and on 10.244.1.6, a silent address and one without a route.
func (w *world) Exchange(address netip.AddrPort, request []byte) ([]byte, error) {
	fail := func(why NetworkReason) ([]byte, error) { return nil, &NetworkError{why, address} }
	host := address.Addr().String()
	switch {
	case host == "10.255.255.1":
		return fail(TimedOut)
	case host == "10.255.255.2":
		return fail(NoRoute)
	case address.Port() == 2181 && (address.Addr().IsLoopback() || host == "10.244.1.5"):
		if strings.TrimSpace(string(request)) == "ruok" {
			return []byte("imok"), nil
		}
		return nil, nil
	case address.Port() != 80:
		return fail(ConnectionRefused)
	case len(request) == 0:
		return nil, nil
	}
	line, _, _ := strings.Cut(string(request), "\r\n")
	method, target, _ := strings.Cut(strings.TrimSuffix(line, " HTTP/1.1"), " ")
	_, sent, _ := strings.Cut(string(request), "\r\n\r\n")
	body, status, extra := "web-0\n", "200 OK", ""
	switch target {
	case "/missing":
		body, status = "not found\n", "404 Not Found"
	case "/old":
		body, status, extra = "", "301 Moved Permanently", "Location: /new\r\n"
	case "/echo":
		body = method + " " + sent + "\n"
	case "/headers":
		body = strings.ReplaceAll(string(request), "\r\n", "\n")
	case "/empty":
		return nil, nil
	}
	size := len(body)
	if method == "HEAD" {
		body = ""
	}
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nServer: nginx/1.25.3\r\nContent-Type: text/html\r\nContent-Length: %d\r\n%s\r\n%s", status, size, extra, body), nil
}

// names is the DNS view of a headless service nginx with two Pods.
type names struct{}

func (names) endpoints() []dnsserver.Endpoint {
	ports := []dnsserver.Port{{Name: "web", Protocol: "TCP", Port: 80}}
	return []dnsserver.Endpoint{
		{Addresses: []netip.Addr{netip.MustParseAddr("10.244.1.5")}, Hostname: "web-0", Ready: true, Ports: ports},
		{Addresses: []netip.Addr{netip.MustParseAddr("10.244.1.6")}, Hostname: "web-1", Ready: true, Ports: ports},
	}
}

func (n names) Service(namespace, name string) (dnsserver.Service, bool) {
	switch {
	case namespace == "default" && name == "nginx":
		return dnsserver.Service{Namespace: namespace, Name: name, Headless: true, Ports: n.endpoints()[0].Ports}, true
	case namespace == "default" && name == "silent":
		return dnsserver.Service{Namespace: namespace, Name: name, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.255.255.1")}}, true
	case namespace == "kube-system" && name == "kube-dns":
		return dnsserver.Service{Namespace: namespace, Name: name, ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.10")}}, true
	}
	return dnsserver.Service{}, false
}

func (n names) Endpoints(namespace, service string) []dnsserver.Endpoint {
	if namespace == "default" && service == "nginx" {
		return n.endpoints()
	}
	return nil
}

func (names) NamespaceExists(name string) bool { return name == "default" || name == "kube-system" }

func (n names) ServicesByIP(ip netip.Addr) []dnsserver.Service {
	if service, _ := n.Service("kube-system", "kube-dns"); service.ClusterIPs[0] == ip {
		return []dnsserver.Service{service}
	}
	return nil
}

func (n names) EndpointsByIP(ip netip.Addr) []dnsserver.NamedEndpoint {
	for _, e := range n.endpoints() {
		if e.Addresses[0] == ip {
			return []dnsserver.NamedEndpoint{{Namespace: "default", Service: "nginx", Endpoint: e}}
		}
	}
	return nil
}

func (names) PodByIP(string, netip.Addr) bool { return false }
func (names) Serial() uint32                  { return 1 }

// execute runs a command until it has ended, in time that goes by as fast as it can. It gives up when the command waits for what
// never comes here.
func (w *world) execute(argv []string, stdin *Stdin, stdout, stderr io.Writer) (code int, waits string) {
	call := w.call(argv, stdin, stdout, stderr)
	for range 1000 {
		outcome := call.run()
		if outcome.Block == nil {
			return outcome.Code, ""
		}
		switch block := outcome.Block; {
		case !block.Until.IsZero():
			w.now = block.Until
			w.files.SetNow(w.now)
		case block.Ever:
			return 0, "a signal"
		case block.Files:
			return 0, "changes of files"
		default:
			return 0, "input"
		}
		call.State = outcome.State
	}
	return 0, "a thousand times"
}

type runner struct{ *Call }

func (r runner) run() Outcome {
	applet := Named(r.Args[0])
	if r.Args[0] == "nslookup-old" {
		applet = NslookupOld
	}
	if applet == nil {
		fmt.Fprintf(r.Stderr, "sh: %s: not found\n", r.Args[0])
		return Exit(127)
	}
	copied := *r.Call
	return applet(&copied)
}

func (w *world) call(argv []string, stdin *Stdin, stdout, stderr io.Writer) runner {
	call := &Call{System: w, Args: argv, Env: []string{"HOME=/root", "HOSTNAME=web-0", "PATH=/usr/bin:/bin"}, Dir: "/srv", Stdin: stdin, Stdout: stdout, Stderr: stderr}
	call.Run = func(argv, env []string, stdin *Stdin, stdout, stderr io.Writer, inner any) Outcome {
		if len(argv) == 3 && argv[0] == "sh" && argv[1] == "-c" {
			argv = strings.Fields(argv[2])
		}
		next := w.call(argv, stdin, stdout, stderr)
		next.Env, next.State = env, inner
		return next.run()
	}
	return runner{call}
}
