package applet

import (
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
)

// Nslookup asks the DNS in the shape of busybox 1.29 and later.
func Nslookup(c *Call) Outcome {
	var types []uint16
	var operands []string
	for _, arg := range c.Args[1:] {
		flag, isFlag := strings.CutPrefix(arg, "-")
		key, value, _ := strings.Cut(flag, "=")
		switch {
		case !isFlag:
			operands = append(operands, arg)
		case value != "" && (strings.HasPrefix("querytype", key) || strings.HasPrefix("type", key)):
			qtype, known := queryType(value)
			if !known {
				return c.fail(1, "invalid query type \"%s\"", value)
			}
			types = append(types, qtype)
		case key == "debug" || key == "timeout" || key == "retry" || key == "port":
		default:
			return c.usage(syntax{letters: "", long: []string{"type:", "debug", "timeout:", "retry:"}}, "unrecognized option: %s", flag)
		}
	}
	if len(operands) == 0 || len(operands) > 2 {
		c.errorf("expected nslookup [-type=QUERY_TYPE] HOST [DNS_SERVER]")
		return Exit(1)
	}
	asked := ""
	if len(operands) == 2 {
		asked = operands[1]
	}
	server, reachable := c.serverFor(asked)
	if !server.IsValid() {
		return c.fail(1, "bad address '%s'", asked)
	}
	if !reachable {
		c.print(";; connection timed out; no servers could be reached\n\n")
		return Exit(1)
	}
	c.printf("Server:\t\t%s\nAddress:\t%s\n\n", server, netip.AddrPortFrom(server, 53))
	name := operands[0]
	if reverse := reverseName(name); reverse != "" && (len(types) == 0 || types[0] == dns.TypePTR) {
		name, types = reverse, []uint16{dns.TypePTR}
	}
	if len(types) == 0 {
		types = []uint16{dns.TypeA, dns.TypeAAAA}
	}
	return c.nslookup(name, types)
}

// nslookup asks all questions first, as busybox does: a name without a dot once for each part of the search list, any
// other name as it is.
func (c *Call) nslookup(name string, types []uint16) Outcome {
	resolver := c.System.Resolver()
	names := []string{name}
	if !strings.Contains(name, ".") && len(resolver.Search) > 0 {
		names = nil
		for _, domain := range resolver.Search {
			names = append(names, name+"."+plain(domain))
		}
	}
	var questions []string
	var replies []*dns.Msg
	answers := 0
	for _, name := range names {
		for _, qtype := range types {
			exchanges := resolver.Ask(name, qtype)
			reply := exchanges[len(exchanges)-1].Response
			questions, replies = append(questions, plain(name)), append(replies, reply)
			answers += len(reply.Answer)
		}
	}
	for i, reply := range replies {
		switch {
		case reply.Rcode != dns.RcodeSuccess:
			c.printf("** server can't find %s: %s\n", questions[i], dns.RcodeToString[reply.Rcode])
		case len(reply.Answer) > 0:
			if !reply.Authoritative {
				c.print("Non-authoritative answer:\n")
			}
			for _, record := range reply.Answer {
				c.print(nslookupRecord(record))
			}
		case answers == 0 || len(types) == 1:
			c.printf("*** Can't find %s: No answer\n", questions[i])
		}
		c.print("\n")
	}
	if answers == 0 {
		return Exit(1)
	}
	return Exit(0)
}

// nslookupRecord is a record as busybox prints it.
func nslookupRecord(record dns.RR) string {
	name := plain(record.Header().Name)
	switch record := record.(type) {
	case *dns.A:
		return "Name:\t" + name + "\nAddress: " + record.A.String() + "\n"
	case *dns.AAAA:
		return "Name:\t" + name + "\nAddress: " + record.AAAA.String() + "\n"
	case *dns.CNAME:
		return name + "\tcanonical name = " + plain(record.Target) + "\n"
	case *dns.PTR:
		return name + "\tname = " + plain(record.Ptr) + "\n"
	case *dns.NS:
		return name + "\tnameserver = " + plain(record.Ns) + "\n"
	case *dns.SRV:
		return name + "\tservice = " + strings.TrimSuffix(recordData(record), ".") + "\n"
	case *dns.TXT:
		return name + "\ttext = " + recordData(record) + "\n"
	case *dns.MX:
		return name + "\tmail exchanger = " + strings.TrimSuffix(recordData(record), ".") + "\n"
	case *dns.SOA:
		fields := strings.Fields(recordData(record))
		return name + "\n\torigin = " + plain(record.Ns) + "\n\tmail addr = " + plain(record.Mbox) + "\n\tserial = " + fields[2] +
			"\n\trefresh = " + fields[3] + "\n\tretry = " + fields[4] + "\n\texpire = " + fields[5] + "\n\tminimum = " + fields[6] + "\n"
	}
	return record.String() + "\n"
}

