package explore

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim"
)

// Page is a scenario page (see package scenarios) in which the finding happens again, told to the end of the sentence that breaks. What its commands
// print is left open: play it once and write the outputs into it.
//
// Errors: a page cannot say this. The cluster has options that pages do not know, or it is no sentence about objects.
func (w *World) Page(f Finding) ([]byte, error) {
	if err := w.tellable(); err != nil {
		return nil, err
	}
	tale := w.Tell(f.History)
	p := &pageWriter{w: w, f: f, tale: tale}
	how, err := p.sentence()
	if err != nil {
		return nil, err
	}
	p.front()
	p.text("# Broken: " + f.Sentence)
	p.text(fmt.Sprintf("Found by `stsim explore` in the history of seed %d, and made shorter: %s. It found: %s.", f.History.Seed, p.shortened(), f.Found))
	p.block("text", tale.Timeline())
	p.text("All that happened, with the time since the cluster began:")
	p.block("text", tale.Story())
	p.text("The same with kubectl. The commands come at the very instants; `odd` above says where chance went otherwise than on a quiet day.")
	p.block("yaml file=world.yaml", string(w.Manifests))
	p.command("kubectl apply -f world.yaml")
	p.actions(how)
	if f.At > f.History.End {
		p.heal()
	}
	how.end(p)
	return []byte(p.out.String()), nil
}

// tellable gives an error for options that a page has no words for.
func (w *World) tellable() error {
	o := w.Options
	switch {
	case o.NodeSpecs != nil, o.Capacity != nil, o.Zone != "", o.StorageClasses != nil, o.Timings != nil, o.Loops != nil, o.Without != nil, o.DNS.Cache != 0,
		o.ServiceCIDR != "", o.PodCIDR != "":
		return fmt.Errorf("a page for this cluster would lack some of its options; a page knows Seed, Kubernetes, Nodes and Start")
	}
	return nil
}

// shown is how a page shows that a sentence breaks.
type shown struct {
	watched string        // a check that always holds from an instant on, until it breaks; "" when the sentence is a promise
	from    time.Duration // that instant
	end     func(p *pageWriter)
}

func (p *pageWriter) sentence() (shown, error) {
	f := p.f
	breaks := func(sentence string) func(*pageWriter) {
		return func(p *pageWriter) {
			p.at(f.At)
			p.text("Now it is broken. (Take the next line out, and the page fails as long as it breaks.)")
			p.comment("breaks " + sentence)
		}
	}
	watched := func(check string) (shown, error) {
		return shown{watched: check, from: p.tale.armed(check), end: breaks(check)}, nil
	}
	for _, own := range p.w.Properties {
		if own.String() == f.Sentence {
			return watched(f.Sentence)
		}
	}
	for _, promise := range sim.Promises() {
		if promise.Sentence == f.Sentence {
			return shown{end: breaks(f.Sentence)}, nil
		}
	}
	namespace, name, _ := strings.Cut(f.About, "/")
	in := pick(namespace == metav1.NamespaceDefault, "", " in "+namespace)
	switch f.Sentence {
	case majorityKept:
		return watched(fmt.Sprintf("majority: count(ready(sts/%s)) > %d%s", name, p.w.replicas[f.About]/2, in))
	case volumeKept:
		return watched(fmt.Sprintf("claim kept: exists(pvc/%s)%s", name, in))
	case comesUp(p.w.Bound):
		lagging := fmt.Sprintf("count(ready(sts/%s))", name)
		switch {
		case strings.HasSuffix(f.Found, "at its update revision"):
			lagging = fmt.Sprintf("statefulset(%q).status.updatedReplicas", name)
		case !strings.HasSuffix(f.Found, "Pods Ready"):
			return shown{}, fmt.Errorf("there is no page that shows %q", f.Found)
		}
		return shown{end: func(p *pageWriter) {
			p.at(f.At)
			p.text("It should long have come up, and has not:")
			p.comment(fmt.Sprintf("check %s < statefulset(%q).spec.replicas%s", lagging, name, in))
		}}, nil
	}
	return shown{}, fmt.Errorf("there is no page for the sentence %q", f.Sentence)
}

// pageWriter writes Markdown.
type pageWriter struct {
	w    *World
	f    Finding
	tale *Tale
	out  strings.Builder
	now  time.Duration
	open bool // a transcript is
}

