package ordered_test

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/stsim/stsim/storage/ordered"
)

// An ordered map says the same as a plain one, and versions that were kept go on saying what they said.
func TestOrderedIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-c]{0,6}`)
		var m, kept ordered.Map[int]
		plain, keptPlain := map[string]int{}, map[string]int{}
		owner := new(ordered.Owner)
		for step := range rapid.IntRange(0, 400).Draw(t, "steps") {
			k := key.Draw(t, "key")
			switch rapid.SampledFrom([]string{"with", "with", "put", "put", "put", "without", "remove", "remove", "keep"}).Draw(t, "what") {
			case "with":
				m, plain[k] = m.With(k, step), step
			case "without":
				m = m.Without(k)
				delete(plain, k)
			case "put":
				m.Put(owner, k, step)
				plain[k] = step
			case "remove":
				_, there := plain[k]
				if found := m.Remove(owner, k); found != there {
					t.Fatalf("removed %q: %v, want %v", k, found, there)
				}
				delete(plain, k)
			case "keep":
				kept, keptPlain = m, maps.Clone(plain)
				owner = new(ordered.Owner)
			}
		}
		agree(t, m, plain, key.Draw(t, "looked for"))
		agree(t, kept, keptPlain, key.Draw(t, "looked for"))
	})
}

func agree(t *rapid.T, m ordered.Map[int], plain map[string]int, prefix string) {
	var keys []string
	for k := range plain {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var all, some []int
	for _, k := range keys {
		all = append(all, plain[k])
		if len(k) >= len(prefix) && k[:len(prefix)] == prefix {
			some = append(some, plain[k])
		}
	}
	if found := values(m.All("")); !slices.Equal(found, all) {
		t.Fatalf("lists %v, want %v", found, all)
	}
	if found := values(m.All(prefix)); !slices.Equal(found, some) {
		t.Fatalf("lists %v under %q, want %v", found, prefix, some)
	}
	if found := m.Count(prefix); found != len(some) {
		t.Fatalf("counts %d under %q, want %d", found, prefix, len(some))
	}
	if found := m.Count(""); found != len(all) {
		t.Fatalf("counts %d, want %d", found, len(all))
	}
	for range m.All("") {
		break // leaving early must be possible
	}
	first, found := m.First()
	if found != (len(all) > 0) || found && first != all[0] {
		t.Fatalf("first is %v %v of %v", first, found, all)
	}
	value, found := m.Get(prefix)
	if want, there := plain[prefix]; value != want || found != there {
		t.Fatalf("get %q: %v %v, want %v %v", prefix, value, found, want, there)
	}
}

func values(all iter.Seq2[string, int]) []int {
	var list []int
	for _, value := range all {
		list = append(list, value)
	}
	return list
}

// BenchmarkWith replaces one value.
func BenchmarkWith(b *testing.B) {
	for _, size := range []int{10, 1000, 100000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var m ordered.Map[int]
			for i := range size {
				m = m.With(fmt.Sprintf("default/web-%d", i), i)
			}
			b.Run("copy", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_ = m.With("default/web-7", 0)
				}
			})
			b.Run("in place", func(b *testing.B) {
				owner, m := new(ordered.Owner), m
				b.ReportAllocs()
				for b.Loop() {
					m.Put(owner, "default/web-7", 0)
				}
			})
		})
	}
}
