package dnsserver

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// noTime is the time for whoever has no cache.
var noTime time.Time

// checkResponder asks a responder as a server does, several times: what it remembers must not differ from what
// AnswerPacket says to the same packet, octet for octet.
func checkResponder(t *testing.T, r *responder, packet []byte, transport Transport) {
	t.Helper()
	buffer := make([]byte, 0, dns.MaxMsgSize+1)
	for _, change := range []func([]byte){
		func([]byte) {},
		func(p []byte) { binary.BigEndian.PutUint16(p, 0xABCD) },
		func(p []byte) { p[2] ^= flagRD },
		func(p []byte) { p[3] ^= flagCD | 0x20 },
		func(p []byte) { p[len(p)-1] ^= 0xFF },
	} {
		changed := bytes.Clone(packet)
		if len(changed) >= headerSize {
			change(changed)
		}
		for range 2 { // made, and remembered
			reply, first := r.respond(changed, transport, noTime, buffer)
			expected := AnswerPacket(r.source, r.config, changed, transport)
			if first != nil || !bytes.Equal(reply, expected) {
				t.Fatalf("%s packet %x\nexpected %x\nfound    %x\nerrand %v", transport, changed, expected, reply, first)
			}
		}
	}
}

// TestAnswerPacketIsAnswer reads the packet with the library alone.
func TestAnswerPacketIsAnswer(t *testing.T) {
	cluster := readCluster(t, "web")
	for _, packet := range packetsOfEverySort(t) {
		question := new(dns.Msg)
		if err := question.Unpack(packet); err != nil || question.Response {
			continue
		}
		expected, err := Answer(cluster, DefaultConfig(), question, UDP).Pack()
		if err != nil {
			t.Fatal(err)
		}
		if found := AnswerPacket(cluster, DefaultConfig(), packet, UDP); !bytes.Equal(found, expected) {
			t.Errorf("%v\nexpected %x\nfound    %x", question, expected, found)
		}
	}
}

// packetsOfEverySort are packets that Answer and AnswerPacket agree on, and some that are no questions.
func packetsOfEverySort(t testing.TB) (packets [][]byte) {
	add := func(name string, qtype uint16, changes ...func(*dns.Msg)) {
		m := new(dns.Msg)
		m.SetQuestion(name, qtype)
		m.Id = 7
		for _, change := range changes {
			change(m)
		}
		packed, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packed)
	}
	edns := func(size uint16, options ...dns.EDNS0) func(*dns.Msg) {
		return func(m *dns.Msg) {
			m.SetEdns0(size, size%2 == 1)
			m.IsEdns0().Option = options
		}
	}
	cookie := func(digits string) dns.EDNS0 { return &dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: digits} }
	for _, name := range []string{"nginx.default.svc.cluster.local.", "Web-0.nginx.DEFAULT.svc.cluster.local.", "three-hundred.default.svc.cluster.local.",
		"nobody.default.svc.cluster.local.", "alias.default.svc.cluster.local.", "2.1.244.10.in-addr.arpa.", "cluster.local.", "example.org.", "."} {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeSRV, dns.TypePTR, dns.TypeNS, dns.TypeTXT} {
			add(name, qtype)
			add(name, qtype, edns(1232))
			add(name, qtype, edns(4097, cookie("0102030405060708")))
		}
	}
	name := "nginx.default.svc.cluster.local."
	add(name, dns.TypeA, edns(1232, cookie("0102030405060708"), &dns.EDNS0_PADDING{Padding: make([]byte, 20)}))
	add(name, dns.TypeA, edns(1232, cookie("00")), func(m *dns.Msg) { m.IsEdns0().SetVersion(1) })
	add(name, dns.TypeA, edns(1232, &dns.EDNS0_NSID{Code: dns.EDNS0NSID}))
	add(name, dns.TypeA, func(m *dns.Msg) { m.Opcode = dns.OpcodeNotify })
	add(name, dns.TypeA, func(m *dns.Msg) { m.Response = true })
	add(name, dns.TypeA, func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS })
	add(name, dns.TypeA, func(m *dns.Msg) { m.Authoritative, m.Truncated, m.Zero, m.AuthenticatedData = true, true, true, true })
	return append(packets, nil, make([]byte, headerSize-1), make([]byte, headerSize))
}

