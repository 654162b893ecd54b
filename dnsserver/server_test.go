package dnsserver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

var anyLoopbackPort = netip.MustParseAddrPort("127.0.0.1:0")

// serve starts a server that ends with the test.
func serve(t testing.TB, options ServerOptions) *Server {
	t.Helper()
	server, err := Listen(anyLoopbackPort, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(server) })
	return server
}

func shutdown(server *Server) Metrics {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

// ask puts a question with the library's client.
func askServer(t testing.TB, server *Server, network, name string, qtype uint16) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	var err error
	for _, timeout := range []time.Duration{time.Second, time.Second, 3 * time.Second} { // as a resolver comes again
		client := dns.Client{Net: network, Timeout: timeout}
		var reply *dns.Msg
		if reply, _, err = client.Exchange(m, server.Address().String()); err == nil {
			return reply
		}
	}
	t.Fatalf("%s %s: %v", network, name, err)
	return nil
}

func dialServer(t testing.TB, server *Server, network string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, server.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	return conn
}

func TestBothTransportsSayWhatAnswerSays(t *testing.T) {
	cluster := readCluster(t, "many")
	config := DefaultConfig()
	server := serve(t, ServerOptions{Source: cluster, Config: config})
	config.ListenAddress = server.Address().Addr()
	for network, transport := range map[string]Transport{"udp": UDP, "tcp": TCP} {
		for range 2 {
			for _, name := range []string{"three-hundred.default.svc.cluster.local.", "nobody.default.svc.cluster.local.", "example.org.", "1.0.0.127.in-addr.arpa."} {
				reply := askServer(t, server, network, name, dns.TypeA)
				expected := Answer(cluster, config, &dns.Msg{MsgHdr: dns.MsgHdr{Id: reply.Id, RecursionDesired: true}, Question: reply.Question}, transport)
				if expected.Compress = false; reply.String() != throughWire(t, expected).String() {
					t.Errorf("%s: expected\n%v\nfound\n%v", network, expected, reply)
				}
			}
		}
	}
	if reply := askServer(t, server, "udp", "1.0.0.127.in-addr.arpa.", dns.TypePTR); len(reply.Answer) != 1 {
		t.Errorf("expected a name for the server's own address, found\n%v", reply)
	}
	metrics := shutdown(server)
	if expected := "dns: 17 queries (NOERROR 7, NXDOMAIN 10), 0 dropped"; metrics.Queries != 17 || !strings.HasPrefix(metrics.String(), "dns: 17 queries (") {
		t.Errorf("expected something like %q, found %q", expected, metrics)
	}
}

func TestGoResolverFindsEverything(t *testing.T) {
	cluster := readCluster(t, "many")
	server := serve(t, ServerOptions{Source: cluster, Config: DefaultConfig()})
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, server.Address().String())
	}}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// 300 addresses do not fit into 1,232 octets: the resolver comes again over TCP.
	addresses, err := resolver.LookupNetIP(ctx, "ip", "three-hundred.default.svc.cluster.local.")
	if err != nil || len(addresses) != 300 {
		t.Errorf("expected 300 addresses, found %d, %v", len(addresses), err)
	}
	_, err = resolver.LookupNetIP(ctx, "ip", "nobody.default.svc.cluster.local.")
	var notFound *net.DNSError
	if !errors.As(err, &notFound) || !notFound.IsNotFound {
		t.Errorf("expected a name that is not found, found %v", err)
	}
	if names, err := resolver.LookupAddr(ctx, "127.0.0.1"); err != nil || !slices.Contains(append(names, "localhost"), "ns.dns.cluster.local.") && names[0] != "localhost" {
		t.Errorf("expected the server's own name, found %v, %v", names, err)
	}
}

