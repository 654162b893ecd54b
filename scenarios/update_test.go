package scenarios

import (
	"strings"
	"testing"
)

func TestUpdate(t *testing.T) {
	before := "---\nnormalise: [ages]\n---\nProse.\n\n" + block(
		"$ kubectl get pods", "NAME   AGE", "web-0  5m", "...", "web-2  5m", "[...] of web-3", "",
		"$ fails", "# exit 1", "$ watch", "a", "^C", "$ untouched", "old")
	tables := []struct {
		name    string
		outputs map[int][]string
		after   string // what stands between the fences; empty: as before
		change  string // error, if any
	}{
		{"nothing given", nil, "", ""},
		{"nothing new", map[int][]string{
			0: {"NAME   AGE", "web-0  1m23s", "web-1  1s", "web-2  7s", "all of web-3"}, 1: nil, 2: {"a"},
		}, "", ""},
		{"one line is new: the table is refreshed, the wildcards stay", map[int][]string{
			0: {"NAME   AGE     NODE", "web-0  1m23s   a", "web-1  1s      a", "web-2  7s      b", "all of web-3"},
		}, "$ kubectl get pods\nNAME   AGE     NODE\nweb-0  1m23s   a\n...\nweb-2  7s      b\n[...] of web-3\n\n$ fails\n# exit 1\n$ watch\na\n^C\n$ untouched\nold", ""},
		{"output where there was none, none where there was some", map[int][]string{
			1: {"sorry"}, 2: {"b", "c"}, 3: nil,
		}, "$ kubectl get pods\nNAME   AGE\nweb-0  5m\n...\nweb-2  5m\n[...] of web-3\n\n$ fails\nsorry\n# exit 1\n$ watch\nb\nc\n^C\n$ untouched", ""},
		{"what a page cannot hold", map[int][]string{
			3: {"> a", "$ b", "$", "```", " ````", "^C", "# exit 1", "# exit", "> b", "c\rd", "\xff"},
		}, "$ kubectl get pods\nNAME   AGE\nweb-0  5m\n...\nweb-2  5m\n[...] of web-3\n\n$ fails\n# exit 1\n$ watch\na\n^C\n$ untouched\n" +
			"[...] a\n[...] b\n[...]\n[...]\n [...]`\n[...]C\n[...] exit 1\n# exit\n> b\nc[...]d\n[...]", ""},
		{"more than a page can hold", map[int][]string{3: {strings.Repeat("a", MaxPageSize)}}, "",
			"the page cannot hold the new outputs: p.md:1: expected a page of at most 1048576 bytes, found 1048738 bytes\nhint: split the page in two"},
	}
	for _, test := range tables {
		page, err := Parse("p.md", []byte(before))
		if err != nil {
			t.Fatal(err)
		}
		after, err := page.Update(test.outputs)
		if err != nil || test.change != "" {
			if err == nil || err.Error() != test.change {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		want := before
		if test.after != "" {
			want = "---\nnormalise: [ages]\n---\nProse.\n\n" + block(test.after)
		}
		if string(after) != want {
			t.Errorf("%s: got\n%s\nwanted\n%s", test.name, after, want)
		}
	}
}

// A page keeps its line ends and the missing one at its end.
func TestUpdateLineEnds(t *testing.T) {
	page, err := Parse("p.md", []byte("\ufeffa\r\n\r\n```console\r\n$ a\r\nb\r\n\r\n$ c\r\n```\r\nend"))
	if err != nil {
		t.Fatal(err)
	}
	after, err := page.Update(map[int][]string{0: {"x", "y"}, 1: {"z"}})
	if want := "\ufeffa\r\n\r\n```console\r\n$ a\r\nx\r\ny\r\n\r\n$ c\r\nz\r\n```\r\nend"; err != nil || string(after) != want {
		t.Errorf("%v\n got %q\nwant %q", err, after, want)
	}
}
