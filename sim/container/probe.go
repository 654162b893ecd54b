package container

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// Names of the probes.
const (
	StartupProbe   = "startup"
	ReadinessProbe = "readiness"
	LivenessProbe  = "liveness"
)

// maxProbeOutput bounds what an exec probe may say (upstream: pkg/probe/exec/exec.go).
const maxProbeOutput = 10 << 10

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

func probeOf(spec *corev1.Container, name string) *corev1.Probe {
	switch name {
	case StartupProbe:
		return spec.StartupProbe
	case ReadinessProbe:
		return spec.ReadinessProbe
	case LivenessProbe:
		return spec.LivenessProbe
	}
	return nil
}

// probe runs a probe. The outcome is in the container's row at once, or when an exec probe that waits has ended or run out of time. A probe of a kind that
// still runs is not started a second time.
func (w *World) probe(command Command) {
	key := ContainerKey(command.UID, command.Container, command.Attempt)
	c, found := w.container(key)
	if !found || c.State != Running {
		return
	}
	spec := w.specOf(c)
	if spec == nil {
		return
	}
	probe := probeOf(spec, command.Probe)
	if probe == nil {
		return
	}
	for p := range w.processesOf(c) {
		if p.Role == Probing && p.Probe == command.Probe && !p.Ended {
			return
		}
	}
	timeout := max(probe.TimeoutSeconds, 1)
	switch {
	case w.madeToFail(c, command.Probe):
		w.probed(key, command.Probe, false, w.failureOf(c, spec, probe))
	case probe.Exec != nil:
		guest := w.inContainer(c)
		args := expandStatic(probe.Exec.Command, spec.Env)
		server, err := resolve(guest, args, spec)
		if err != nil {
			w.probed(key, command.Probe, false, fmt.Sprintf("rpc error: code = Unknown desc = failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: unable to start container process: %v: unknown", w.identifier(64), err))
			return
		}
		w.launch(c, launch{role: Probing, probe: command.Probe, args: args, server: server, timeout: timeout})
	case probe.HTTPGet != nil:
		status, failure := w.httpGet(c, spec, probe.HTTPGet, "probe")
		if failure == "" && (status < 200 || status >= 400) {
			failure = fmt.Sprintf("HTTP probe failed with statuscode: %d", status)
		}
		w.probed(key, command.Probe, failure == "", failure)
	case probe.TCPSocket != nil:
		failure := ""
		port, err := containerPort(probe.TCPSocket.Port, spec)
		if err != nil {
			failure = err.Error()
		} else if _, err := w.dial(c, probe.TCPSocket.Host, port); err != nil {
			failure = err.Error()
		}
		w.probed(key, command.Probe, failure == "", failure)
	case probe.GRPC != nil:
		failure := w.grpcCheck(c, probe.GRPC, timeout)
		w.probed(key, command.Probe, failure == "", failure)
	}
}

// probed notes the outcome of a probe.
func (w *World) probed(key, name string, success bool, output string) {
	w.changeContainer(key, func(c *Container) {
		result := c.Probes[name]
		result.At, result.Success, result.Output = w.now(), success, output
		if success {
			result.Successes, result.Failures, result.Output = result.Successes+1, 0, ""
		} else {
			result.Successes, result.Failures = 0, result.Failures+1
		}
		c.Probes = maps.Clone(c.Probes)
		if c.Probes == nil {
			c.Probes = map[string]ProbeResult{}
		}
		c.Probes[name] = result
	})
}

// probeEnded is when the process of an exec probe has ended.
func (w *World) probeEnded(p *Process) {
	key := ContainerKey(p.UID, p.Container, p.Attempt)
	if c, found := w.container(key); !found || c.State != Running {
		return
	}
	var b strings.Builder
	chunks, _ := p.Output.Chunks(0)
	for _, chunk := range chunks {
		b.WriteString(chunk.Data)
	}
	output := b.String()
	w.probed(key, p.Probe, p.ExitCode == 0, output[:min(len(output), maxProbeOutput)])
}

