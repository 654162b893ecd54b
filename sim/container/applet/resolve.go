package applet

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
)

// hostLine is a line of /etc/hosts.
type hostLine struct {
	address netip.Addr
	names   []string
}

func (c *Call) hostLines() []hostLine {
	text, err := c.System.Files().ReadText("/etc/hosts")
	if err != nil {
		return nil
	}
	var lines []hostLine
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		if address, err := netip.ParseAddr(fields[0]); err == nil {
			lines = append(lines, hostLine{address, fields[1:]})
		}
	}
	return lines
}

// Resolve gives the addresses of a host as the programs of a system find them: literal, /etc/hosts, localhost, DNS. None when nobody knows it.
func Resolve(system System, name string) []netip.Addr {
	addresses, _ := (&Call{System: system}).resolveHost(name)
	return addresses
}

// resolveHost gives the addresses of a host as programs find them: literal, /etc/hosts, localhost, DNS.
// canonical is the full name.
func (c *Call) resolveHost(name string) (addresses []netip.Addr, canonical string) {
	if address, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return []netip.Addr{address}, name
	}
	for _, line := range c.hostLines() {
		for _, known := range line.names {
			if strings.EqualFold(known, strings.TrimSuffix(name, ".")) {
				addresses = append(addresses, line.address)
				if canonical == "" {
					canonical = line.names[0]
				}
			}
		}
	}
	if len(addresses) > 0 {
		return addresses, canonical
	}
	if strings.EqualFold(name, "localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, "localhost"
	}
	resolver := c.System.Resolver()
	if resolver.Source == nil {
		return nil, name
	}
	addresses = resolver.ResolveHost(name)
	if len(addresses) == 0 {
		return nil, name
	}
	canonical = name
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		if _, final := resolver.Lookup(name, qtype, true); len(dnsserver.Addresses(final.Response)) > 0 {
			canonical = strings.TrimSuffix(final.Question.Name, ".")
			break
		}
	}
	return addresses, canonical
}

// nameServer is the DNS server that /etc/resolv.conf names, or the one of the cluster.
func (c *Call) nameServer() (netip.Addr, bool) {
	if text, err := c.System.Files().ReadText("/etc/resolv.conf"); err == nil {
		for _, line := range strings.Split(text, "\n") {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "nameserver" {
				if address, err := netip.ParseAddr(fields[1]); err == nil {
					return address, true
				}
			}
		}
	}
	address := c.System.Resolver().Config.ServerAddress
	return address, address.IsValid()
}

// serverFor finds the DNS server a tool was told to ask, "" for the default. reachable: it is one that answers.
func (c *Call) serverFor(name string) (address netip.Addr, reachable bool) {
	standard, known := c.nameServer()
	works := c.System.Resolver().Source != nil
	if name == "" {
		return standard, known && works
	}
	addresses, _ := c.resolveHost(name)
	if len(addresses) == 0 {
		return netip.Addr{}, false
	}
	own := c.System.Resolver().Config.ServerAddress
	return addresses[0], works && (addresses[0] == standard || addresses[0] == own || addresses[0].IsLoopback())
}

// reverseName is the name of an address in the reverse zones, "" for what is no address.
func reverseName(text string) string {
	if _, err := netip.ParseAddr(text); err != nil {
		return ""
	}
	name, err := dns.ReverseAddr(text)
	if err != nil {
		return ""
	}
	return name
}

// queryType is the number of a record type.
func queryType(text string) (uint16, bool) {
	if strings.EqualFold(text, "any") {
		return dns.TypeANY, true
	}
	number, ok := dns.StringToType[strings.ToUpper(text)]
	return number, ok
}

// plain is a domain name without its final dot.
func plain(name string) string { return strings.TrimSuffix(name, ".") }

// recordData is what a record holds, as master files have it.
func recordData(record dns.RR) string {
	return strings.TrimPrefix(record.String(), record.Header().String())
}

// getent looks names up in the system's databases.
func getent(c *Call) Outcome {
	o, outcome, ok := c.options("s:i", "service=s")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 {
		return c.fail(1, "wrong number of arguments")
	}
	database, keys := o.operands[0], o.operands[1:]
	failed := false
	switch database {
	case "hosts", "ahosts", "ahostsv4":
		if len(keys) == 0 {
			for _, line := range c.hostLines() {
				c.print(padRight(line.address.String(), 15) + " " + strings.Join(line.names, " ") + "\n")
			}
		}
		for _, key := range keys {
			failed = !c.getentHost(database, key) || failed
		}
	case "passwd", "group":
		for _, key := range keys {
			fields := c.account("/etc/"+database, 0, key)
			if fields == nil {
				fields = c.account("/etc/"+database, 2, key)
			}
			if fields == nil {
				failed = true
				continue
			}
			c.print(strings.Join(fields, ":") + "\n")
		}
		if len(keys) == 0 {
			data, err := c.read("/etc/" + database)
			if err != nil {
				return Exit(2)
			}
			_, _ = c.Stdout.Write(data)
		}
	default:
		c.errorf("the database %s is not simulated", quote(database))
		c.hint("hosts, ahosts, passwd and group are")
		return Exit(1)
	}
	if failed {
		return Exit(2)
	}
	return Exit(0)
}

// getentHost prints the addresses of a host.
func (c *Call) getentHost(database, key string) bool {
	if reverse := reverseName(key); reverse != "" && database == "hosts" {
		for _, line := range c.hostLines() {
			if line.address.String() == key {
				c.print(padRight(key, 15) + " " + strings.Join(line.names, " ") + "\n")
				return true
			}
		}
		if names := c.pointers(key); len(names) > 0 {
			c.print(padRight(key, 15) + " " + names[0] + "\n")
			return true
		}
		return false
	}
	addresses, canonical := c.resolveHost(key)
	for _, address := range addresses {
		if database == "hosts" {
			c.print(padRight(address.String(), 15) + " " + canonical + "\n")
			continue
		}
		for i, kind := range []string{"STREAM", "DGRAM", "RAW"} {
			name := ""
			if i == 0 && address == addresses[0] {
				name = canonical
			}
			c.print(padRight(address.String(), 15) + " " + strings.TrimRight(padRight(kind, 6)+" "+name, " ") + "\n")
		}
	}
	return len(addresses) > 0
}

// pointers are the names that an address has in DNS.
func (c *Call) pointers(address string) []string {
	resolver := c.System.Resolver()
	reverse := reverseName(address)
	if reverse == "" || resolver.Source == nil {
		return nil
	}
	exchanges := resolver.Ask(reverse, dns.TypePTR)
	var names []string
	for _, record := range exchanges[len(exchanges)-1].Response.Answer {
		if pointer, ok := record.(*dns.PTR); ok {
			names = append(names, plain(pointer.Ptr))
		}
	}
	return names
}