func TestManyQuestionsOverOneConnection(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
	conn := dialServer(t, server, "tcp")
	packets := speedMix()
	var sent []byte
	for i, packet := range packets {
		binary.BigEndian.PutUint16(packet, uint16(i))
		sent = append(binary.BigEndian.AppendUint16(sent, uint16(len(packet))), packet...)
	}
	// In pieces: a question may come in two.
	for len(sent) > 0 {
		size := min(50, len(sent))
		if _, err := conn.Write(sent[:size]); err != nil {
			t.Fatal(err)
		}
		sent = sent[size:]
	}
	for i := range packets {
		if reply := readStream(t, conn); int(binary.BigEndian.Uint16(reply)) != i {
			t.Errorf("expected the replies in order, found %d instead of %d", binary.BigEndian.Uint16(reply), i)
		}
	}
}

func readStream(t testing.TB, conn io.Reader) []byte {
	t.Helper()
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		t.Fatal(err)
	}
	reply := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestConnectionsThatAskNothing(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
	question := packQuestion("vip.default.svc.cluster.local.", dns.TypeA)
	for name, sent := range map[string][]byte{
		"no message at all":       {0, 0},
		"shorter than a header":   {0, 3, 1, 2, 3},
		"longer than any is read": {0xFF, 0xFF, 1, 2, 3},
		"a reply":                 append([]byte{0, byte(len(question))}, append([]byte{0, 0, 0x80}, question[3:]...)...),
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialServer(t, server, "tcp")
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("expected the connection to end, found %d octets, %v", n, err)
			}
		})
	}
	if metrics := server.Metrics(); metrics.Queries != 0 || metrics.Dropped != 4 {
		t.Errorf("expected 4 dropped, found %s", metrics)
	}
}

// TestSilentConnectionsGiveWay opens more connections than there may be: those that have been silent for longest end, and whoever
// asks is served.
func TestSilentConnectionsGiveWay(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
	busy := dialServer(t, server, "tcp")
	question := packQuestion("vip.default.svc.cluster.local.", dns.TypeA)
	var silent []net.Conn
	for i := range 2 * maxStreams {
		conn := dialServer(t, server, "tcp")
		if i%2 == 0 {
			_, _ = conn.Write([]byte{0}) // half of a length
		}
		silent = append(silent, conn)
		if i%16 == 0 {
			if _, err := busy.Write(append([]byte{0, byte(len(question))}, question...)); err != nil {
				t.Fatal(err)
			}
			readStream(t, busy)
		}
	}
	server.streams.mutex.Lock()
	open := len(server.streams.open)
	server.streams.mutex.Unlock()
	if open > maxStreams {
		t.Errorf("expected at most %d connections, found %d", maxStreams, open)
	}
	if _, err := silent[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("expected the first silent connection to have ended")
	}
	if reply := askServer(t, server, "tcp", "vip.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected an answer, found\n%v", reply)
	}
}

// TestAFloodIsSurvived sends what no client sends, from many sockets, and looks at the memory.
func TestAFloodIsSurvived(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
	memory := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := memory()
	var group sync.WaitGroup
	for client := range 4 {
		conn := dialServer(t, server, "udp")
		group.Go(func() {
			packet := make([]byte, 60_000)
			state := uint32(client + 1)
			for i := range 2_000 {
				for at := range 64 {
					state = state*1664525 + 1013904223
					packet[at] = byte(state >> 24)
				}
				size := int(state>>8) % 64
				switch i % 8 {
				case 0:
					copy(packet, packQuestion("vip.default.svc.cluster.local.", dns.TypeA))
				case 1:
					size = len(packet)
				case 2:
					copy(packet, "\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01")
				}
				_, _ = conn.Write(packet[:size])
			}
		})
	}
	group.Wait()
	if reply := askServer(t, server, "udp", "vip.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected an answer after the flood, found\n%v", reply)
	}
	if grown := int64(memory()) - int64(before); grown > maxPackedOctets {
		t.Errorf("expected less than %d octets of memory, found %d", maxPackedOctets, grown)
	}
	if metrics := server.Metrics(); metrics.Dropped == 0 {
		t.Errorf("expected dropped packets to be counted, found %s", metrics)
	}
}

