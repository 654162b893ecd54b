package dnsserver

import (
	"net/netip"

	"github.com/miekg/dns"
)

// collector gathers the entries of a find. For A and AAAA it keeps each address of that family once, and no more
// than the reply has room for; any other type gets every entry.
type collector struct {
	find
	qtype uint16
	room  int
	seen  *set[netip.Addr]
}

// collect begins a find whose entries are appended to the buffer.
func (q *query) collect(buffer []entry) *collector {
	c := &collector{find: find{entries: buffer}, qtype: q.qtype, room: q.room}
	if c.wantsAddresses() {
		c.seen = newSet[netip.Addr](0)
	}
	return c
}

func (c *collector) wantsAddresses() bool { return c.qtype == dns.TypeA || c.qtype == dns.TypeAAAA }

// add takes note of an entry: with it the name exists, also if the entry is not of the family asked for.
func (c *collector) add(e entry) {
	c.exists = true
	if c.wantsAddresses() && (!e.address.IsValid() || e.address.Is4() != (c.qtype == dns.TypeA) || !c.seen.add(e.address)) {
		return
	}
	c.entries = append(c.entries, e)
}

// full tells that further entries would not change the reply.
func (c *collector) full() bool {
	return c.room > 0 && c.wantsAddresses() && len(c.entries) >= c.room
}

// needsNoneOf tells that no endpoint of a group can have an address of the family asked for.
func (c *collector) needsNoneOf(group EndpointGroup) bool {
	return c.qtype == dns.TypeA && group.Lacks4 || c.qtype == dns.TypeAAAA && group.Lacks6
}
