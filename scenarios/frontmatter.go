package scenarios

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// field reads one key of a YAML mapping.
type field struct {
	key  string
	read func(value *yaml.Node) error
}

// frontMatter reads the lines between two lines of three dashes at the top, and gives the number of the line after them: 1 if
// the page has no front matter.
func (p *parser) frontMatter() (body int, err error) {
	p.page.FrontMatter.ThinkTime = DefaultThinkTime
	if len(p.lines) == 0 || !isDashes(p.lines[0]) {
		return 1, nil
	}
	end := 1
	for end < len(p.lines) && !isDashes(p.lines[end]) {
		end++
	}
	if end == len(p.lines) {
		return 0, p.fail(1, "a line of three dashes that ends the front matter", "the end of the page", "write --- below the last key")
	}
	var document, more yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(strings.Join(p.lines[1:end], "\n") + "\n"))
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return end + 2, nil
	} else if err != nil {
		return 0, p.malformedYAML(err)
	}
	if err := decoder.Decode(&more); !errors.Is(err, io.EOF) {
		return 0, p.fail(2, "one YAML document", "another one after it", "remove the line of three dots")
	}
	return end + 2, p.mapping(document.Content[0], "front matter", p.pageFields())
}

func isDashes(line string) bool { return strings.TrimRight(line, " \t") == "---" }

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// malformedYAML turns the YAML library's message into an Error with the page's line number.
func (p *parser) malformedYAML(err error) *Error {
	message, line := err.Error(), 2
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		if number, err := strconv.Atoi(match[1]); err == nil {
			line = number + 1
		}
		message = message[len(match[0]):]
	}
	return p.fail(line, "front matter in YAML", "other text ("+strings.TrimPrefix(message, "yaml: ")+")", "write one \"key: value\" per line")
}

func (p *parser) pageFields() []field {
	f := &p.page.FrontMatter
	return []field{
		{"title", func(value *yaml.Node) error { return p.word(value, "a title", &f.Title) }},
		{"level", func(value *yaml.Node) error { return p.level(value, &f.Level) }},
		{"teaches", func(value *yaml.Node) error { return p.words(value, "a list of what the page teaches", &f.Teaches) }},
		{"kubernetes", func(value *yaml.Node) error { return p.kubernetes(value, &f.Kubernetes) }},
		{"nodes", func(value *yaml.Node) error { return p.nodes(value, &f.Nodes) }},
		{"service-cidr", func(value *yaml.Node) error { return p.cidr(value, &f.ServiceCIDR) }},
		{"pod-cidr", func(value *yaml.Node) error { return p.cidr(value, &f.PodCIDR) }},
		{"storage-classes", func(value *yaml.Node) error { return p.storageClasses(value, &f.StorageClasses) }},
		{"dns-cache", func(value *yaml.Node) error { return p.dnsCache(value, &f.DNSCache) }},
		{"seed", func(value *yaml.Node) error { return p.seed(value, &f.Seed) }},
		{"think-time", func(value *yaml.Node) error { return p.thinkTime(value, &f.ThinkTime) }},
		{"normalise", func(value *yaml.Node) error { return p.normalise(value, &f.Normalise) }},
		{"check", func(value *yaml.Node) error { return p.truth(value, &f.Check) }},
		{"loops", func(value *yaml.Node) error { return p.loops(value, &f.Loops) }},
		{"disorder", func(value *yaml.Node) error { return p.disorder(value, &f.Disorder) }},
		{"odd", func(value *yaml.Node) error { return p.odd(value, &f.Odd) }},
		{"start", func(value *yaml.Node) error { return p.start(value, &f.Start) }},
	}
}

func (p *parser) level(value *yaml.Node, level *Level) error {
	var words []string
	for _, known := range Levels() {
		words = append(words, string(known))
	}
	var word string
	err := p.choice(value, words, &word)
	*level = Level(word)
	return err
}

var minorVersion = regexp.MustCompile(`^1\.[0-9]{1,3}$`)

func (p *parser) kubernetes(value *yaml.Node, version *string) error {
	if err := p.word(value, "a Kubernetes version such as 1.36", version); err != nil {
		return err
	}
	if !minorVersion.MatchString(*version) {
		return p.wrong(value, "a Kubernetes version such as 1.36", "leave out the v and the patch number")
	}
	return nil
}

func (p *parser) nodes(value *yaml.Node, nodes *[]Node) error {
	const expected = "a number of nodes from 1 to 1000, or a list of {name, address}"
	if value.Kind == yaml.ScalarNode {
		count, err := strconv.Atoi(value.Value)
		if err != nil || count < 1 || count > MaxNodes {
			return p.wrong(value, expected, "write for example nodes: 3")
		}
		for i := range count {
			*nodes = append(*nodes, Node{Name: fmt.Sprintf("node-%d", i+1)})
		}
		return nil
	}
	if value.Kind != yaml.SequenceNode || len(value.Content) < 1 || len(value.Content) > MaxNodes {
		return p.wrong(value, expected, "write for example nodes: 3")
	}
	names := map[string]bool{}
	for _, item := range value.Content {
		var node Node
		err := p.mapping(item, "node", []field{
			{"name", func(value *yaml.Node) error { return p.objectName(value, "a node name", &node.Name) }},
			{"address", func(value *yaml.Node) error { return p.address(value, &node.Address) }},
		})
		if err != nil {
			return err
		}
		if err := p.ownName(item, node.Name, "node", names); err != nil {
			return err
		}
		*nodes = append(*nodes, node)
	}
	return nil
}

