package dnsserver

import (
	"strconv"
	"time"

	"github.com/miekg/dns"
)

const (
	// shortestCached is how long anything is remembered at least, and exactly how long a SERVFAIL is (CoreDNS:
	// minTTL and failttl in plugin/cache/cache.go).
	shortestCached = 5 * time.Second
	// MaxCacheTTL is the longest Cache.TTL, CoreDNS's cap.
	MaxCacheTTL = time.Hour
)

// Cache answers as CoreDNS does with its plugin "cache" before the plugin "kubernetes": a reply is remembered, and
// so a name that was asked for too early stays unknown for a while, and an address that has gone stays known.
// kubeadm before 1.32 had `cache 30` for everything; since then the cluster domain is not cached.
//
// It is pure: the time is given, and the state is in Store, which may be a map or rows of a simulated world.
type Cache struct {
	// TTL is how long replies are remembered, positive and negative: at most this, at most the lowest TTL in the
	// reply, at least 5 seconds, in whole seconds. Replies from the cache count down from there.
	TTL   time.Duration
	Store CacheStore
}

// CacheStore keeps what a Cache remembers. It may forget anything at any time.
type CacheStore interface {
	// Load returns what is kept under a key.
	Load(key string) (CachedReply, bool)
	// Save keeps a reply in place of what is under the key. A reply that is kept must not be changed.
	Save(key string, reply CachedReply)
}

// CachedReply is one reply as a cache remembers it, before it is cut to what a client takes.
type CachedReply struct {
	// Stored is when it was remembered, Seconds for how long.
	Stored  time.Time
	Seconds uint32
	Rcode   int
	// The sections; records have the case of the first asker.
	Answer, Authority, Additional []dns.RR
}

// Answer is the function Answer with a memory. Time that runs backwards makes it forget.
func (c Cache) Answer(now time.Time, source Source, config Config, question *dns.Msg, transport Transport) *dns.Msg {
	reply, offer, refused := begin(question)
	if refused {
		return reply
	}
	if reply.Rcode == dns.RcodeSuccess {
		key := cacheKey(reply, offer)
		if kept, found := c.Store.Load(key); found && kept.left(now) > 0 {
			kept.into(reply, kept.left(now))
		} else {
			fill(reply, source, &config, roomFor(&config, nil, TCP))
			c.remember(key, reply, now)
		}
	}
	arrange(reply, config.Choose)
	fit(reply, offer, &config, transport)
	return reply
}

// cacheKey tells questions apart that are remembered apart: name without case, type, and the bits DO and CD (CoreDNS:
// hash in plugin/cache/cache.go).
func cacheKey(reply *dns.Msg, offer *dns.OPT) string {
	asked := reply.Question[0]
	return lower(asked.Name) + " " + strconv.Itoa(int(asked.Qtype)) + " " +
		strconv.FormatBool(offer != nil && offer.Do()) + " " + strconv.FormatBool(reply.CheckingDisabled)
}

// remember keeps a reply if it is of a sort that is kept, and gives all of its records the TTL it is kept for.
func (c Cache) remember(key string, reply *dns.Msg, now time.Time) {
	var duration time.Duration
	switch {
	case reply.Truncated:
		return
	case reply.Rcode == dns.RcodeServerFailure:
		duration = shortestCached
	case reply.Rcode == dns.RcodeSuccess || reply.Rcode == dns.RcodeNameError:
		duration = max(lowestTTL(reply, c.TTL), shortestCached)
	default:
		return
	}
	kept := CachedReply{Stored: now, Seconds: uint32(min(duration, c.TTL) / time.Second), Rcode: reply.Rcode,
		Answer: reply.Answer, Authority: reply.Ns, Additional: reply.Extra}
	if kept.Seconds > 0 {
		// The records of a forwarded reply are not ours: into copies them.
		kept.into(reply, kept.Seconds)
		c.Store.Save(key, kept)
	}
}

// lowestTTL is the lowest TTL of a reply's records, and not more than a limit; a reply without any record is kept
// for the shortest time.
func lowestTTL(reply *dns.Msg, limit time.Duration) time.Duration {
	if len(reply.Answer)+len(reply.Ns)+len(reply.Extra) == 0 {
		return shortestCached
	}
	for _, section := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		for _, record := range section {
			limit = min(limit, time.Duration(record.Header().Ttl)*time.Second)
		}
	}
	return limit
}

// left is for how many more seconds a reply is remembered.
func (r CachedReply) left(now time.Time) uint32 {
	age := now.Sub(r.Stored)
	if age < 0 || age >= time.Duration(r.Seconds)*time.Second {
		return 0
	}
	return r.Seconds - uint32(age/time.Second)
}

// into gives a reply copies of the remembered records, all with the same TTL. A reply from the cache always claims
// authority, because old resolvers throw others away (CoreDNS: toMsg in plugin/cache/item.go).
func (r CachedReply) into(reply *dns.Msg, ttl uint32) {
	reply.Rcode, reply.Authoritative = r.Rcode, true
	copies := func(records []dns.RR) []dns.RR {
		var copied []dns.RR
		for _, record := range records {
			record = dns.Copy(record)
			record.Header().Ttl = ttl
			copied = append(copied, record)
		}
		return copied
	}
	reply.Answer, reply.Ns, reply.Extra = copies(r.Answer), copies(r.Authority), copies(r.Additional)
}

// maxCached is how many replies a MemoryStore holds, about as many as CoreDNS.
const maxCached = 10000

// MemoryStore is a CacheStore in memory that forgets the replies that were saved longest ago when there are too many.
// The zero value is empty. It is not safe for concurrent use.
type MemoryStore struct{ young, old map[string]CachedReply }

// Load implements [CacheStore].
func (s *MemoryStore) Load(key string) (CachedReply, bool) {
	if reply, found := s.young[key]; found {
		return reply, true
	}
	reply, found := s.old[key]
	return reply, found
}

// Save implements [CacheStore].
func (s *MemoryStore) Save(key string, reply CachedReply) {
	if s.young == nil || len(s.young) >= maxCached/2 {
		s.young, s.old = map[string]CachedReply{}, s.young
	}
	s.young[key] = reply
}