func TestTheSourceMayChangeUnderItsGuard(t *testing.T) {
	var guard sync.Mutex
	index := speedCluster()
	server := serve(t, ServerOptions{Source: index, Guard: &guard, Config: DefaultConfig()})
	name := "late.default.svc.cluster.local."
	for range 2 {
		if reply := askServer(t, server, "udp", name, dns.TypeA); reply.Rcode != dns.RcodeNameError {
			t.Errorf("expected NXDOMAIN, found\n%v", reply)
		}
	}
	late := Service{Namespace: "default", Name: "late", ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.30")}}
	guard.Lock()
	index.SetService(late)
	guard.Unlock()
	if reply := askServer(t, server, "udp", name, dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected the address at once, found\n%v", reply)
	}
	guard.Lock()
	index.RemoveService(late.Namespace, late.Name)
	guard.Unlock()
	if reply := askServer(t, server, "udp", name, dns.TypeA); reply.Rcode != dns.RcodeNameError {
		t.Errorf("expected NXDOMAIN, found\n%v", reply)
	}
}

func TestASourceWithoutVersionCountsBySerial(t *testing.T) {
	var guard sync.Mutex
	cluster := &textCluster{namespaces: []string{"default"}}
	server := serve(t, ServerOptions{Source: cluster, Guard: &guard, Config: DefaultConfig()})
	expect := func(rcode int) {
		t.Helper()
		if reply := askServer(t, server, "udp", "default.svc.cluster.local.", dns.TypeA); reply.Rcode != rcode {
			t.Errorf("expected %s, found\n%v", dns.RcodeToString[rcode], reply)
		}
	}
	change := func(serial uint32, namespaces ...string) {
		guard.Lock()
		defer guard.Unlock()
		cluster.serial, cluster.namespaces = serial, namespaces
	}
	expect(dns.RcodeSuccess)
	change(1)
	expect(dns.RcodeNameError)
	change(1, "default")
	expect(dns.RcodeNameError) // what a source of the same serial has said counts
	server.Invalidate()
	expect(dns.RcodeSuccess)
}

func TestACacheRunsOnTheGivenClock(t *testing.T) {
	var guard sync.Mutex
	now, index := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), speedCluster()
	server := serve(t, ServerOptions{Source: index, Guard: &guard, Config: DefaultConfig(), CacheTTL: 30 * time.Second, Now: func() time.Time { return now }})
	name := "late.default.svc.cluster.local."
	for _, step := range []struct {
		after   time.Duration
		rcode   int
		negTTL  uint32
		arrives bool
	}{
		{0, dns.RcodeNameError, 30, true}, {29 * time.Second, dns.RcodeNameError, 1, false}, {time.Second, dns.RcodeSuccess, 0, false},
	} {
		guard.Lock()
		now = now.Add(step.after)
		guard.Unlock()
		reply := askServer(t, server, "udp", name, dns.TypeA)
		if reply.Rcode != step.rcode || len(reply.Ns) > 0 && reply.Ns[0].Header().Ttl != step.negTTL {
			t.Errorf("expected %s with a TTL of %d, found\n%v", dns.RcodeToString[step.rcode], step.negTTL, reply)
		}
		if step.arrives {
			guard.Lock()
			index.SetService(Service{Namespace: "default", Name: "late", ClusterIPs: []netip.Addr{netip.MustParseAddr("10.96.0.30")}})
			index.SetSerial(2)
			guard.Unlock()
		}
	}
}

func TestShutdown(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig()})
	address := server.Address()
	idle := dialServer(t, server, "tcp")
	askServer(t, server, "tcp", "vip.default.svc.cluster.local.", dns.TypeA)
	began := time.Now()
	if metrics := shutdown(server); metrics.Queries != 1 || time.Since(began) > time.Second {
		t.Errorf("expected 1 query and no waiting for idle connections, found %s after %s", metrics, time.Since(began))
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("expected the idle connection to have ended")
	}
	if metrics := shutdown(server); metrics.Queries != 1 {
		t.Errorf("expected the same from a second call, found %s", metrics)
	}
	again, err := Listen(address, ServerOptions{Source: speedCluster()})
	if err != nil {
		t.Fatalf("expected the port to be free again: %v", err)
	}
	shutdown(again)
}

