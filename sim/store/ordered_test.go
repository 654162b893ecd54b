package store

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An ordered map says the same as a plain one, and older versions go on saying what they said.
func TestOrderedIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-c]{0,6}`)
		var m, kept ordered[int]
		plain, keptPlain := map[string]int{}, map[string]int{}
		for step := range rapid.IntRange(0, 400).Draw(t, "steps") {
			k := key.Draw(t, "key")
			switch rapid.SampledFrom([]string{"with", "with", "with", "without", "without", "keep"}).Draw(t, "what") {
			case "with":
				m, plain[k] = m.with(k, step), step
			case "without":
				m = m.without(k)
				delete(plain, k)
			case "keep":
				kept, keptPlain = m, map[string]int{}
				for k, v := range plain {
					keptPlain[k] = v
				}
			}
		}
		agree(t, m, plain, key.Draw(t, "looked for"))
		agree(t, kept, keptPlain, key.Draw(t, "looked for"))
	})
}

func agree(t *rapid.T, m ordered[int], plain map[string]int, prefix string) {
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
	if found := slices.Collect(m.all("")); !slices.Equal(found, all) {
		t.Fatalf("lists %v, want %v", found, all)
	}
	if found := slices.Collect(m.all(prefix)); !slices.Equal(found, some) {
		t.Fatalf("lists %v under %q, want %v", found, prefix, some)
	}
	for range m.all("") {
		break // leaving early must be possible
	}
	first, found := m.first()
	if found != (len(all) > 0) || found && first != all[0] {
		t.Fatalf("first is %v %v of %v", first, found, all)
	}
	value, found := m.get(prefix)
	if want, there := plain[prefix]; value != want || found != there {
		t.Fatalf("get %q: %v %v, want %v %v", prefix, value, found, want, there)
	}
}