func TestResponderSaysWhatAnswerPacketSays(t *testing.T) {
	for _, config := range []Config{
		DefaultConfig(),
		{Zone: "cluster.local", MaxUDPSize: 1232, Pods: PodsVerified, ServerAddress: netip.MustParseAddr("10.96.0.10")},
	} {
		for _, cluster := range []string{"web", "many"} {
			r := &responder{source: readCluster(t, cluster), config: config}
			for _, packet := range packetsOfEverySort(t) {
				for _, transport := range []Transport{UDP, TCP} {
					checkResponder(t, r, packet, transport)
				}
			}
		}
	}
}

// FuzzResponder is about packets that begin usual and go on otherwise. The first octet says over which transport.
func FuzzResponder(f *testing.F) {
	for _, packet := range packetsOfEverySort(f) {
		f.Add(uint8(0), packet)
	}
	for _, test := range malformedPackets() {
		f.Add(uint8(0), test.packet)
	}
	f.Add(uint8(1), packQuestion("three-hundred.default.svc.cluster.local.", dns.TypeSRV))
	cluster := readCluster(f, "many")
	// One responder for all packets: what one has left behind must not change the reply to another.
	r := &responder{source: cluster, config: Config{Pods: PodsInsecure, ServerAddress: netip.MustParseAddr("10.96.0.10")}}
	f.Fuzz(func(t *testing.T, transport uint8, packet []byte) {
		checkResponder(t, r, packet, Transport(transport%2))
	})
}

// malformed is a packet that is not quite a question.
type malformed struct {
	packet []byte
	rcode  int // -1: no reply
}