func (p *pageWriter) front() {
	o := p.w.Options
	p.out.WriteString("---\n")
	fmt.Fprintf(&p.out, "title: %q\n", "Broken: "+p.f.Sentence)
	if o.Kubernetes != "" {
		fmt.Fprintf(&p.out, "kubernetes: %q\n", o.Kubernetes)
	}
	if o.Nodes != 0 {
		fmt.Fprintf(&p.out, "nodes: %d\n", o.Nodes)
	}
	if len(o.With) > 0 {
		fmt.Fprintf(&p.out, "loops: [%s]\n", strings.Join(o.With, ", "))
	}
	if !o.Start.IsZero() {
		fmt.Fprintf(&p.out, "start: %s\n", o.Start.UTC().Format(time.RFC3339Nano))
	}
	fmt.Fprintf(&p.out, "seed: %d\nthink-time: 0s\ncheck: true\ndisorder: usual\n", o.Seed)
	if len(p.f.History.Odd) > 0 {
		p.out.WriteString("odd:\n")
		for _, answer := range p.f.History.Odd {
			fmt.Fprintf(&p.out, "# %s\n- %q\n", p.w.oddly(answer, nil), answer.String())
		}
	}
	p.out.WriteString("---\n")
}

func (p *pageWriter) shortened() string {
	h := p.f.History
	return fmt.Sprintf("%s and %s are left of %s and %s", counted(len(h.Actions), "action"), counted(len(h.Odd), "odd answer"), counted(p.f.From.Actions, "action"), counted(p.f.From.Odd, "odd answer"))
}

func (p *pageWriter) actions(how shown) {
	watching := how.watched == ""
	watch := func(before time.Duration) {
		if !watching && how.from <= before {
			watching = true
			p.at(how.from)
			p.comment("check always " + how.watched)
		}
	}
	for i, action := range p.f.History.Actions {
		watch(action.At)
		p.at(action.At)
		verb := verbNamed(action.Verb)
		switch {
		case verb.shell == nil:
			p.comment(action.Operation.String())
		case action.Verb == "drain":
			p.drain(action, p.tale.evictions[i])
		default:
			if action.Verb == "apply" {
				p.manifest(action.Operation)
			}
			p.command(verb.shell(p.w, action.Operation))
		}
	}
	watch(p.f.At)
}

// drain says what `kubectl drain` does first: it goes on until all Pods are gone, and evicts them at once.
func (p *pageWriter) drain(action Action, evicted []string) {
	p.text("What `kubectl drain " + action.Name + "` does first, one request after the other:")
	p.command("kubectl cordon " + action.Name)
	for _, pod := range evicted {
		namespace, name, _ := strings.Cut(pod, "/")
		p.command(fmt.Sprintf(`echo '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"%s","name":"%s"}}' |`+"\n> "+
			`  kubectl create --raw /api/v1/namespaces/%s/pods/%s/eviction -f -`, namespace, name, namespace, name))
	}
}

// manifest is the file of one set.
func (p *pageWriter) manifest(o Operation) {
	name := "yaml file=" + fileOf(o)
	if strings.Contains(p.out.String(), name) {
		return
	}
	content, err := yaml.Marshal(p.w.manifestOf(o))
	must(err)
	p.block(name, string(content))
}

// heal ends all trouble.
func (p *pageWriter) heal() {
	p.at(p.f.History.End)
	p.text("All trouble ends.")
	for _, line := range p.tale.healed {
		if strings.HasPrefix(line, "kubectl ") {
			p.command(line)
		} else {
			p.comment(line)
		}
	}
}

func (p *pageWriter) text(text string) { p.paragraph(text) }

func (p *pageWriter) comment(text string) { p.paragraph("<!-- " + text + " -->") }

func (p *pageWriter) paragraph(text string) {
	p.close()
	p.out.WriteString("\n" + text + "\n")
}

// at lets time pass until an instant.
func (p *pageWriter) at(instant time.Duration) {
	if instant > p.now {
		p.comment("at " + instant.String())
		p.now = instant
	}
}

func (p *pageWriter) command(line string) {
	if !p.open {
		p.out.WriteString("\n```console\n")
	}
	p.open = true
	p.out.WriteString("$ " + line + "\n")
}

func (p *pageWriter) close() {
	if p.open {
		p.out.WriteString("```\n")
	}
	p.open = false
}

// block is fenced with more backquotes than there are in it.
func (p *pageWriter) block(language, content string) {
	p.close()
	fence := "```"
	for strings.Contains(content, fence) {
		fence += "`"
	}
	fmt.Fprintf(&p.out, "\n%s%s\n%s\n%s\n", fence, language, strings.TrimRight(content, "\n"), fence)
}

// armed is the instant from which a check is watched: when it first held, or when the sets had come up.
func (t *Tale) armed(check string) time.Duration {
	if at, known := t.held[check]; known {
		return at
	}
	return t.Begin
}

func counted(n int, what string) string {
	return fmt.Sprintf("%d %s%s", n, what, pick(n == 1, "", "s"))
}
