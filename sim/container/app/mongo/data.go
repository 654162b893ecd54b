package mongo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stsim/stsim/sim/container/app/quorum"
)

// data is what the log leads to: collections and users. It is immutable.
type data struct {
	collections map[string][]*object // by database.collection; documents in order of insertion
	users       map[string]string    // passwords by database.user
	applied     uint64               // index in the log
	at          quorum.Position      // of that, to notice when it was taken back
}

// advance brings the data to the end of the log: a member shows what it has, agreed on or not. What was rolled back is found out here: then everything is done anew.
func (d data) advance(log quorum.Log) (next data, rolledBack bool) {
	if !log.Has(d.at) {
		next, _ = data{}.advance(log)
		return next, true
	}
	if d.applied == log.Len() {
		return d, false
	}
	d.collections, d.users = maps.Clone(d.collections), maps.Clone(d.users)
	if d.collections == nil {
		d.collections, d.users = map[string][]*object{}, map[string]string{}
	}
	for d.applied < log.Len() {
		d.applied++
		if change, ok := decode(log.Entry(d.applied).Data); ok {
			d.apply(change)
		}
	}
	d.at = log.Last()
	return d, false
}

func (d data) apply(c *object) {
	name := text(c.get("ns"))
	switch text(c.get("op")) {
	case "insert":
		list, _ := c.get("docs").([]value)
		documents := slices.Clone(d.collections[name])
		for _, item := range list {
			if document, ok := item.(*object); ok {
				documents = append(documents, document)
			}
		}
		d.collections[name] = documents
	case "update":
		if filter, ok := c.get("filter").(*object); ok {
			documents := slices.Clone(d.collections[name])
			for i, document := range documents {
				if fits, _ := matches(document, filter); fits {
					documents[i] = updated(document, c.get("update"))
					if !truth(c.get("multi")) {
						break
					}
				}
			}
			d.collections[name] = documents
		}
	case "remove":
		if filter, ok := c.get("filter").(*object); ok {
			one, done := truth(c.get("one")), false
			d.collections[name] = slices.DeleteFunc(slices.Clone(d.collections[name]), func(document *object) bool {
				fits, _ := matches(document, filter)
				fits = fits && !(one && done)
				done = done || fits
				return fits
			})
		}
	case "drop":
		delete(d.collections, name)
	case "user":
		d.users[name] = text(c.get("pwd"))
	}
}

// updated is a document after an update: with $set, $unset and $inc, or replaced.
func updated(document *object, update value) *object {
	change, ok := update.(*object)
	if !ok {
		return document
	}
	if len(change.keys) == 0 || !strings.HasPrefix(change.keys[0], "$") {
		replaced := doc("_id", document.get("_id"))
		for _, key := range change.keys {
			replaced.set(key, change.fields[key])
		}
		return replaced
	}
	next := document.clone()
	for _, operator := range change.keys {
		fields, _ := change.fields[operator].(*object)
		if fields == nil {
			continue
		}
		for _, key := range fields.keys {
			switch operator {
			case "$set":
				next.set(key, fields.fields[key])
			case "$inc":
				next.set(key, number(next.get(key))+number(fields.fields[key]))
			case "$unset":
				next.keys = slices.DeleteFunc(next.keys, func(known string) bool { return known == key })
				delete(next.fields, key)
			}
		}
	}
	return next
}

// databases are the names of the databases, sorted, and names those of the collections of one.
func (d data) databases() []string {
	all := []string{"local"}
	for name := range d.collections { // in any order: they are sorted below
		database, _, _ := strings.Cut(name, ".")
		all = append(all, database)
	}
	if len(d.users) > 0 {
		all = append(all, "admin")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (d data) names(database string) []string {
	var all []string
	for name := range d.collections { // in any order: they are sorted below
		if rest, mine := strings.CutPrefix(name, database+"."); mine {
			all = append(all, rest)
		}
	}
	if database == "admin" && len(d.users) > 0 {
		all = append(all, "system.users")
	}
	slices.Sort(all)
	return all
}

// configOf reads what rs.initiate and rs.reconfig are given.
func configOf(name string, given *object) (quorum.Config, error) {
	var c quorum.Config
	if set := text(given.get("_id")); set != name {
		return c, fmt.Errorf("Attempting to initiate a replica set with name %s, but command line reports %s; rejecting", set, name)
	}
	c.Version = max(1, int(number(given.get("version"))))
	list, _ := given.get("members").([]value)
	if len(list) == 0 {
		return c, fmt.Errorf("Replica set configuration must contain at least one member")
	}
	for _, item := range list {
		member, ok := item.(*object)
		if !ok || text(member.get("host")) == "" {
			return c, fmt.Errorf("missing required field \"host\" in a member of the replica set configuration")
		}
		host := text(member.get("host"))
		if !strings.Contains(host, ":") {
			host += ":27017"
		}
		identifier := int(number(member.get("_id")))
		peer := quorum.Peer{ID: host, Address: host, Voter: true, Priority: 1000}
		if priority, given := member.get("priority").(float64); given {
			peer.Priority = int(priority * 1000)
		}
		if peer.Priority > 0 {
			peer.Priority = max(1, peer.Priority-identifier)
		}
		if votes, given := member.get("votes").(float64); given && votes == 0 {
			peer.Voter = false
		}
		if truth(member.get("arbiterOnly")) {
			peer.Priority = 0
		}
		if _, twice := c.Peer(host); twice {
			return c, fmt.Errorf("Found two member configurations with same host field, members.%s", host)
		}
		c.Peers = append(c.Peers, peer)
	}
	kept := given.clone()
	kept.set("version", float64(c.Version))
	c.Data = encode(kept)
	return c, nil
}
