package dnsserver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// cacheStory is a cluster, a cache before it, and a clock.
type cacheStory struct {
	t      *testing.T
	index  *Index
	config Config
	cache  Cache
	now    time.Time
}

func newCacheStory(t *testing.T, ttl time.Duration) *cacheStory {
	return &cacheStory{t: t, index: speedCluster(), config: DefaultConfig(),
		cache: Cache{TTL: ttl, Store: &MemoryStore{}}, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
}

func (s *cacheStory) after(d time.Duration) *cacheStory {
	s.now = s.now.Add(d)
	return s
}

// members says which of the StatefulSet's three Pods are ready.
func (s *cacheStory) members(ready ...bool) {
	endpoints := speedCluster().Endpoints("default", "nginx")
	for i := range endpoints {
		endpoints[i].Ready = ready[i]
	}
	s.index.SetSlice("default", "nginx-x", "nginx", endpoints)
}

// asks checks status, number of answers, and the TTL of every record.
func (s *cacheStory) asks(name string, qtype uint16, rcode, answers int, ttl uint32, changes ...func(*dns.Msg)) *dns.Msg {
	s.t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(name+".default.svc.cluster.local.", qtype)
	for _, change := range changes {
		change(m)
	}
	reply := s.cache.Answer(s.now, s.index, s.config, m, UDP)
	if reply.Rcode != rcode || len(reply.Answer) != answers || reply.Id != m.Id || !reply.Authoritative && rcode != dns.RcodeServerFailure {
		s.t.Errorf("%s at %s: expected %s with %d answers, found\n%v", name, s.now.Format("15:04:05"), dns.RcodeToString[rcode], answers, reply)
	}
	for _, section := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		for _, record := range section {
			if header := record.Header(); header.Ttl != ttl && header.Rrtype != dns.TypeOPT {
				s.t.Errorf("%s at %s: expected a TTL of %d, found %v", name, s.now.Format("15:04:05"), ttl, record)
			}
		}
	}
	checkReply(s.t, m, reply, UDP)
	return reply
}

func TestANameAskedForTooEarlyStaysUnknownForThirtySeconds(t *testing.T) {
	s := newCacheStory(t, 30*time.Second)
	s.members(true, true, false)
	s.asks("web-2.nginx", dns.TypeA, dns.RcodeNameError, 0, 30)
	s.after(time.Second).members(true, true, true)
	s.after(time.Second).asks("web-2.nginx", dns.TypeA, dns.RcodeNameError, 0, 28)
	s.after(27*time.Second+999*time.Millisecond).asks("web-2.nginx", dns.TypeA, dns.RcodeNameError, 0, 1)
	s.after(time.Millisecond).asks("web-2.nginx", dns.TypeA, dns.RcodeSuccess, 1, 30)
}

func TestAnAddressThatHasGoneStaysKnown(t *testing.T) {
	s := newCacheStory(t, 30*time.Second)
	s.asks("web-0.nginx", dns.TypeA, dns.RcodeSuccess, 1, 30)
	s.members(false, true, true)
	s.after(10*time.Second).asks("web-0.nginx", dns.TypeA, dns.RcodeSuccess, 1, 20)
	s.asks("web-0.nginx", dns.TypeAAAA, dns.RcodeNameError, 0, 30) // another type is another question
	s.after(20*time.Second).asks("web-0.nginx", dns.TypeA, dns.RcodeNameError, 0, 30)
}

