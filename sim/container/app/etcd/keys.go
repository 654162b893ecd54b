package etcd

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// operation is one thing that members agree on.
type operation struct {
	Kind   string     `json:"op"` // set (a new key), update (of one that is there), delete, publish
	Key    string     `json:"key,omitempty"`
	Value  string     `json:"value,omitempty"`
	Dir    bool       `json:"dir,omitempty"`
	Expire *time.Time `json:"expire,omitempty"`
	Member string     `json:"member,omitempty"` // of publish
	Client string     `json:"client,omitempty"`
}

// key is one node of the tree. Its fields are not changed once it is in a tree.
type key struct {
	name     string // whole path
	value    string
	dir      bool
	expire   *time.Time
	created  uint64
	modified uint64
}

// tree is all keys in the order of their names, and what members have said about themselves. It is immutable.
type tree struct {
	at      uint64 // entries of the log that it is made of
	keys    []key
	members []published
}

type published struct{ id, name, client string }

// apply is the tree after one more entry.
func (t tree) apply(index uint64, data string) tree {
	t.at = index
	var o operation
	if data == "" || json.Unmarshal([]byte(data), &o) != nil {
		return t
	}
	switch o.Kind {
	case "publish":
		list := slices.DeleteFunc(slices.Clone(t.members), func(p published) bool { return p.id == o.Member })
		t.members = append(list, published{o.Member, o.Value, o.Client})
	case "set", "update":
		for parent := parentOf(o.Key); parent != "/"; parent = parentOf(parent) {
			if _, found := t.find(parent); !found {
				t = t.put(key{name: parent, dir: true, created: index, modified: index})
			}
		}
		k := key{o.Key, o.Value, o.Dir, o.Expire, index, index}
		if old, found := t.find(o.Key); found && o.Kind == "update" {
			k.created = old.created
		}
		t = t.put(k)
	case "delete":
		t.keys = slices.DeleteFunc(slices.Clone(t.keys), func(k key) bool { return k.name == o.Key || strings.HasPrefix(k.name, o.Key+"/") })
	}
	return t
}

func parentOf(name string) string {
	at := strings.LastIndexByte(name, '/')
	if at <= 0 {
		return "/"
	}
	return name[:at]
}

func (t tree) place(name string) (int, bool) {
	return slices.BinarySearchFunc(t.keys, name, func(k key, name string) int { return strings.Compare(k.name, name) })
}

func (t tree) find(name string) (key, bool) {
	at, found := t.place(name)
	if !found {
		return key{}, false
	}
	return t.keys[at], true
}

func (t tree) put(k key) tree {
	at, found := t.place(k.name)
	t.keys = slices.Clone(t.keys)
	if found {
		t.keys[at] = k
	} else {
		t.keys = slices.Insert(t.keys, at, k)
	}
	return t
}

// gone says whether a key's time is over, or that of a directory it is in.
func (t tree) gone(name string, now time.Time) bool {
	for ; name != "/"; name = parentOf(name) {
		if k, found := t.find(name); found && k.expire != nil && !k.expire.After(now) {
			return true
		}
	}
	return false
}

// get finds a key that is there now.
func (t tree) get(name string, now time.Time) (key, bool) {
	if name == "/" {
		return key{name: "/", dir: true}, true
	}
	k, found := t.find(name)
	return k, found && !t.gone(name, now)
}

// children are the keys right below a directory.
func (t tree) children(name string, now time.Time) (list []key) {
	for _, k := range t.keys {
		if k.name != "/" && parentOf(k.name) == name && !t.gone(k.name, now) {
			list = append(list, k)
		}
	}
	return list
}

// node is a key as the API shows it.
type node struct {
	Key        string  `json:"key,omitempty"`
	Value      *string `json:"value,omitempty"`
	Dir        bool    `json:"dir,omitempty"`
	Expiration string  `json:"expiration,omitempty"`
	TTL        int64   `json:"ttl,omitempty"`
	Nodes      []node  `json:"nodes,omitempty"`
	Modified   uint64  `json:"modifiedIndex,omitempty"`
	Created    uint64  `json:"createdIndex,omitempty"`
}

func (t tree) show(k key, now time.Time, depth int) node {
	n := node{Key: k.name, Dir: k.dir, Modified: k.modified, Created: k.created}
	if k.name == "/" {
		n.Key = ""
	}
	if k.expire != nil {
		n.Expiration = k.expire.UTC().Format(time.RFC3339Nano)
		n.TTL = int64((k.expire.Sub(now) + time.Second - 1) / time.Second)
	}
	if !k.dir {
		n.Value = &k.value
		return n
	}
	if depth != 0 {
		for _, child := range t.children(k.name, now) {
			n.Nodes = append(n.Nodes, t.show(child, now, depth-1))
		}
	}
	return n
}