func (p *parser) storageClasses(value *yaml.Node, classes *[]StorageClass) error {
	if value.Kind != yaml.SequenceNode {
		return p.wrong(value, "a list of storage classes", "write for example storage-classes: [{name: standard, default: true}]")
	}
	*classes = []StorageClass{}
	names := map[string]bool{}
	for _, item := range value.Content {
		var class StorageClass
		err := p.mapping(item, "storage class", []field{
			{"name", func(value *yaml.Node) error { return p.objectName(value, "a class name", &class.Name) }},
			{"provisioner", func(value *yaml.Node) error { return p.word(value, "a provisioner", &class.Provisioner) }},
			{"reclaim", func(value *yaml.Node) error { return p.choice(value, []string{"Delete", "Retain"}, &class.Reclaim) }},
			{"binding", func(value *yaml.Node) error {
				return p.choice(value, []string{"Immediate", "WaitForFirstConsumer"}, &class.Binding)
			}},
			{"default", func(value *yaml.Node) error { return p.truth(value, &class.Default) }},
		})
		if err != nil {
			return err
		}
		if err := p.ownName(item, class.Name, "storage class", names); err != nil {
			return err
		}
		*classes = append(*classes, class)
	}
	return nil
}

// ownName refuses a row without a name, or with the name of an earlier row.
func (p *parser) ownName(row *yaml.Node, name, what string, taken map[string]bool) error {
	if name == "" {
		return p.fail(row.Line+1, "a name for the "+what, "none", "add name: ...")
	}
	if taken[name] {
		return p.fail(row.Line+1, "a "+what+" name of its own", quote(name)+" again", "give every "+what+" another name")
	}
	taken[name] = true
	return nil
}

func (p *parser) cidr(value *yaml.Node, prefix *netip.Prefix) error {
	parsed, err := netip.ParsePrefix(value.Value)
	if err != nil || value.Kind != yaml.ScalarNode {
		return p.wrong(value, "a range of addresses", "write for example 10.96.0.0/16")
	}
	if parsed != parsed.Masked() {
		return p.wrong(value, "a range of addresses without host bits", "write "+parsed.Masked().String())
	}
	*prefix = parsed
	return nil
}

func (p *parser) address(value *yaml.Node, address *netip.Addr) error {
	parsed, err := netip.ParseAddr(value.Value)
	if err != nil || value.Kind != yaml.ScalarNode || parsed.Zone() != "" {
		return p.wrong(value, "an IP address", "write for example 192.168.1.10")
	}
	*address = parsed
	return nil
}

func (p *parser) dnsCache(value *yaml.Node, duration *time.Duration) error {
	parsed, err := api.ParseDuration(value.Value)
	if err != nil || value.Kind != yaml.ScalarNode || parsed < 0 || parsed > dnsserver.MaxCacheTTL || parsed%time.Second != 0 {
		return p.wrong(value, "whole seconds from 0s to 1h", "write for example dns-cache: 30s")
	}
	*duration = parsed
	return nil
}

func (p *parser) seed(value *yaml.Node, seed *uint64) error {
	parsed, err := strconv.ParseUint(value.Value, 10, 64)
	if err != nil || value.Kind != yaml.ScalarNode {
		return p.wrong(value, "a whole number, 0 or above", "write for example seed: 7")
	}
	*seed = parsed
	return nil
}

func (p *parser) thinkTime(value *yaml.Node, duration *time.Duration) error {
	parsed, err := api.ParseDuration(value.Value)
	if err != nil || value.Kind != yaml.ScalarNode || parsed < 0 || parsed > MaxThinkTime {
		return p.wrong(value, "a duration from 0s to 24h", "write for example think-time: 5s")
	}
	*duration = parsed
	return nil
}

func (p *parser) start(value *yaml.Node, start *time.Time) error {
	parsed, err := time.Parse(time.RFC3339, value.Value)
	if err != nil || value.Kind != yaml.ScalarNode {
		return p.wrong(value, "a time in RFC 3339", "write for example 2026-01-02T15:04:05Z")
	}
	*start = parsed
	return nil
}

// loops are names of optional control loops.
func (p *parser) loops(value *yaml.Node, loops *[]string) error {
	known := sim.OptionalLoops()
	if value.Kind != yaml.SequenceNode {
		return p.wrong(value, "a list of "+strings.Join(known, ", "), "write for example loops: ["+known[0]+"]")
	}
	for _, item := range value.Content {
		var word string
		if err := p.choice(item, known, &word); err != nil {
			return err
		}
		*loops = append(*loops, word)
	}
	return nil
}

func (p *parser) normalise(value *yaml.Node, normalisers *Normalisers) error {
	if value.Kind != yaml.SequenceNode {
		return p.wrong(value, "a list of "+strings.Join(normaliserWords, ", "), "write for example normalise: [ages, ips]")
	}
	for _, item := range value.Content {
		var word string
		if err := p.choice(item, normaliserWords, &word); err != nil {
			return err
		}
		*normalisers = append(*normalisers, Normaliser(word))
	}
	return nil
}