// expired is when a process has taken longer than it may: an exec probe, which fails by that.
func (w *World) expired(p *Process) {
	done := *p
	done.Role = Executed // its end is no outcome of the probe
	w.ended(&done, 128+app.SIGKILL, app.SIGKILL)
	w.Tx.DeleteRow(Processes, p.RowKey())
	limit := p.Deadline.Sub(p.Started)
	w.probed(ContainerKey(p.UID, p.Container, p.Attempt), p.Probe, false,
		fmt.Sprintf("command timed out: rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout %s exceeded: context deadline exceeded", limit))
}

// httpGet does what the kubelet does for httpGet of probes and hooks: one request from the node, redirects on the same host followed. failure is the text of
// an error of the connection.
func (w *World) httpGet(c *Container, spec *corev1.Container, action *corev1.HTTPGetAction, purpose string) (status int, failure string) {
	port, err := containerPort(action.Port, spec)
	if err != nil {
		return 0, err.Error()
	}
	host := w.hostOf(c, action.Host)
	scheme := "http"
	if action.Scheme == corev1.URISchemeHTTPS {
		scheme = "https"
	}
	target, err := url.Parse(action.Path)
	if err != nil {
		target = &url.URL{Path: action.Path}
	}
	target.Scheme, target.Host = scheme, net.JoinHostPort(host, strconv.Itoa(port))
	for redirects := 0; ; redirects++ {
		if redirects == 10 {
			return 0, fmt.Sprintf("Get %q: stopped after 10 redirects", target)
		}
		number, _ := strconv.Atoi(target.Port())
		answer, err := w.request(c, target.Hostname(), number, httpRequest(target, action.HTTPHeaders, purpose, w.Settings.Release.String()))
		if err != nil {
			return 0, fmt.Sprintf("Get %q: %v", target, err)
		}
		if scheme == "https" {
			return 0, fmt.Sprintf("Get %q: http: server gave HTTP response to HTTPS client", target)
		}
		status, location, ok := parseStatus(answer)
		if !ok {
			return 0, fmt.Sprintf("Get %q: EOF", target)
		}
		if status < 300 || status >= 400 || location == "" {
			return status, ""
		}
		next, err := target.Parse(location)
		if err != nil || next.Hostname() != target.Hostname() {
			return status, "" // a redirect to another host counts as success with a warning
		}
		if next.Port() == "" {
			next.Host = net.JoinHostPort(next.Hostname(), "80")
		}
		target = next
	}
}

func httpRequest(target *url.URL, headers []corev1.HTTPHeader, purpose, release string) []byte {
	host, agent, accept := target.Host, "kube-"+purpose+"/"+release, "*/*"
	var more strings.Builder
	for _, header := range headers {
		switch strings.ToLower(header.Name) {
		case "host":
			host = header.Value
		case "user-agent":
			agent = header.Value
		case "accept":
			accept = header.Value
		default:
			fmt.Fprintf(&more, "%s: %s\r\n", header.Name, header.Value)
		}
	}
	if accept != "" {
		fmt.Fprintf(&more, "Accept: %s\r\n", accept)
	}
	return []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n%sConnection: close\r\n\r\n", target.RequestURI(), host, agent, more.String()))
}

// parseStatus reads the status and the Location of a response.
func parseStatus(answer []byte) (status int, location string, ok bool) {
	head, _, _ := strings.Cut(string(answer), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	fields := strings.Fields(lines[0])
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/") {
		return 0, "", false
	}
	status, err := strconv.Atoi(fields[1])
	for _, line := range lines[1:] {
		if name, value, found := strings.Cut(line, ":"); found && strings.EqualFold(name, "location") {
			location = strings.TrimSpace(value)
		}
	}
	return status, location, err == nil
}

// hostOf is the address a probe goes to: what it names, else the Pod's.
func (w *World) hostOf(c *Container, host string) string {
	if host != "" {
		return host
	}
	if sandbox, found := w.sandbox(c.UID); found && len(sandbox.IPs) > 0 {
		return sandbox.IPs[0].String()
	}
	return ""
}

