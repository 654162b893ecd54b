package network

import (
	"strconv"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/store"
)

// The tables of what the cluster's DNS remembers.
const (
	// Replies holds *Reply.
	Replies store.Table = "dns reply"
	// Generations holds one row, the newest *Generation; none as long as nothing was ever remembered.
	Generations store.Table = "dns generation"
)

// maxReplies is how many replies a generation holds. There are two: about as many together as CoreDNS remembers.
const maxReplies = 5000

// Reply is one reply that the cluster's DNS remembers.
type Reply struct {
	Generation uint64
	Question   string // as package dnsserver tells questions apart
	dnsserver.CachedReply
}

// RowKey implements [store.Row].
func (r *Reply) RowKey() string { return replyKey(r.Generation, r.Question) }

func replyKey(generation uint64, question string) string {
	return strconv.FormatUint(generation, 36) + " " + question
}

// Generation counts the replies that were remembered last. When there are too many the next generation begins, and of the ones before
// only the last is kept.
type Generation struct {
	Number  uint64
	Replies int
}

// RowKey implements [store.Row].
func (*Generation) RowKey() string { return "" }

// NameCache is what the cluster's DNS remembers, as rows: it is forked with the cluster, and is as it was when one goes back in time. It implements
// [dnsserver.CacheStore].
type NameCache struct{ Tx *store.Tx }

var _ dnsserver.CacheStore = NameCache{}

// Load implements [dnsserver.CacheStore].
func (c NameCache) Load(key string) (dnsserver.CachedReply, bool) {
	return RememberedReply(c.Tx.View, key)
}

// RememberedReply is what the cluster's DNS remembers under a key of package dnsserver.
func RememberedReply(view store.View, key string) (dnsserver.CachedReply, bool) {
	newest, found := store.GetRow[*Generation](view, Generations, "")
	if !found {
		return dnsserver.CachedReply{}, false
	}
	for _, number := range []uint64{newest.Number, newest.Number - 1} {
		if reply, found := store.GetRow[*Reply](view, Replies, replyKey(number, key)); found {
			return reply.CachedReply, true
		}
	}
	return dnsserver.CachedReply{}, false
}

// Save implements [dnsserver.CacheStore].
func (c NameCache) Save(key string, reply dnsserver.CachedReply) {
	newest := Generation{Number: 1}
	if row, found := store.GetRow[*Generation](c.Tx.View, Generations, ""); found {
		newest = *row
	}
	if _, found := store.GetRow[*Reply](c.Tx.View, Replies, replyKey(newest.Number, key)); !found {
		if newest.Replies == maxReplies {
			newest = Generation{Number: newest.Number + 1}
			c.forget(newest.Number - 2)
		}
		newest.Replies++
		c.Tx.PutRow(Generations, &newest)
	}
	c.Tx.PutRow(Replies, &Reply{newest.Number, key, reply})
}

// forget deletes the replies of a generation.
func (c NameCache) forget(generation uint64) {
	var gone []string
	for row := range store.Rows[*Reply](c.Tx.View, Replies, replyKey(generation, "")) {
		gone = append(gone, row.RowKey())
	}
	for _, key := range gone {
		c.Tx.DeleteRow(Replies, key)
	}
}
