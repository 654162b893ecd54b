package applet

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/stsim/stsim/dnsserver"
)

// digQuery is one question on the command line of dig.
type digQuery struct {
	name  string
	qtype uint16
}

// digOptions are dig's "+" flags that print or ask.
type digOptions struct {
	short, search, tcp, edns, ttl, class                     bool
	recurse, dnssec, cookie, ignore                          bool
	comments, question, answer, authority, additional, stats bool
	command                                                  bool
	size                                                     uint16 // of replies, as offered with EDNS
}

// digSize is what dig offers with EDNS.
const digSize = 1232

// cookieOption is the size of an EDNS option with the cookie of a client, in bytes.
const cookieOption = 12

// dig asks the DNS and prints the reply in full.
func dig(c *Call) Outcome {
	o := digOptions{edns: true, ttl: true, class: true, comments: true, question: true, answer: true, authority: true, additional: true, stats: true, command: true,
		recurse: true, cookie: true, size: digSize}
	var queries []digQuery
	qtype, typed, server := dns.TypeA, false, ""
	args := c.Args[1:]
	add := func(name string, qtype uint16) { queries = append(queries, digQuery{name, qtype}) }
	for i := 0; i < len(args); i++ {
		arg := args[i]
		value := func() string {
			if i++; i < len(args) {
				return args[i]
			}
			return ""
		}
		switch {
		case strings.HasPrefix(arg, "@"):
			server = arg[1:]
		case strings.HasPrefix(arg, "+"):
			if !o.set(arg[1:]) {
				fmt.Fprintf(c.Stderr, "Invalid option: %s\n", arg)
				c.hint("the simulated dig knows +short +search +tcp +ignore +recurse +dnssec +cookie +all +answer +question +authority +additional +comments +stats +cmd +edns +ttlid +class, each also with no, and +bufsize=BYTES")
				return Exit(1)
			}
		case arg == "-x":
			address := value()
			reverse := reverseName(address)
			if reverse == "" {
				fmt.Fprintf(c.Stderr, "Invalid IP address %s\n", address)
				return Exit(1)
			}
			add(reverse, dns.TypePTR)
		case arg == "-t" || arg == "-q":
			text := value()
			if arg == "-q" {
				add(text, qtype)
				continue
			}
			known := false
			if qtype, known = queryType(text); !known {
				fmt.Fprintf(c.Stderr, ";; Warning, ignoring invalid type %s\n", text)
				qtype = dns.TypeA
			}
			typed = true
			if len(queries) > 0 {
				queries[len(queries)-1].qtype = qtype
			}
		case arg == "-4" || arg == "-6" || arg == "-p" || arg == "-c":
			if arg == "-p" || arg == "-c" {
				value()
			}
		case strings.HasPrefix(arg, "-"):
			fmt.Fprintf(c.Stderr, "Invalid option: %s\n", arg)
			return Exit(1)
		default:
			if number, known := queryType(arg); known && !strings.Contains(arg, ".") {
				qtype, typed = number, true
				if len(queries) > 0 {
					queries[len(queries)-1].qtype = number
				}
				continue
			}
			if !strings.EqualFold(arg, "IN") {
				add(arg, qtype)
			}
		}
	}
	if len(queries) == 0 {
		if !typed {
			qtype = dns.TypeNS
		}
		add(".", qtype)
	}
	return c.dig(o, queries, server)
}

// set does one "+" flag.
func (o *digOptions) set(flag string) bool {
	flag, value, _ := strings.Cut(flag, "=")
	name, off := strings.CutPrefix(flag, "no")
	on := !off
	switch name {
	case "all":
		o.comments, o.question, o.answer, o.authority, o.additional, o.stats, o.command = on, on, on, on, on, on, on
	case "short":
		o.short = on
	case "search", "defname":
		o.search = on
	case "tcp", "vc":
		o.tcp = on
	case "edns":
		o.edns = on
	case "ttlid", "ttl":
		o.ttl = on
	case "class", "cl":
		o.class = on
	case "comments":
		o.comments = on
	case "question":
		o.question = on
	case "answer":
		o.answer = on
	case "authority":
		o.authority = on
	case "additional":
		o.additional = on
	case "stats":
		o.stats = on
	case "cmd":
		o.command = on
	case "recurse", "rec", "rdflag":
		o.recurse = on
	case "dnssec", "do":
		o.dnssec = on
	case "cookie":
		o.cookie = on
	case "ignore":
		o.ignore = on
	case "bufsize":
		o.size = digSize
		if size, err := strconv.ParseUint(value, 10, 16); err == nil && on {
			o.size = uint16(size)
		}
	case "time", "timeout", "tries", "retry", "ndots", "multiline", "showsearch":
	default:
		return false
	}
	return true
}