func TestListenRefuses(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster()})
	for name, test := range map[string]struct {
		address netip.AddrPort
		options ServerOptions
		hint    string
	}{
		"a port that is taken":   {server.Address(), ServerOptions{Source: speedCluster()}, "address already in use"},
		"an address for all":     {netip.MustParseAddrPort("0.0.0.0:0"), ServerOptions{Source: speedCluster()}, "expected a loopback address"},
		"no source":              {anyLoopbackPort, ServerOptions{}, "expected a source"},
		"a zone that is no name": {anyLoopbackPort, ServerOptions{Source: speedCluster(), Config: Config{Zone: "a..b"}}, "DNS zone"},
	} {
		if listening, err := Listen(test.address, test.options); err == nil || !strings.Contains(err.Error(), test.hint) {
			t.Errorf("%s: expected an error with %q, found %v, %v", name, test.hint, listening, err)
		}
	}
}

// TestForwarding puts a server before another one, and one that does not reply.
func TestForwarding(t *testing.T) {
	outside := readCluster(t, "web")
	world := serve(t, ServerOptions{Source: NewIndex(), Config: Config{Zone: "nowhere.example", Forward: outside.forward}})
	silent, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(anyLoopbackPort))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	cluster := readCluster(t, "web")
	for _, cacheTTL := range []time.Duration{0, 30 * time.Second} {
		server := serve(t, ServerOptions{Source: cluster, Config: DefaultConfig(), Upstream: []netip.AddrPort{world.Address()}, CacheTTL: cacheTTL})
		for _, network := range []string{"udp", "tcp"} {
			for range 2 {
				if reply := askServer(t, server, network, "www.example.org.", dns.TypeA); len(reply.Answer) != 1 || reply.Rcode != dns.RcodeSuccess {
					t.Errorf("expected the world's answer, found\n%v", reply)
				}
				if reply := askServer(t, server, network, "example.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 2 {
					t.Errorf("expected an alias and where it leads, found\n%v", reply)
				}
				if reply := askServer(t, server, network, "www.example.net.", dns.TypeA); reply.Rcode != dns.RcodeNameError {
					t.Errorf("expected NXDOMAIN, found\n%v", reply)
				}
				if reply := askServer(t, server, network, "vip.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 1 {
					t.Errorf("expected the cluster's own answer, found\n%v", reply)
				}
			}
		}
	}
	// Questions that wait do not hold up others, are bounded, and end with the server.
	server := serve(t, ServerOptions{Source: cluster, Config: DefaultConfig(), Upstream: []netip.AddrPort{silent.LocalAddr().(*net.UDPAddr).AddrPort()}})
	conn := dialServer(t, server, "udp")
	for range maxWaiting + 10 {
		_, _ = conn.Write(packQuestion("www.example.org.", dns.TypeA))
	}
	if reply := askServer(t, server, "udp", "vip.default.svc.cluster.local.", dns.TypeA); len(reply.Answer) != 1 {
		t.Errorf("expected an answer meanwhile, found\n%v", reply)
	}
	began := time.Now()
	metrics := shutdown(server)
	if metrics.Dropped < 10 || metrics.Rcodes[dns.RcodeServerFailure] != maxWaiting || time.Since(began) > time.Second {
		t.Errorf("expected %d SERVFAIL and 10 dropped at once, found %s after %s", maxWaiting, metrics, time.Since(began))
	}
}

// TestTheSocketsAllocateNothing is TestTheUsualQuestionAllocatesNothing with sockets on both sides.
func TestTheSocketsAllocateNothing(t *testing.T) {
	server := serve(t, ServerOptions{Source: speedCluster(), Config: DefaultConfig(), Shuffle: true})
	for _, network := range []string{"udp"} {
		conn := dialServer(t, server, network)
		packets, buffer := speedMix(), make([]byte, 4096)
		exchange := func() {
			for _, packet := range packets {
				_, _ = conn.Write(packet)
				_, _ = conn.Read(buffer)
			}
		}
		exchange()
		if allocations := testing.AllocsPerRun(50, exchange); allocations > 0.5 {
			t.Errorf("%s: expected no allocation, found %v for %d questions", network, allocations, len(packets))
		}
	}
}
