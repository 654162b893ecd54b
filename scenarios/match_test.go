package scenarios

import (
	"strings"
	"testing"
)

// number makes expected lines of text, the first with the number given.
func number(text string, first int) []Line {
	var lines []Line
	for i, line := range printed(text) {
		lines = append(lines, Line{Number: first + i, Text: line})
	}
	return lines
}

// printed cuts text into lines; an empty text has none.
func printed(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func TestMatch(t *testing.T) {
	all := Normalisers{Ages, IPs, UIDs, Hashes, Durations}
	tables := []struct {
		name             string
		expected, actual string
		normalisers      Normalisers
		ok               bool
	}{
		{"nothing", "", "", nil, true},
		{"nothing and a blank line", "", "\n", nil, true},
		{"nothing and something", "", "a", nil, false},
		{"something and nothing", "a", "", nil, false},
		{"the same", "a\nb", "a\nb", nil, true},
		{"spaces at the end", "a", "a  \t", nil, true},
		{"carriage return", "a", "a\r", nil, true},
		{"blank lines at the end", "a", "a\n\n", nil, true},
		{"blank lines at the start", "a", "\na", nil, false},
		{"one space more", "a  b", "a   b", nil, false},
		{"indentation", " a", "a", nil, false},

		{"any lines, none", "a\n...\nb", "a\nb", nil, true},
		{"any lines, two", "a\n...\nb", "a\nx\ny\nb", nil, true},
		{"any lines, wrong end", "a\n...\nb", "a\nx\nb\nc", nil, false},
		{"any lines alone", "...", "", nil, true},
		{"any lines twice", "...\nb\n...", "a\nb\nc", nil, true},
		{"any lines, first place too short", "...\na\nb", "a\na\nb", nil, true},
		{"any lines need both ends", "a\n...\na", "a", nil, false},
		{"any lines in order", "...\nb\n...\na\n...", "a\nb", nil, false},
		{"three dots inside a line", "a ...", "a b", nil, false},

		{"any text", "a [...] c", "a b c", nil, true},
		{"any text, none", "a[...]", "a", nil, true},
		{"any text, twice", "[...]b[...]d", "abcd", nil, true},
		{"any text, wrong", "a[...]c", "ab", nil, false},
		{"any text does not overlap", "ab[...]bc", "abc", nil, false},

		{"age", "a 5m", "a 39s", all, true},
		{"age not named", "a 5m", "a 39s", nil, false},
		{"ages", "5m 1m23s 7h 10d 2y30d (7h ago) (x3 over 2m)", "1s 1s 1s 1s 1s (9s ago) (x3 over 1h5m)", all, true},
		{"age unknown", "a <unknown>", "a 5s", all, true},
		{"no age without a unit", "a 5", "a 6", all, false},
		{"no age in a word", "cpu=100m", "cpu=200m", Normalisers{Ages}, false},
		{"address", "Address: 10.128.0.10:53", "Address: 10.0.0.10:53", all, true},
		{"address 6", "Address: fd00::1", "Address: ::1", all, true},
		{"no address", "1.2.3.4.5", "1.2.3.4.6", Normalisers{IPs}, false},
		{"no address, a time", "12:30:45", "12:30:46", Normalisers{IPs}, false},
		{"uid", "pvc-a107f13f-57ed-11e8-8c49-080027f6d038", "pvc-00000000-0000-0000-0000-000000000000", all, true},
		{"hash", "busybox-5f9469d8dc-cwjhf", "busybox-6d4cf56db6-x7k2p", all, true},
		{"hash of one part", "web-6596ffb49b", "web-5f9469d8dc", all, true},
		{"no hash", "nginx-ss-0", "nginx-ss-1", all, false},
		{"duration", "pulled in 1.53s (2m3.5s waiting)", "pulled in 350ms (4s waiting)", all, true},
		{"normalised beside any text", "a [...] 5m", "a b c 9s", all, true},
		{"any text instead of a part of an address", "ip 10.[...]", "ip 10.0.0.1", all, true},

		{"columns move", "NAME   AGE   NODE\nweb-0  5m    a\nweb-1  39s   b", "NAME   AGE     NODE\nweb-0  5m      a\nweb-1  1m23s   b", all, true},
		{"columns move, a row without an age", "NAME  IP        X\na     None      1\nb     10.0.0.1  2", "NAME  IP         X\na     None       1\nb     10.0.0.10  2", all, true},
		{"columns move only after a header", "a     None      1\nb     10.0.0.1  2", "a     None       1\nb     10.0.0.10  2", all, false},
		{"columns move only in this table", "A  B\nx   5m\n\ny   z", "A   B\nx  1s\n\ny  z", all, false},
		{"no columns move without a normaliser", "NAME   AGE\nweb-0  5m", "NAME    AGE\nweb-0   5m", nil, false},
		{"events", "  Type    Reason  Age  From  Message\n  ----    ------  ---- ----  -------\n  Normal  Pulled  5s   kubelet  ok",
			"  Type    Reason  Age    From  Message\n  ----    ------  ---- ----  -------\n  Normal  Pulled  1m23s   kubelet  ok", all, true},
	}
	for _, test := range tables {
		ok, diff := Match(number(test.expected, 1), printed(test.actual), test.normalisers)
		if ok != test.ok {
			t.Errorf("%s: match %v, wanted %v\n%v", test.name, ok, test.ok, diff)
		}
		if differs := len(diff.Lines) > 0; differs == ok {
			t.Errorf("%s: match %v and diff %v", test.name, ok, diff)
		}
	}
}

func TestPrefix(t *testing.T) {
	tables := []struct {
		expected, actual string
		lines            int
		progress         Progress
	}{
		{"", "", 0, Complete},
		{"a", "", 0, Incomplete},
		{"a", "a", 1, Complete},
		{"a", "a\nb", 1, Complete},
		{"a\nb", "a", 0, Incomplete},
		{"a\nb", "a\nc", 0, Different},
		{"a\n...", "a", 1, Complete},
		{"...\nb", "a", 0, Incomplete},
		{"...\nb", "a\nb\nc", 2, Complete},
		{"a\n...\nb\nc", "a\nb", 0, Incomplete},
		{"a\n...\nb\nc", "a\nb\nb", 0, Incomplete},
		{"a\n...\nb\nc", "a\nb\nb\nc", 4, Complete},
	}
	for _, test := range tables {
		lines, progress := Prefix(number(test.expected, 1), printed(test.actual), nil)
		if progress != test.progress || progress == Complete && lines != test.lines {
			t.Errorf("Prefix(%q, %q) = %d, %v", test.expected, test.actual, lines, progress)
		}
	}
}

func TestDiffText(t *testing.T) {
	step := &Step{Line: 8, EndLine: 8}
	tables := []struct{ expected, actual, text string }{
		{"a", "b", `
p.md:9: the output is not what the page says (- expected, + printed)
  p.md:9  - a
          + b
`},
		{"", "b\nc", `
p.md:8: the output is not what the page says (- expected, + printed)
          + b
          + c
`},
		{"1\n2\n3\n4\n5\n6\n...\n8", "1\n2\n3\n4\n5\nx\n7\n7\n8\n9", `
p.md:14: the output is not what the page says (- expected, + printed)
  ...
  p.md:11    3
  p.md:12    4
  p.md:13    5
  p.md:14  - 6
           + x
  p.md:15    ...
  p.md:16    8
           + 9
`},
		{"a\nb\nc", "c", `
p.md:9: the output is not what the page says (- expected, + printed)
  p.md:9   - a
  p.md:10  - b
  p.md:11    c
`},
	}
	for _, test := range tables {
		ok, diff := Match(number(test.expected, 9), printed(test.actual), nil)
		if text := "\n" + diff.Text("p.md", step); ok || text != test.text {
			t.Errorf("got%swanted%s", text, test.text)
		}
	}
}

// Outputs too long for the smallest difference still get one, and it is cut to a length that can be read.
func TestDiffLong(t *testing.T) {
	expected := number(strings.Repeat("same\n", 3000)+"end", 9)
	ok, diff := Match(expected, printed(strings.Repeat("same\n", 3000)+"another end\nand more"), nil)
	text := diff.Text("p.md", &Step{Line: 8, EndLine: 8})
	if ok || !strings.Contains(text, "p.md:3009  - end") || !strings.Contains(text, "+ another end") || strings.Count(text, "\n") > 10 {
		t.Error(text)
	}
	_, diff = Match(nil, printed(strings.Repeat("a\n", 1000)+"b"), nil)
	if text := diff.Text("p.md", &Step{Line: 8, EndLine: 8}); !strings.HasSuffix(text, "  and 801 lines more\n") {
		t.Error(text)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("NAME  AGE\na  5m\n...\n[...]b", "NAME   AGE\na   39s\nx\nb")
	f.Add("...\na\n...\nb", "a\nb\na\nb")
	f.Fuzz(func(t *testing.T, expected, actual string) {
		if len(expected)+len(actual) > 1000 {
			t.Skip()
		}
		normalisers := Normalisers{Hashes, Ages, IPs}
		want, got := prepare(number(expected, 1), printed(actual), normalisers)
		equal := true
		for _, pair := range align(want, got) {
			equal = equal && pair.same
		}
		ok, diff := Match(number(expected, 1), printed(actual), normalisers)
		if ok != equal {
			t.Fatalf("match %v, alignment %v\n%v", ok, equal, diff)
		}
		if _, progress := Prefix(number(expected, 1), printed(actual), normalisers); ok && progress != Complete {
			t.Fatal("a match is no prefix of itself")
		}
		diff.Text("p.md", &Step{EndLine: 1})
	})
}