func (c *Call) dig(o digOptions, queries []digQuery, asked string) Outcome {
	address, reachable := c.serverFor(asked)
	header := fmt.Sprintf("\n; <<>> DiG 9.18.28 <<>> %s\n", strings.Join(c.Args[1:], " "))
	if !address.IsValid() && asked != "" {
		fmt.Fprintf(c.Stderr, "dig: couldn't get address for '%s': not found\n", asked)
		return Exit(10)
	}
	if o.command && !o.short {
		c.print(header)
		if asked != "" {
			c.print("; (1 server found)\n")
		}
		c.print(";; global options: +cmd\n")
	}
	if !reachable {
		if address.IsValid() {
			for range 3 {
				c.printf(";; communications error to %s#53: timed out\n", address)
			}
		}
		c.print("\n;; no servers could be reached\n")
		return Exit(9)
	}
	resolver := c.System.Resolver()
	resolver.UDPSize = 0
	if o.edns {
		resolver.UDPSize = o.size
	}
	for _, query := range queries {
		var final dnsserver.Exchange
		if o.search {
			_, final = resolver.Lookup(query.name, query.qtype, true)
		} else {
			exchanges := resolver.Ask(query.name, query.qtype)
			if o.ignore && !o.tcp {
				exchanges = exchanges[:1]
			}
			if len(exchanges) > 1 && !o.short && !o.tcp {
				c.print(";; Truncated, retrying in TCP mode.\n")
			}
			final = exchanges[len(exchanges)-1]
		}
		if o.tcp {
			final.Transport = dnsserver.TCP
		}
		if o.short {
			for _, record := range final.Response.Answer {
				c.print(recordData(record) + "\n")
			}
			continue
		}
		c.digReply(o, final, address)
	}
	return Exit(0)
}

// digReply prints one reply.
func (c *Call) digReply(o digOptions, exchange dnsserver.Exchange, server netip.Addr) {
	reply := exchange.Response
	if o.comments {
		id := c.System.Choose("dig id", 1<<16)
		c.print(";; Got answer:\n")
		if strings.HasSuffix(strings.ToLower(plain(exchange.Question.Name)), ".local") {
			c.print(";; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n")
		}
		flags := " qr"
		for _, flag := range []struct {
			set  bool
			name string
		}{{reply.Authoritative, " aa"}, {reply.Truncated, " tc"}, {o.recurse, " rd"}, {reply.RecursionAvailable, " ra"}, {reply.AuthenticatedData, " ad"}} {
			if flag.set {
				flags += flag.name
			}
		}
		c.printf(";; ->>HEADER<<- opcode: QUERY, status: %s, id: %d\n", dns.RcodeToString[reply.Rcode], id)
		c.printf(";; flags:%s; QUERY: %d, ANSWER: %d, AUTHORITY: %d, ADDITIONAL: %d\n", flags, len(reply.Question), len(reply.Answer), len(reply.Ns), len(reply.Extra))
		if !reply.RecursionAvailable {
			c.print(";; WARNING: recursion requested but not available\n")
		}
		c.print("\n")
		if option := reply.IsEdns0(); option != nil {
			flags := ""
			if o.dnssec {
				flags = " do"
			}
			c.printf(";; OPT PSEUDOSECTION:\n; EDNS: version: %d, flags:%s; udp: %d\n", option.Version(), flags, option.UDPSize())
			if o.cookie {
				// CoreDNS sends a client's cookie back as it is. It comes from the same draw as the id.
				c.printf("; COOKIE: %08x%08x (echoed)\n", uint32(id)*0x9e3779b1, uint32(id)*0x85ebca6b)
			}
		}
	}
	if o.question {
		if o.comments {
			c.print(";; QUESTION SECTION:\n")
		}
		for _, question := range reply.Question {
			c.print(";" + digColumns([]string{question.Name, "", dns.ClassToString[question.Qclass], dns.TypeToString[question.Qtype]}) + "\n")
		}
		if o.comments {
			c.print("\n")
		}
	}
	for _, section := range []struct {
		shown   bool
		title   string
		records []dns.RR
	}{{o.answer, "ANSWER", reply.Answer}, {o.authority, "AUTHORITY", reply.Ns}, {o.additional, "ADDITIONAL", reply.Extra}} {
		var lines []string
		for _, record := range section.records {
			if record.Header().Rrtype != dns.TypeOPT {
				lines = append(lines, o.record(record)+"\n")
			}
		}
		if !section.shown || len(lines) == 0 {
			continue
		}
		if o.comments {
			c.printf(";; %s SECTION:\n", section.title)
			lines = append(lines, "\n")
		}
		c.print(strings.Join(lines, ""))
	}
	if o.stats {
		c.print(";; Query time: 0 msec\n")
		c.printf(";; SERVER: %s#53(%s) (%s)\n", server, server, exchange.Transport)
		c.printf(";; WHEN: %s\n", strftime("%a %b %d %H:%M:%S %Z %Y", c.System.Now().UTC()))
		size := reply.Len()
		if o.cookie && reply.IsEdns0() != nil {
			size += cookieOption
		}
		c.printf(";; MSG SIZE  rcvd: %d\n\n", size)
	}
}

// record is a line of a section.
func (o digOptions) record(record dns.RR) string {
	header := record.Header()
	cells := []string{header.Name, "", "", dns.TypeToString[header.Rrtype], recordData(record)}
	if o.ttl {
		cells[1] = fmt.Sprint(header.Ttl)
	}
	if o.class {
		cells[2] = dns.ClassToString[header.Class]
	}
	return digColumns(cells)
}

// digColumns sets cells at columns 24, 32, 40 and 48 with tabs, or one further where a cell is too long.
func digColumns(cells []string) string {
	var out strings.Builder
	at := 0
	for i, cell := range cells {
		if i > 0 {
			if cell == "" {
				continue
			}
			to := max(16+8*i, at+1)
			if tabs := to/8 - at/8; tabs > 0 {
				out.WriteString(strings.Repeat("\t", tabs))
				at = to / 8 * 8
			}
			out.WriteString(strings.Repeat(" ", to-at))
			at = to
		}
		out.WriteString(cell)
		at += len(cell)
	}
	return out.String()
}
