//go:build linux

package dnsserver

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// toolsAsked is in the environment of the process that runs the tools, see TestToolsSeeNothingOdd.
const toolsAsked = "STSIM_DNS_TOOLS"

// toolStories are commands as they run in a Pod of the namespace default, and what they print.
var toolStories = []struct {
	tool, command string
	contains      []string
	lacks         []string
	exit          int
}{
	{tool: "getent", command: "getent ahosts web-0.nginx", contains: []string{"10.244.0.2", "STREAM", "web-0.nginx.default.svc.cluster.local"}},
	{tool: "getent", command: "getent hosts vip", contains: []string{"10.96.0.20"}},
	{tool: "getent", command: "getent ahosts web-9.nginx", exit: 2},
	{tool: "getent", command: "getent ahosts large | grep -c STREAM", contains: []string{"1000"}}, // truncated, then TCP
	{tool: "getent", command: "getent ahosts www.example.org", exit: 2},
	{tool: "nslookup", command: "nslookup web-0.nginx",
		contains: []string{"Name:\tweb-0.nginx.default.svc.cluster.local\nAddress: 10.244.0.2"}, lacks: []string{"recursion not available", ";;", "**"}},
	{tool: "nslookup", command: "nslookup web-9.nginx", contains: []string{"** server can't find web-9.nginx: NXDOMAIN"}, lacks: []string{"recursion", "REFUSED", "SERVFAIL"}, exit: 1},
	{tool: "nslookup", command: "nslookup 10.244.0.2", contains: []string{"name = web-0.nginx.default.svc.cluster.local."}},
	{tool: "host", command: "host -t A vip.default.svc.cluster.local", contains: []string{"vip.default.svc.cluster.local has address 10.96.0.20"}},
	{tool: "host", command: "host vip", contains: []string{"vip.default.svc.cluster.local has address 10.96.0.20"}, lacks: []string{"rror"}},
	{tool: "dig", command: "dig web-1.nginx.default.svc.cluster.local", contains: []string{"status: NOERROR", "flags: qr aa rd ra;", "IN A\t10.244.1.2", "(echoed)"}, lacks: []string{"recursion requested"}},
	{tool: "dig", command: "dig +search +short vip", contains: []string{"10.96.0.20\n"}},
	{tool: "dig", command: "dig +short SRV _web._tcp.nginx.default.svc.cluster.local", contains: []string{"0 33 80 web-0.nginx.default.svc.cluster.local."}},
	{tool: "dig", command: "dig +ignore large.default.svc.cluster.local", contains: []string{"flags: qr aa tc rd ra"}},
	{tool: "dig", command: "dig large.default.svc.cluster.local | grep -c 10.1", contains: []string{"1000"}},
	{tool: "dig", command: "dig +edns=1 +noednsnegotiation vip.default.svc.cluster.local", contains: []string{"status: BADVERS"}},
	{tool: "dig", command: "dig CH TXT version.bind", contains: []string{"status: REFUSED"}},
	{tool: "dig", command: "dig AXFR cluster.local", contains: []string{"Transfer failed"}},
	{tool: "dig", command: "dig +opcode=5 cluster.local", contains: []string{"status: NOTIMP"}},
	{tool: "busybox", command: "busybox nslookup web-0.nginx.default.svc.cluster.local", contains: []string{"10.244.0.2"}, lacks: []string{"can't"}},
	{tool: "busybox", command: "busybox nslookup vip", contains: []string{"Name:\tvip.default.svc.cluster.local\nAddress: 10.96.0.20"}, exit: 1}, // it always goes on to the end of the list
}

// TestToolsSeeNothingOdd runs the usual tools and libc against port 53 and with a resolv.conf as a Pod has it. That needs a
// place of its own: a network and a file system that only this process sees.
func TestToolsSeeNothingOdd(t *testing.T) {
	if os.Getenv(toolsAsked) != "" {
		runTools(t)
		return
	}
	unshare := []string{"--user", "--map-root-user", "--mount", "--net", "sh", "-c"}
	if out, err := exec.Command("unshare", append(unshare, "ip link set lo up && mount --bind /etc/hostname /etc/hostname")...).CombinedOutput(); err != nil {
		t.Skipf("needs unshare, ip, and the right to use them: %v %s", err, out)
	}
	directory := t.TempDir()
	resolvConf := filepath.Join(directory, "resolv.conf")
	text := ResolvConf("default", "", netip.MustParseAddr("127.0.0.1"), nil)
	nsswitch := filepath.Join(directory, "nsswitch.conf")
	for path, content := range map[string]string{resolvConf: text, nsswitch: "hosts: dns\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	script := fmt.Sprintf("ip link set lo up && mount --bind %s /etc/resolv.conf && mount --bind %s /etc/nsswitch.conf && exec %s -test.v -test.run '^%s$'",
		resolvConf, nsswitch, os.Args[0], t.Name())
	command := exec.CommandContext(ctx, "unshare", append(unshare, script)...)
	command.Env = append(os.Environ(), toolsAsked+"=1")
	out, err := command.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "SKIP") || strings.Contains(line, "is not installed") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// runTools runs where nothing but this process and the loopback device is.
func runTools(t *testing.T) {
	cluster := largeService(1000)
	small := speedCluster()
	for _, name := range []string{"nginx", "vip"} {
		service, _ := small.Service("default", name)
		cluster.SetService(service)
		cluster.SetSlice("default", name+"-x", name, small.Endpoints("default", name))
	}
	server, err := Listen(netip.MustParseAddrPort("127.0.0.1:53"), ServerOptions{Source: cluster, Config: DefaultConfig()})
	if err != nil {
		t.Fatal(err)
	}
	defer shutdown(server)
	for _, story := range toolStories {
		t.Run(story.command, func(t *testing.T) {
			if _, err := exec.LookPath(story.tool); err != nil {
				t.Skipf("%s is not installed", story.tool)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			command := exec.CommandContext(ctx, "sh", "-c", story.command)
			var out bytes.Buffer
			command.Stdout, command.Stderr = &out, &out
			_ = command.Run()
			if code := command.ProcessState.ExitCode(); code != story.exit {
				t.Errorf("expected exit status %d, found %d", story.exit, code)
			}
			for _, text := range story.contains {
				if !strings.Contains(out.String(), text) {
					t.Errorf("expected %q", text)
				}
			}
			for _, text := range story.lacks {
				if strings.Contains(out.String(), text) {
					t.Errorf("unexpected %q", text)
				}
			}
			if t.Failed() {
				t.Logf("it printed\n%s", out.String())
			}
		})
	}
	t.Log(server.Metrics())
}
