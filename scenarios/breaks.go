package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
)

// A page may show how something breaks. Then it says so, and fails when that does not happen.

// BrokenPromise is a promise that did not hold while a page was played.
type BrokenPromise struct {
	sim.Broken
	Place string // page:line of what was done when it broke
}

// String says where and what, and what to do.
func (b BrokenPromise) String() string {
	return fmt.Sprintf("%s: %s\nhint: if the page is to show this, write below: <!-- breaks %s -->", b.Place, b.Broken, b.Sentence)
}

// breaks reads the sentence that breaks: a promise, or a check further up in the page.
func (p *parser) breaks(directive *Directive, sentence string) error {
	sentence = strings.Join(strings.Fields(sentence), " ")
	directive.Sentence = sentence
	var known []string
	for _, promise := range sim.Promises() {
		known = append(known, promise.Sentence)
	}
	for _, block := range p.page.Blocks {
		if check, is := block.(*Directive); is && check.Word == Check && check.Always {
			known = append(known, check.sentence())
		}
	}
	if slices.Contains(known, sentence) {
		return nil
	}
	return p.fail(directive.Line, "a promise, or what a check always above says, after breaks", quote(sentence),
		didYouMean(sentence, known, "copy the sentence from what a run with --check says"))
}

// sentence is what a check says, without the word always.
func (b *Directive) sentence() string {
	return strings.Join(strings.Fields(strings.TrimPrefix(b.Check, alwaysWord+" ")), " ")
}

func (w *watched) sentence() string { return w.directive.sentence() }

// saysBreaks says whether the page says of a sentence that it breaks.
func (p *Page) saysBreaks(sentence string) bool {
	return slices.ContainsFunc(p.Blocks, func(block Block) bool {
		directive, is := block.(*Directive)
		return is && directive.Word == Breaks && directive.Sentence == sentence
	})
}

// breaksPromise says whether the page says of a promise that it breaks: then the promises are checked.
func (p *Page) breaksPromise() bool {
	return slices.ContainsFunc(sim.Promises(), func(promise sim.Promise) bool { return p.saysBreaks(promise.Sentence) })
}

// promises tells those that were found broken since it was last asked.
func (r *runner) promises(line int) {
	var broken []sim.Broken
	r.session.door.Do(func(cluster *sim.Cluster) { broken = cluster.BrokenPromises() })
	for _, promise := range broken[r.asked:] {
		if !r.page.saysBreaks(promise.Sentence) {
			found := BrokenPromise{Broken: promise, Place: fmt.Sprintf("%s:%d", r.page.Name, line)}
			r.report.Broken = append(r.report.Broken, found)
			r.report.Breaches++
			r.printer.Verdict(false, r.clock(), found.String())
		}
	}
	r.asked = len(broken)
}

// breaks asks whether what the page says has broken.
func (r *runner) breaks(directive *Directive) {
	r.printer.Directive(directive, r.clock())
	found := false
	r.session.door.Do(func(cluster *sim.Cluster) {
		found = slices.ContainsFunc(cluster.BrokenPromises(), func(promise sim.Broken) bool { return promise.Sentence == directive.Sentence })
	})
	for _, check := range r.watch.checks {
		found = found || check.broken != "" && check.sentence() == directive.Sentence
	}
	if found {
		r.verdict(directive, r.clock(), "")
		return
	}
	r.report.BrokenChecks++
	r.verdict(directive, r.clock(), "it has not broken up to here\nhint: if it no longer breaks, take this line out")
}

// notPast gives an error for an instant that is over.
func notPast(instant, now time.Duration) error {
	if instant < now {
		return fmt.Errorf("expected at to name an instant that has not come yet, found %s, and it is %s\nhint: a command above has waited; think-time: 0s in the front matter lets none pass by itself",
			instant, now)
	}
	return nil
}

func (p *parser) disorder(value *yaml.Node, disorder *bool) error {
	var word string
	if err := p.choice(value, []string{"none", "usual"}, &word); err != nil {
		return err
	}
	*disorder = word == "usual"
	return nil
}

// maxOdd bounds the odd answers of a page.
const maxOdd = 10_000

func (p *parser) odd(value *yaml.Node, odd *[]kernel.Answer) error {
	const hint = "stsim explore writes them"
	if value.Kind != yaml.SequenceNode || len(value.Content) > maxOdd {
		return p.wrong(value, fmt.Sprintf("a list of at most %d answers of chance", maxOdd), hint)
	}
	for _, item := range value.Content {
		answer, err := kernel.ParseAnswer(item.Value)
		if err != nil || item.Kind != yaml.ScalarNode {
			return p.wrong(item, "an answer such as \"11th late kubelet default/web-0 = 3\"", hint)
		}
		*odd = append(*odd, answer)
	}
	return nil
}
