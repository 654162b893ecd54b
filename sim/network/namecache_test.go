package network

import (
	"strconv"
	"testing"
	"time"

	"github.com/miekg/dns"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// ask asks for a name as a Pod does, so long after the time of the database.
func ask(db *store.DB, dnsSettings api.DNS, name string, later time.Duration) (rcode int, ttl uint32) {
	tx := db.Begin()
	defer tx.Commit()
	tx.AdvanceTo(tx.Now().Add(later))
	with := *settings
	with.DNS = dnsSettings
	exchanges := Resolver(tx, &with, nil, nil, 1).Ask(name, dns.TypeA)
	reply := exchanges[len(exchanges)-1].Response
	for _, record := range append(reply.Answer, reply.Ns...) {
		ttl = record.Header().Ttl
	}
	return reply.Rcode, ttl
}

func TestRepliesAreRowsThatForkAndAge(t *testing.T) {
	cached := api.DNS{Cache: 30 * time.Second}
	db := cluster()
	const name = "web-2.headless.default.svc.cluster.local"
	arrives := func(db *store.DB) {
		tx := db.Begin()
		before, _ := store.Get[*discoveryv1.EndpointSlice](tx.View, "default", "headless-x")
		slice := api.Copy(before)
		slice.Endpoints[2].Conditions.Ready = to(true)
		tx.Put(slice)
		tx.Commit()
	}
	expect := func(what string, db *store.DB, settings api.DNS, later time.Duration, rcode int, ttl uint32) {
		t.Helper()
		if gotRcode, gotTTL := ask(db, settings, name, later); gotRcode != rcode || gotTTL != ttl {
			t.Errorf("%s: expected %s for %d s, found %s for %d s", what, dns.RcodeToString[rcode], ttl, dns.RcodeToString[gotRcode], gotTTL)
		}
	}
	expect("before it is ready", db, cached, 0, dns.RcodeNameError, 30)
	other := db.Fork()
	arrives(db)
	arrives(other)
	expect("without the cache it is there at once", db, api.DNS{}, 0, dns.RcodeSuccess, 30)
	expect("with it, it is not", db, cached, 10*time.Second, dns.RcodeNameError, 20)
	expect("not for 30 seconds", db, cached, 20*time.Second-1, dns.RcodeNameError, 1)
	expect("then it is", db, cached, 1, dns.RcodeSuccess, 30)
	expect("the fork remembers too, on its own clock", other, cached, 29*time.Second, dns.RcodeNameError, 1)
}

func TestRepliesAreForgottenWhenThereAreTooMany(t *testing.T) {
	tx := cluster().Begin()
	cache := NameCache{tx}
	key := func(i int) string { return "n" + strconv.Itoa(i) + ". 1 false false" }
	const many = 3*maxReplies + 10
	for i := range many {
		cache.Save(key(i), dnsserver.CachedReply{Seconds: uint32(i)})
		cache.Save(key(i), dnsserver.CachedReply{Seconds: uint32(i)}) // anew counts once
	}
	rows := 0
	for range store.Rows[*Reply](tx.View, Replies, "") {
		rows++
	}
	if rows != maxReplies+10 {
		t.Errorf("expected %d rows, found %d", maxReplies+10, rows)
	}
	for i, known := range map[int]bool{0: false, 2*maxReplies - 1: false, 2 * maxReplies: true, many - 1: true} {
		if reply, found := cache.Load(key(i)); found != known || known && reply.Seconds != uint32(i) {
			t.Errorf("question %d: expected %v, found %v %v", i, known, found, reply)
		}
	}
}

func TestDNSSettings(t *testing.T) {
	for _, c := range []struct {
		dns     api.DNS
		problem string
	}{
		{api.DNS{}, ""},
		{api.DNS{TTL: -1, Pods: "disabled", Cache: time.Hour}, ""},
		{api.DNS{TTL: 1500 * time.Millisecond}, "DNS time to live: expected whole seconds up to 1h0m0s, found 1.5s"},
		{api.DNS{Cache: 2 * time.Hour}, "DNS cache: expected whole seconds up to 1h0m0s, found 2h0m0s"},
		{api.DNS{Cache: -time.Second}, "DNS cache: expected whole seconds up to 1h0m0s, found -1s"},
		{api.DNS{Pods: "all"}, `DNS pod mode: expected disabled, insecure or verified, found "all"`},
	} {
		with := *settings
		with.DNS = c.dns
		problem := ""
		if err := CheckDNS(&with); err != nil {
			problem = err.Error()
		}
		if problem != c.problem {
			t.Errorf("%+v: expected %q, found %q", c.dns, c.problem, problem)
		}
	}
	with := *settings
	with.DNS = api.DNS{TTL: 5 * time.Second}
	if config := DNSConfig(&with, nil); config.TTL != 5 || config.NoTTL || config.Pods != dnsserver.PodsInsecure {
		t.Errorf("%+v", config)
	}
}