func malformedPackets() map[string]malformed {
	header := func(question, answer, authority, additional byte, body string) []byte {
		return append([]byte{0, 7, 1, 0, 0, question, 0, answer, 0, authority, 0, additional}, body...)
	}
	const tail = "\x00\x01\x00\x01"
	long := bytes.Repeat([]byte("\x3fxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), 4)
	return map[string]malformed{
		"empty":                        {nil, -1},
		"shorter than a header":        {make([]byte, headerSize-1), -1},
		"a reply":                      {[]byte("\x00\x07\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01"), -1},
		"no question":                  {header(0, 0, 0, 0, ""), dns.RcodeFormatError},
		"two questions":                {header(2, 0, 0, 0, "\x00"+tail+"\x00"+tail), dns.RcodeFormatError},
		"a question that is not there": {header(1, 0, 0, 0, "\x03web"), dns.RcodeFormatError},
		"a name that is a loop":        {header(1, 0, 0, 0, "\xc0\x0c"+tail), dns.RcodeFormatError},
		"a loop of two pointers":       {header(1, 0, 0, 0, "\x01a\xc0\x10\xc0\x0c"+tail), dns.RcodeFormatError},
		"a pointer beyond the packet":  {header(1, 0, 0, 0, "\xff\xff"+tail), dns.RcodeFormatError},
		"a label of the third sort":    {header(1, 0, 0, 0, "\x80\x00"+tail), dns.RcodeFormatError},
		"a name that is too long":      {header(1, 0, 0, 0, string(long)+"\x00"+tail), dns.RcodeFormatError},
		"half a record":                {header(1, 0, 0, 1, "\x00"+tail+"\x00\x00\x29"), dns.RcodeFormatError},
		"a record that is not there":   {header(1, 0, 0, 1, "\x00"+tail), dns.RcodeNameError}, // the library lets it pass
		"too many records":             {header(1, 0, 0, 3, "\x00"+tail), dns.RcodeFormatError},
		"answers in a question":        {header(1, 200, 200, 200, "\x00"+tail), dns.RcodeFormatError},
		"too long":                     {header(1, 0, 0, 0, "\x00"+tail+string(make([]byte, maxQuestionSize))), dns.RcodeFormatError},
		"something behind":             {header(1, 0, 0, 0, "\x00"+tail+"something"), dns.RcodeNameError},
		"an update":                    {append([]byte{0, 7, 0x28, 0, 0, 1, 0, 9, 0, 9, 0, 9}, 1, 2, 3), dns.RcodeNotImplemented},
	}
}

func TestMalformedPackets(t *testing.T) {
	for name, test := range malformedPackets() {
		t.Run(name, func(t *testing.T) {
			r := &responder{source: readCluster(t, "web"), config: DefaultConfig()}
			reply, _ := r.respond(test.packet, UDP, noTime, nil)
			switch {
			case test.rcode < 0:
				if reply != nil || r.metrics.Dropped != 1 {
					t.Errorf("expected no reply, found %x; %s", reply, r.metrics)
				}
			case reply == nil || int(reply[3]&0xF) != test.rcode || !bytes.Equal(reply[:2], test.packet[:2]):
				t.Errorf("expected %s, found %x", dns.RcodeToString[test.rcode], reply)
			case r.metrics.Rcodes[test.rcode] != 1:
				t.Errorf("expected it to be counted, found %s", r.metrics)
			}
			if len(test.packet) >= headerSize {
				checkResponder(t, r, test.packet, UDP)
			}
		})
	}
}

func TestRepliesAreMadeAnewWhenTheSourceChanges(t *testing.T) {
	x := speedCluster()
	r := &responder{source: x, config: DefaultConfig()}
	question := packQuestion("vip.default.svc.cluster.local.", dns.TypeA)
	address := func() netip.Addr {
		reply, _ := r.respond(question, UDP, noTime, nil)
		var m dns.Msg
		if err := m.Unpack(reply); err != nil || len(m.Answer) != 1 {
			t.Fatalf("%v %v", err, &m)
		}
		return Addresses(&m)[0]
	}
	before, after := netip.MustParseAddr("10.96.0.20"), netip.MustParseAddr("10.96.0.21")
	if found := address(); found != before {
		t.Errorf("expected %s, found %s", before, found)
	}
	changed := Service{Namespace: "default", Name: "vip", ClusterIPs: []netip.Addr{after}, Ports: []Port{{"http", "TCP", 80}}}
	x.SetService(changed)
	if found := address(); found != after {
		t.Errorf("expected %s, found %s", after, found)
	}
	// Another cluster, in the same place and with the same serial.
	x.Reset()
	x.SetNamespace("default")
	changed.ClusterIPs[0] = before
	x.SetService(changed)
	if found := address(); found != before {
		t.Errorf("expected %s, found %s", before, found)
	}
}

// TestQuestionsWithoutEndAreBounded asks for more names than are remembered.
func TestQuestionsWithoutEndAreBounded(t *testing.T) {
	r := &responder{source: speedCluster(), config: DefaultConfig()}
	buffer := make([]byte, 0, dns.MaxMsgSize+1)
	packet := packQuestion("nobody-000000.default.svc.cluster.local.", dns.TypeA)
	largest := 0
	for i := range 30_000 {
		copy(packet[headerSize+1+len("nobody-"):], strconv.Itoa(100_000+i))
		r.respond(packet, UDP, noTime, buffer)
		size := 0
		for _, generation := range []map[string]*packedAnswer{r.answers.young, r.answers.old} {
			if i%1000 == 0 {
				for _, answer := range generation {
					size += answer.size()
				}
			}
		}
		largest = max(largest, size)
	}
	if largest > maxPackedOctets || largest < maxPackedOctets/8 {
		t.Errorf("expected up to %d octets, found %d", maxPackedOctets, largest)
	}
}

func TestTheUsualQuestionAllocatesNothing(t *testing.T) {
	r := &responder{source: speedCluster(), config: DefaultConfig()}
	buffer := make([]byte, 0, dns.MaxMsgSize+1)
	packets := speedMix()
	m := new(dns.Msg)
	m.SetQuestion("vip.default.svc.cluster.local.", dns.TypeA)
	m.SetEdns0(1232, false)
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_COOKIE{Code: dns.EDNS0COOKIE, Cookie: "0102030405060708"}}
	asDigAsks, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	packets = append(packets, asDigAsks)
	askAll := func() {
		for _, packet := range packets {
			packet[1]++
			packet[len(packet)-1] ^= byte(len(packet) & 1) // of dig's, the cookie
			r.respond(packet, UDP, noTime, buffer)
			packet[len(packet)-1] ^= byte(len(packet) & 1)
		}
	}
	askAll()
	if allocations := testing.AllocsPerRun(100, askAll); allocations != 0 {
		t.Errorf("expected no allocation for %d questions, found %v", len(packets), allocations)
	}
}
