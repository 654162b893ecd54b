package scenarios

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stsim/stsim/sim"
)

const smallPage = `---
title: A small page
teaches:
  - how a page looks
  - 'that "..." stands for lines'
kubernetes: 1.30
nodes: [{name: left, address: 10.0.0.1}, {name: right}]
service-cidr: 10.96.0.0/16
pod-cidr: 10.244.0.0/16
storage-classes:
  - {name: standard, provisioner: example.com/disk, reclaim: Retain, binding: WaitForFirstConsumer, default: true}
seed: 7
think-time: 1m2s
normalise: [ages, ips]
start: 2026-01-02T15:04:05Z
---

# Heading

Some *prose*.

` + "```yaml file=web.yaml" + `
kind: Pod

` + "```" + `

<!-- advance 5m -->
<!-- note: nothing
     happens -->

` + "```console" + `
$ for i in 0 1; do \
>   echo $i; \
> done
0
1

$ kubectl get pods -w
NAME    READY
...
^C

$ false
# exit 1
` + "```" + `
After.

- a list

  ` + "```" + `
  $ quoted
  ` + "```" + `

<!-- check always quorum: count(ready(web)) >= 2 -->
<!-- node-down left -->
<!-- node-up left -->
`

func TestParse(t *testing.T) {
	page, err := Parse("page.md", []byte(smallPage))
	if err != nil {
		t.Fatal(err)
	}
	want := &Page{
		Name: "page.md",
		FrontMatter: FrontMatter{
			Title:          "A small page",
			Teaches:        []string{"how a page looks", `that "..." stands for lines`},
			Kubernetes:     "1.30",
			Nodes:          []Node{{Name: "left", Address: netip.MustParseAddr("10.0.0.1")}, {Name: "right"}},
			ServiceCIDR:    netip.MustParsePrefix("10.96.0.0/16"),
			PodCIDR:        netip.MustParsePrefix("10.244.0.0/16"),
			StorageClasses: []StorageClass{{Name: "standard", Provisioner: "example.com/disk", Reclaim: "Retain", Binding: "WaitForFirstConsumer", Default: true}},
			Seed:           7,
			ThinkTime:      62 * time.Second,
			Normalise:      Normalisers{Ages, IPs},
			Start:          time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC),
		},
		Blocks: []Block{
			&Prose{Line: 18, Text: "# Heading\n\nSome *prose*."},
			&File{Line: 22, Name: "web.yaml", Language: "yaml", Content: "kind: Pod\n\n"},
			&Directive{Line: 27, Word: Advance, Duration: 5 * time.Minute},
			&Console{Line: 31, Steps: []*Step{
				{Index: 0, Line: 32, EndLine: 34, Command: "for i in 0 1; do \\\n  echo $i; \\\ndone", Expected: []Line{{35, "0"}, {36, "1"}}},
				{Index: 1, Line: 38, EndLine: 38, Command: "kubectl get pods -w", Expected: []Line{{39, "NAME    READY"}, {40, "..."}}, Interrupt: true},
				{Index: 2, Line: 43, EndLine: 43, Command: "false", Exit: 1, ExitLine: 44},
			}},
			&Prose{Line: 46, Text: "After.\n\n- a list\n\n  ```\n  $ quoted\n  ```"},
			&Directive{Line: 54, Word: Check, Check: "always quorum: count(ready(web)) >= 2", Always: true},
			&Directive{Line: 55, Word: Befall, Fault: sim.Fault{Verb: sim.NodeDown, Node: "left"}},
			&Directive{Line: 56, Word: Befall, Fault: sim.Fault{Verb: sim.NodeUp, Node: "left"}},
		},
	}
	if diff := cmp.Diff(want, page, cmpopts.IgnoreUnexported(Page{}, Directive{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

func TestParseDefaults(t *testing.T) {
	page, err := Parse("page.md", []byte("nodes\n"))
	if err != nil {
		t.Fatal(err)
	}
	if page.FrontMatter.ThinkTime != DefaultThinkTime || page.FrontMatter.StorageClasses != nil || page.FrontMatter.Nodes != nil {
		t.Errorf("a page without front matter: %+v", page.FrontMatter)
	}
	page, err = Parse("page.md", []byte("---\nnodes: 2\nstorage-classes: []\nthink-time: 0s\ndns-cache: 30s\n---\n"))
	if err != nil {
		t.Fatal(err)
	}
	f := page.FrontMatter
	if f.ThinkTime != 0 || f.StorageClasses == nil || len(f.Nodes) != 2 || f.Nodes[1].Name != "node-2" || f.DNSCache != 30*time.Second {
		t.Errorf("a page that says little: %+v", f)
	}
}

// What stands in a page with Windows line ends, a byte order mark, or a longer fence.
func TestParseForms(t *testing.T) {
	tables := []struct{ name, page, command, expected string }{
		{"carriage returns", "\ufeff---\r\nseed: 1\r\n---\r\n```console\r\n$ a\r\nb\r\n```\r\n", "a", "b"},
		{"tildes", "~~~console\n$ a\n```\n~~~\n", "a", "```"},
		{"longer fence", "````console\n$ a\n```\n````\n", "a", "```"},
		{"here-document", "```console\n$ cat <<EOF\n> one\n>\n> two\n> EOF\none\n```\n", "cat <<EOF\none\n\ntwo\nEOF", "one"},
		{"blank lines inside", "```console\n\n$ a\n\n\nb\n\n\n```", "a", "||b"},
		{"typed at a root prompt", "```console\n$ a\n# exit\n```", "a", "# exit"},
		{"a mark after spaces is output", "```console\n$ a\n  $ b\n ^C\n```", "a", "  $ b| ^C"},
		{"escaped backslash ends", "```console\n$ a \\\\\nb\n```", `a \\`, "b"},
	}
	for _, test := range tables {
		page, err := Parse("page.md", []byte(test.page))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		step := page.Steps()[0]
		var lines []string
		for _, line := range step.Expected {
			lines = append(lines, line.Text)
		}
		if step.Command != test.command || strings.Join(lines, "|") != test.expected {
			t.Errorf("%s: command %q, expected %q", test.name, step.Command, lines)
		}
	}
}

func TestTyped(t *testing.T) {
	tables := []struct {
		partial, expected, text string
		ok                      bool
	}{
		{"/ # ", "/ # nslookup web", "nslookup web", true},
		{"/ # ", "/ #", "", true},
		{"/ # ", "/ # exit", "exit", true},
		{"mysql> ", "Server: 10.0.0.10", "", false},
		{"/ # ", "/ # echo [...]", "", false},
		{"", "yes", "yes", true},
		{"", "...", "", false},
		{"", "", "", true},
	}
	for _, test := range tables {
		if text, ok := Typed(test.partial, test.expected); text != test.text || ok != test.ok {
			t.Errorf("Typed(%q, %q) = %q, %v", test.partial, test.expected, text, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(smallPage))
	for _, test := range parseErrors {
		if len(test.page) > 1000 {
			continue // the bounds have their tests; here such a page would only be slow to mutate
		}
		f.Add([]byte(test.page))
	}
	for _, name := range builtinNames() {
		data, err := tutorials.ReadFile("tutorials/" + name + "/page.md")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		page, err := Parse("page.md", data)
		if err != nil {
			failure, ok := err.(*Error)
			if !ok || failure.Line < 1 || failure.Expected == "" || failure.Found == "" {
				t.Fatalf("not a helpful error: %v", err)
			}
			return
		}
		lines := splitLines(data)
		last := 0
		for i, step := range page.Steps() {
			if step.Index != i || step.Line <= last || step.EndLine+len(step.Expected) > len(lines) {
				t.Fatalf("step %d at line %d after line %d", step.Index, step.Line, last)
			}
			last = step.EndLine + len(step.Expected)
			for _, line := range step.Expected {
				if strings.TrimRight(lines[line.Number-1], " \t") != line.Text {
					t.Fatalf("line %d is %q, not %q", line.Number, lines[line.Number-1], line.Text)
				}
			}
		}
		printWhole(page, PrinterOptions{})
		outputs := map[int][]string{}
		for _, step := range page.Steps() {
			outputs[step.Index] = []string{"$ new", "...", "```", "^C"}
		}
		if _, err := page.Update(outputs); err != nil {
			t.Fatal(err)
		}
	})
}
