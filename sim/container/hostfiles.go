package container

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
)

// nodeResolver is the name server in /etc/resolv.conf of a node, for Pods that use it (dnsPolicy Default). It is not simulated and knows no names.
var nodeResolver = netip.MustParseAddr("192.0.2.53")

// maxHostname is the longest host name; a Pod's longer name is cut (upstream: truncatePodHostnameIfNeeded).
const maxHostname = 63

// hostnameOf is a Pod's host name and domain.
//
// Upstream: GeneratePodHostNameAndDomain in pkg/kubelet/kubelet_pods.go.
func hostnameOf(pod *corev1.Pod, zone string) (hostname, domain string) {
	if pod.Spec.HostNetwork {
		return pod.Spec.NodeName, ""
	}
	hostname = pod.Name
	if override := pod.Spec.HostnameOverride; override != nil {
		return *override, ""
	}
	if pod.Spec.Hostname != "" {
		hostname = pod.Spec.Hostname
	}
	if len(hostname) > maxHostname {
		hostname = strings.TrimRight(hostname[:maxHostname], "-.")
	}
	if pod.Spec.Subdomain != "" {
		domain = pod.Spec.Subdomain + "." + pod.Namespace + ".svc." + zone
	}
	return hostname, domain
}

// sandboxHostname is what hostname(1) prints: with setHostnameAsFQDN the full name.
func sandboxHostname(sandbox *Sandbox, zone string) string {
	hostname, domain := hostnameOf(sandbox.Pod, zone)
	if full := sandbox.Pod.Spec.SetHostnameAsFQDN; full != nil && *full && domain != "" {
		return hostname + "." + domain
	}
	return hostname
}

// managedFiles are the files that the kubelet and the runtime put into every container, by their numbers in [managed], which begin with 1.
var managedFiles = []string{"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}

// managed is what the root of a container has beyond its shape. It implements [storage.Late].
type managed struct {
	sandbox  *Sandbox
	settings *api.Settings
	started  time.Time
}

// Time implements [storage.Late].
func (m *managed) Time() time.Time { return m.started }

// Content implements [storage.Late].
func (m *managed) Content(number int) string {
	switch number {
	case 1:
		return sandboxHostname(m.sandbox, m.settings.Zone) + "\n"
	case 2:
		return m.hosts()
	case 3:
		return m.resolvConf()
	}
	return ""
}

// hosts is /etc/hosts.
func (m *managed) hosts() string {
	sandbox := m.sandbox
	var b strings.Builder
	if sandbox.Pod.Spec.HostNetwork {
		b.WriteString("# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n")
		for _, address := range sandbox.IPs {
			fmt.Fprintf(&b, "%s\t%s\n", address, sandbox.Node)
		}
	} else {
		b.WriteString("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
			"fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n")
		hostname, domain := hostnameOf(sandbox.Pod, m.settings.Zone)
		for _, address := range sandbox.IPs {
			if domain != "" {
				fmt.Fprintf(&b, "%s\t%s.%s\t%s\n", address, hostname, domain, hostname)
			} else {
				fmt.Fprintf(&b, "%s\t%s\n", address, hostname)
			}
		}
	}
	if aliases := sandbox.Pod.Spec.HostAliases; len(aliases) > 0 {
		b.WriteString("\n# Entries added by HostAliases.\n")
		for _, alias := range aliases {
			fmt.Fprintf(&b, "%s\t%s\n", alias.IP, strings.Join(alias.Hostnames, "\t"))
		}
	}
	return b.String()
}

// resolvConf is /etc/resolv.conf after dnsPolicy and dnsConfig.
//
// Upstream: pkg/kubelet/network/dns/dns.go.
func (m *managed) resolvConf() string {
	pod := m.sandbox.Pod
	policy := pod.Spec.DNSPolicy
	if policy == "" {
		policy = corev1.DNSClusterFirst
	}
	if policy == corev1.DNSClusterFirst && pod.Spec.HostNetwork {
		policy = corev1.DNSDefault // only ClusterFirstWithHostNet asks the cluster from a node's network
	}
	var servers, search, options []string
	switch policy {
	case corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet:
		servers = []string{m.settings.DNSAddress.String()}
		search = dnsserver.SearchList(pod.Namespace, m.settings.Zone, nil)
		options = []string{fmt.Sprintf("ndots:%d", dnsserver.ClusterNdots)}
	case corev1.DNSDefault:
		servers = []string{nodeResolver.String()}
	}
	if config := pod.Spec.DNSConfig; config != nil {
		servers = appendNew(servers, config.Nameservers...)
		search = appendNew(search, config.Searches...)
		for _, option := range config.Options {
			text := option.Name
			if option.Value != nil && *option.Value != "" {
				text += ":" + *option.Value
			}
			options = withOption(options, option.Name, text)
		}
	}
	var b strings.Builder
	if len(search) > 0 {
		b.WriteString("search " + strings.Join(search, " ") + "\n")
	}
	for _, server := range servers[:min(3, len(servers))] { // resolv.conf takes no more
		b.WriteString("nameserver " + server + "\n")
	}
	if len(options) > 0 {
		b.WriteString("options " + strings.Join(options, " ") + "\n")
	}
	return b.String()
}

func appendNew(list []string, more ...string) []string {
	for _, item := range more {
		known := false
		for _, has := range list {
			known = known || has == item
		}
		if !known {
			list = append(list, item)
		}
	}
	return list
}

// withOption adds an option, or puts it in place of the one of the same name.
func withOption(options []string, name, text string) []string {
	for i, has := range options {
		if before, _, _ := strings.Cut(has, ":"); before == name {
			options[i] = text
			return options
		}
	}
	return append(options, text)
}