func TestCachedReplies(t *testing.T) {
	t.Run("a NODATA is remembered, too", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.asks("vip", dns.TypeAAAA, dns.RcodeSuccess, 0, 30)
		s.index.SetService(Service{Namespace: "default", Name: "vip", ClusterIPs: []netip.Addr{netip.MustParseAddr("fd00::1")}, Ports: []Port{{"http", "TCP", 80}}})
		s.after(29*time.Second).asks("vip", dns.TypeAAAA, dns.RcodeSuccess, 0, 1)
		s.after(time.Second).asks("vip", dns.TypeAAAA, dns.RcodeSuccess, 1, 30)
	})
	t.Run("the TTL of the records counts, but for five seconds at least", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.config.TTL = 1
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 5)
		s.after(4*time.Second).asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 1)
	})
	t.Run("a cache shorter than that is as short as it says", func(t *testing.T) {
		s := newCacheStory(t, 2*time.Second)
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 2)
	})
	t.Run("a server failure is remembered for five seconds", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.config.Unsynced = true
		s.asks("nobody", dns.TypeA, dns.RcodeServerFailure, 0, 5)
		s.config.Unsynced = false
		s.after(4*time.Second).asks("nobody", dns.TypeA, dns.RcodeServerFailure, 0, 1)
		s.after(time.Second).asks("nobody", dns.TypeA, dns.RcodeNameError, 0, 30)
	})
	t.Run("case does not matter, DO and CD do", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 30)
		s.after(time.Second)
		if reply := s.asks("VIP", dns.TypeA, dns.RcodeSuccess, 1, 29); reply.Question[0].Name[:3] != "VIP" || reply.Answer[0].Header().Name[:3] != "vip" {
			t.Errorf("expected the question of this asker and the records of the first, found\n%v", reply)
		}
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 30, func(m *dns.Msg) { m.SetEdns0(1232, true) })
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 30, func(m *dns.Msg) { m.CheckingDisabled = true })
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 29, func(m *dns.Msg) { m.SetEdns0(512, false) })
	})
	t.Run("what is remembered is cut for each asker", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.index = largeService(1000)
		s.asks("large", dns.TypeA, dns.RcodeSuccess, 28, 30)
		s.after(time.Second).asks("large", dns.TypeA, dns.RcodeSuccess, 73, 29, func(m *dns.Msg) { m.SetEdns0(1232, false) })
	})
	t.Run("refusals and what is not a question are not remembered", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		for _, change := range []func(*dns.Msg){
			func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate },
			func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS },
			func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeAXFR },
			func(m *dns.Msg) { m.Response = true },
		} {
			m := packetMessage(t, "vip.default.svc.cluster.local.")
			change(m)
			s.cache.Answer(s.now, s.index, s.config, m, UDP)
		}
		if store := s.cache.Store.(*MemoryStore); len(store.young) != 0 {
			t.Errorf("expected nothing, found %v", store.young)
		}
	})
	t.Run("time that runs backwards forgets", func(t *testing.T) {
		s := newCacheStory(t, 30*time.Second)
		s.asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 30)
		s.after(-time.Second).asks("vip", dns.TypeA, dns.RcodeSuccess, 1, 30)
	})
	t.Run("the oldest are forgotten when there are too many", func(t *testing.T) {
		store := &MemoryStore{}
		for i := range 3 * maxCached {
			store.Save(string(rune(i)), CachedReply{})
		}
		if kept := len(store.young) + len(store.old); kept > maxCached {
			t.Errorf("expected at most %d replies, found %d", maxCached, kept)
		}
	})
}

// TestAResolverWithACache: a program in a Pod sees what the cluster's cache remembers.
func TestAResolverWithACache(t *testing.T) {
	s := newCacheStory(t, 30*time.Second)
	s.members(true, true, false)
	resolver := Resolver{Source: s.index, Config: s.config, Search: SearchList("default", "", nil), Ndots: ClusterNdots, Cache: &s.cache, Now: s.now}
	if found := resolver.ResolveHost("web-2.nginx"); found != nil {
		t.Errorf("expected no address, found %v", found)
	}
	s.members(true, true, true)
	resolver.Now = s.now.Add(29 * time.Second)
	if found := resolver.ResolveHost("web-2.nginx"); found != nil {
		t.Errorf("expected no address yet, found %v", found)
	}
	resolver.Now = s.now.Add(30 * time.Second)
	if found := resolver.ResolveHost("web-2.nginx"); len(found) != 1 {
		t.Errorf("expected an address, found %v", found)
	}
}

func packetMessage(t *testing.T, name string) *dns.Msg {
	t.Helper()
	m := new(dns.Msg)
	if err := m.Unpack(packQuestion(name, dns.TypeA)); err != nil {
		t.Fatal(err)
	}
	return m
}