// NslookupOld asks the DNS in the shape of busybox up to 1.28: by the search list, with the names of addresses behind them.
func NslookupOld(c *Call) Outcome {
	operands := c.Args[1:]
	if len(operands) == 0 || len(operands) > 2 {
		c.errorf("expected nslookup HOST [SERVER]")
		return Exit(1)
	}
	if strings.HasPrefix(operands[0], "-") {
		c.errorf("this old nslookup knows no flags")
		c.hint("nslookup HOST, or an image with busybox 1.29 or later")
		return Exit(1)
	}
	asked := ""
	if len(operands) == 2 {
		asked = operands[1]
	}
	server, reachable := c.serverFor(asked)
	if server.IsValid() {
		c.printf("Server:    %s\n", server)
		c.printf("Address 1: %s\n\n", strings.Join(append([]string{server.String()}, firstOf(c.pointers(server.String()))...), " "))
	}
	addresses, _ := c.resolveHost(operands[0])
	if !reachable && asked != "" || len(addresses) == 0 {
		return c.fail(1, "can't resolve '%s'", operands[0])
	}
	c.printf("Name:      %s\n", operands[0])
	for i, address := range addresses {
		c.printf("Address %d: %s\n", i+1, strings.Join(append([]string{address.String()}, firstOf(c.pointers(address.String()))...), " "))
	}
	return Exit(0)
}

func firstOf(names []string) []string { return names[:min(len(names), 1)] }

// host asks the DNS in the shape of bind's host.
func host(c *Call) Outcome {
	o, outcome, ok := c.options("t:avW:4R:T")
	if !ok {
		return outcome
	}
	if len(o.operands) == 0 || len(o.operands) > 2 {
		c.errorf("expected host [-t TYPE] NAME [SERVER]")
		return Exit(1)
	}
	asked := ""
	if len(o.operands) == 2 {
		asked = o.operands[1]
	}
	server, reachable := c.serverFor(asked)
	if !server.IsValid() && asked != "" {
		return c.fail(1, "couldn't get address for '%s': not found", asked)
	}
	if !reachable {
		c.print(";; connection timed out; no servers could be reached\n")
		return Exit(1)
	}
	if asked != "" {
		c.printf("Using domain server:\nName: %s\nAddress: %s#53\nAliases: \n\n", asked, server)
	}
	name, types := o.operands[0], []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX}
	if reverse := reverseName(name); reverse != "" {
		name, types = reverse, []uint16{dns.TypePTR}
	} else if o.has("t") {
		qtype, known := queryType(o.value("t", ""))
		if !known {
			return c.fail(2, "invalid type: %s", o.value("t", ""))
		}
		types = []uint16{qtype}
	}
	resolver := c.System.Resolver()
	for i, qtype := range types {
		var final dnsserver.Exchange
		if i == 0 {
			_, final = resolver.Lookup(name, qtype, true)
		} else {
			exchanges := resolver.Ask(name, qtype)
			final = exchanges[len(exchanges)-1]
		}
		if final.Response.Rcode != dns.RcodeSuccess {
			c.printf("Host %s not found: %d(%s)\n", plain(name), final.Response.Rcode, dns.RcodeToString[final.Response.Rcode])
			return Exit(1)
		}
		name = final.Question.Name
		if len(final.Response.Answer) == 0 && len(types) == 1 {
			c.printf("%s has no %s record\n", plain(name), dns.TypeToString[qtype])
			return Exit(1)
		}
		for _, record := range final.Response.Answer {
			c.print(hostRecord(record))
		}
	}
	return Exit(0)
}

// hostRecord is a record in a sentence.
func hostRecord(record dns.RR) string {
	name, data := plain(record.Header().Name), recordData(record)
	switch record.(type) {
	case *dns.A:
		return name + " has address " + data + "\n"
	case *dns.AAAA:
		return name + " has IPv6 address " + data + "\n"
	case *dns.CNAME:
		return name + " is an alias for " + data + "\n"
	case *dns.PTR:
		return name + " domain name pointer " + data + "\n"
	case *dns.NS:
		return name + " name server " + data + "\n"
	case *dns.TXT:
		return name + " descriptive text " + data + "\n"
	case *dns.MX:
		return name + " mail is handled by " + data + "\n"
	}
	return name + " has " + dns.TypeToString[record.Header().Rrtype] + " record " + data + "\n"
}
