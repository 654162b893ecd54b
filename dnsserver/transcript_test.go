package dnsserver

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

var update = flag.Bool("update", false, "write the replies into testdata/questions instead of comparing them")

// TestQuestions asks every question in testdata/questions and compares the replies, records in order, with the
// text below the question. A file is prose (#), the words "cluster" and "config" that set the scene, and
// questions: "? name type options". The options are +class=, +opcode=, +bufsize= (EDNS), +ednsversion=, +do,
// +cookie=, +norecurse, +tcp, and +count to see how many records there are and how large the packed reply is.
func TestQuestions(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "questions", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no questions found: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			play(t, path, string(text))
		})
	}
}

// play runs one file, paragraph by paragraph.
func play(t *testing.T, path, text string) {
	var cluster *textCluster
	config := Config{}
	played := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	line := 1
	for i, paragraph := range played {
		first, _, _ := strings.Cut(paragraph, "\n")
		if rest, is := strings.CutPrefix(first, "? "); is {
			played[i] = first + "\n" + ask(t, cluster, config, rest)
			if played[i] != paragraph && !*update {
				t.Errorf("%s:%d\nexpected:\n%s\n\nfound:\n%s", path, line, paragraph, played[i])
			}
		} else {
			for _, line := range strings.Split(paragraph, "\n") {
				if name, is := strings.CutPrefix(line, "cluster "); is {
					cluster = readCluster(t, name)
				} else if words, is := strings.CutPrefix(line, "config"); is {
					config = parseConfig(t, cluster, strings.Fields(words))
				} else if !strings.HasPrefix(line, "#") {
					t.Fatalf("%s: expected #, cluster, config or ?, found %q", path, line)
				}
			}
		}
		line += strings.Count(paragraph, "\n") + 2
	}
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(played, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func parseConfig(t *testing.T, cluster *textCluster, words []string) Config {
	t.Helper()
	var config Config
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		number, _ := strconv.Atoi(value)
		switch key {
		case "zone":
			config.Zone = value
		case "ttl":
			config.TTL = uint32(number)
		case "pods":
			config.Pods = PodMode(value)
		case "server":
			config.ServerAddress = netip.MustParseAddr(value)
		case "reverse":
			config.ReverseZones = strings.Split(value, ",")
		case "max-udp":
			config.MaxUDPSize = uint16(number)
		case "ignore-empty":
			config.IgnoreEmptyService = true
		case "hinfo-for-any":
			config.HINFOForAny = true
		case "unsynced":
			config.Unsynced = true
		case "forward":
			config.Forward = cluster.forward
		case "choose-first":
			config.Choose = func(int) int { return 0 }
		default:
			t.Fatalf("config: unknown word %q", word)
		}
	}
	return config
}

// ask puts the question through the wire format in both directions and renders the reply.
func ask(t *testing.T, cluster *textCluster, config Config, line string) string {
	t.Helper()
	words := strings.Fields(line)
	question := new(dns.Msg)
	question.SetQuestion(words[0], typeNumber(words[1]))
	question.Id = 4711
	transport, count, edns := UDP, false, &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
	wantEDNS := false
	for _, option := range words[2:] {
		key, value, _ := strings.Cut(option, "=")
		number, _ := strconv.Atoi(value)
		switch key {
		case "+class":
			question.Question[0].Qclass = dns.StringToClass[value]
		case "+opcode":
			question.Opcode = dns.StringToOpcode[value]
		case "+bufsize":
			wantEDNS = true
			edns.SetUDPSize(uint16(number))
		case "+ednsversion":
			wantEDNS = true
			edns.SetVersion(uint8(number))
		case "+do":
			wantEDNS = true
			edns.SetDo()
		case "+cookie":
			wantEDNS = true
			edns.Option = append(edns.Option, &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: value})
		case "+norecurse":
			question.RecursionDesired = false
		case "+tcp":
			transport = TCP
		case "+count":
			count = true
		default:
			t.Fatalf("unknown option %q", option)
		}
	}
	if wantEDNS {
		question.Extra = append(question.Extra, edns)
	}
	received := throughWire(t, question)
	before := received.String()
	reply := Answer(cluster, config, received, transport)
	if received.String() != before {
		t.Errorf("%s: Answer changed the question", line)
	}
	packed, err := reply.Pack()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	read := throughWire(t, reply)
	if read.Id != question.Id {
		t.Errorf("%s: expected the id of the question, found %d", line, read.Id)
	}
	return render(read, count, len(packed))
}

func typeNumber(name string) uint16 {
	if number, known := dns.StringToType[name]; known {
		return number
	}
	number, _ := strconv.Atoi(strings.TrimPrefix(name, "TYPE"))
	return uint16(number)
}

func throughWire(t testing.TB, message *dns.Msg) *dns.Msg {
	t.Helper()
	packed, err := message.Pack()
	if err != nil {
		t.Fatalf("%v\n%s", err, message)
	}
	read := new(dns.Msg)
	if err := read.Unpack(packed); err != nil {
		t.Fatalf("%v\n%s", err, message)
	}
	return read
}

// render writes a reply much as dig does.
func render(reply *dns.Msg, count bool, size int) string {
	var text strings.Builder
	status := dns.RcodeToString[reply.Rcode]
	if reply.Rcode == dns.RcodeBadVers {
		status = "BADVERS" // the library has one name for number 16, that of TSIG
	}
	fmt.Fprintf(&text, "status: %s, flags:", status)
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{reply.Response, "qr"}, {reply.Authoritative, "aa"}, {reply.Truncated, "tc"},
		{reply.RecursionDesired, "rd"}, {reply.RecursionAvailable, "ra"}, {reply.CheckingDisabled, "cd"},
	} {
		if flag.set {
			text.WriteString(" " + flag.name)
		}
	}
	if reply.Opcode != dns.OpcodeQuery {
		text.WriteString(", opcode: " + dns.OpcodeToString[reply.Opcode])
	}
	text.WriteString("\n")
	if len(reply.Question) == 0 {
		text.WriteString("no question\n")
	}
	if offer := reply.IsEdns0(); offer != nil {
		fmt.Fprintf(&text, "edns: version: %d, udp: %d", offer.Version(), offer.UDPSize())
		if offer.Do() {
			text.WriteString(", do")
		}
		for _, option := range offer.Option {
			fmt.Fprintf(&text, ", cookie: %s", option)
		}
		text.WriteString("\n")
	}
	for _, section := range []struct {
		name    string
		records []dns.RR
	}{{"answer", reply.Answer}, {"authority", reply.Ns}, {"additional", reply.Extra}} {
		var lines []string
		for _, record := range section.records {
			if record.Header().Rrtype != dns.TypeOPT {
				lines = append(lines, strings.ReplaceAll(record.String(), "\t", " ")+"\n")
			}
		}
		if len(lines) > 0 && count {
			fmt.Fprintf(&text, "%s: %d\n", section.name, len(lines))
		} else if len(lines) > 0 {
			text.WriteString(section.name + ":\n" + strings.Join(lines, ""))
		}
	}
	if count {
		fmt.Fprintf(&text, "octets: %d\n", size)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