// dial opens a connection as the kubelet does. The errors are Go's.
func (w *World) dial(c *Container, host string, port int) (listener, error) {
	host = w.hostOf(c, host)
	address, err := netip.ParseAddr(host)
	if host == "localhost" {
		address, err = netip.MustParseAddr("127.0.0.1"), nil
	}
	if err != nil {
		return listener{}, fmt.Errorf("dial tcp: lookup %s: no such host", host)
	}
	to := netip.AddrPortFrom(address, uint16(port))
	l, failure := w.listener(w.kubelet(c.Node), to)
	if failure != nil {
		return listener{}, goError(failure, to)
	}
	return l, nil
}

func goError(failure *applet.NetworkError, to netip.AddrPort) error {
	text := map[applet.NetworkReason]string{
		applet.ConnectionRefused: "connect: connection refused", applet.NoRoute: "connect: no route to host", applet.TimedOut: "i/o timeout",
		applet.ConnectionReset: "connection reset by peer",
	}[failure.Reason]
	return fmt.Errorf("dial tcp %s: %s", to, text)
}

func (w *World) request(c *Container, host string, port int, data []byte) ([]byte, error) {
	l, err := w.dial(c, host, port)
	if err != nil {
		return nil, err
	}
	l.client = w.kubelet(c.Node).address
	w.depth++
	defer func() { w.depth-- }()
	return w.serve(l, data), nil
}

// kubelet is where a node's own connections start. They go through the network of the node, where programs of Pods with hostNetwork listen too.
func (w *World) kubelet(node string) origin {
	from := origin{node: node}
	if addresses := nodeAddresses(w.Tx.View, node); len(addresses) > 0 {
		from.address = addresses[0]
	}
	return from
}

// containerPort is a port by number or by the name of one of the container's ports.
//
// Upstream: pkg/probe/util.go.
func containerPort(port intstr.IntOrString, spec *corev1.Container) (int, error) {
	number := port.IntValue()
	if port.Type == intstr.String {
		found := false
		for _, declared := range spec.Ports {
			if declared.Name == port.StrVal {
				number, found = int(declared.ContainerPort), true
			}
		}
		if parsed, err := strconv.Atoi(port.StrVal); !found && err == nil {
			number, found = parsed, true
		}
		if !found {
			return 0, fmt.Errorf("couldn't find port: %s in container: %s", port.StrVal, spec.Name)
		}
	}
	if number <= 0 || number >= 65536 {
		return 0, fmt.Errorf("invalid port number: %v", number)
	}
	return number, nil
}

// grpcCheck asks a server for its health, and gives the text of the failure. A server that does not speak gRPC never
// completes the connection, which is what the kubelet then says.
//
// Upstream: pkg/probe/grpc/grpc.go.
func (w *World) grpcCheck(c *Container, action *corev1.GRPCAction, timeout int32) string {
	address := net.JoinHostPort(w.hostOf(c, ""), strconv.Itoa(int(action.Port)))
	l, err := w.dial(c, "", int(action.Port))
	var health app.HealthServer
	if err == nil {
		for _, server := range w.servers(l.process) {
			if server.ID == l.server {
				health, _ = server.Server.(app.HealthServer)
			}
		}
	}
	if health == nil {
		return fmt.Sprintf("timeout: failed to connect service %q within %v: context deadline exceeded", address, seconds(timeout))
	}
	service := ""
	if action.Service != nil {
		service = *action.Service
	}
	status, known := "", false
	w.inside(l, func(r *app.Run) { status, known = health.Health(r, service) })
	switch {
	case !known:
		return "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service"
	case status != "SERVING":
		return fmt.Sprintf("service unhealthy (responded with %q)", status)
	}
	return ""
}

// expandStatic replaces $(NAME) by the variables that have a plain value in the Pod; the kubelet knows no others when it runs a probe.
func expandStatic(args []string, env []corev1.EnvVar) []string {
	values := map[string]string{}
	for _, variable := range env {
		values[variable.Name] = variable.Value
	}
	expanded := make([]string, len(args))
	for i, arg := range args {
		expanded[i] = expand(arg, values)
	}
	return expanded
}
