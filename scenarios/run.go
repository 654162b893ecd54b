package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/storage"
)

// Options say how a page is run.
type Options struct {
	Seed       *uint64        // instead of the page's
	Kubernetes string         // instead of the page's
	DNSCache   *time.Duration // instead of the page's
	Check      bool           // check the promises of StatefulSets after every event
	Printer    *Printer
	Learner    Learner           // asked before every command; nil: nobody
	Progress   func(what string) // told the command that is about to run. nil: nobody
	Played     func(Played)      // told of every command that has run, and of every check. nil: nobody
}

// Played is what became of one command, or of one check.
type Played struct {
	Step        *Step         // nil for a check
	Check       *Directive    // nil for a command
	Output      []string      // lines as printed
	Status      int           // exit status
	Interrupted bool          // the page ended it with ^C
	Reason      string        // why it is not as the page says; "" when it is
	Clock       time.Duration // virtual time since the page began
}

// Report is what became of a page.
type Report struct {
	Result
	Outputs map[int][]string // what every step printed, by its index, for Page.Update
	Broken  []BrokenPromise  // promises that did not hold, except those that the page says break
	Stopped bool             // ended before the page did
	// BrokenChecks and OtherStatus are failures that new outputs in the page would not cure: checks that do not hold, and commands that
	// ended otherwise than the page says.
	BrokenChecks, OtherStatus int
}

// Run plays a page from its beginning on a cluster of its own, and says what came of it. An error means that the page cannot be
// played at all; a command that prints something else than the page says is counted in the report and told by the Printer.
func Run(ctx context.Context, page *Page, options Options) (*Report, error) {
	r, err := newRunner(page, options)
	if err != nil {
		return nil, err
	}
	defer func() { r.session.close() }()
	if options.Learner != nil {
		r.guide = newWalk(r, options.Learner)
	}
	return r.report, r.run(ctx)
}

func newRunner(page *Page, options Options) (*runner, error) {
	clusterOptions, err := clusterOptions(page, options)
	if err != nil {
		return nil, err
	}
	watch := &watch{}
	clusterOptions.Trace = watch.event
	cluster, err := sim.Make(clusterOptions)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", page.Name, err)
	}
	watch.cluster = cluster
	printer := options.Printer
	if printer == nil {
		printer = NewPrinter(io.Discard, PrinterOptions{})
	}
	session, err := newSession(cluster, printer.Output)
	if err != nil {
		return nil, err
	}
	r := &runner{page: page, options: options, printer: printer, session: session, watch: watch, report: &Report{Outputs: map[int][]string{}}, items: itemsOf(page)}
	r.begin = session.now()
	return r, nil
}

type runner struct {
	page    *Page
	options Options
	printer *Printer
	session *session
	watch   *watch
	report  *Report
	begin   time.Time
	asked   int   // how many broken promises have been looked at
	guide   guide // nil: nobody is asked
	items   []item
	at      int // index of the item that is being carried out
}

// item is a block, or one command of a transcript.
type item struct {
	block Block // nil for a command
	step  *Step
}

func itemsOf(page *Page) (items []item) {
	for _, block := range page.Blocks {
		console, is := block.(*Console)
		if !is {
			items = append(items, item{block: block})
			continue
		}
		for _, step := range console.Steps {
			items = append(items, item{step: step})
		}
	}
	return items
}

func (r *runner) run(ctx context.Context) error {
	for i := range r.page.Manifests {
		if err := r.session.writeFile(&r.page.Manifests[i]); err != nil {
			return err
		}
	}
	r.printer.Title(r.page)
	for ; r.at < len(r.items); r.at++ {
		if ctx.Err() != nil {
			r.report.Stopped = true
			break
		}
		if err := r.item(ctx, r.items[r.at]); err != nil {
			if errors.Is(err, errStopped) {
				r.report.Stopped = true
				break
			}
			return err
		}
	}
	r.heldThroughout()
	r.report.Virtual = r.clock()
	r.printer.Summary(r.report.Result)
	return r.printer.Err()
}

var errStopped = errors.New("stopped")

func (r *runner) item(ctx context.Context, item item) error {
	switch block := item.block.(type) {
	case *Prose:
		r.printer.Prose(block.Text)
	case *File:
		r.printer.File(block)
		return r.session.writeFile(block)
	case *Directive:
		if err := r.directive(block); err != nil {
			return err
		}
		if r.guide != nil {
			r.guide.after()
		}
	case nil:
		return r.command(ctx, item.step)
	}
	return nil
}

// command runs a command of the page, if nobody wants something else.
func (r *runner) command(ctx context.Context, step *Step) error {
	if r.guide == nil {
		r.step(ctx, step)
		return nil
	}
	move, err := r.guide.stop(ctx, step)
	if err != nil {
		return err
	}
	switch move {
	case runIt:
		r.step(ctx, step)
	case endIt:
		return errStopped
	case goBack: // the guide has set where the page goes on
		return nil
	}
	r.guide.after()
	return nil
}

// step runs one command after the time a person needs to think of it, and compares.
func (r *runner) step(ctx context.Context, step *Step) {
	if r.options.Progress != nil {
		r.options.Progress(step.Command)
	}
	if r.guide == nil {
		r.printer.Command(step) // otherwise it stands there already
	} else {
		defer r.options.Learner.OnInterrupt(r.session.press)()
	}
	r.account(step, r.session.think(ctx, step, r.page.FrontMatter))
}

// think runs a command after the time a person needs to think of it.
func (s *session) think(ctx context.Context, step *Step, front FrontMatter) outcome {
	s.pass(front.ThinkTime)
	return s.run(ctx, step, front.Normalise)
}

// account judges what a command has come to, tells and counts it.
func (r *runner) account(step *Step, result outcome) {
	r.report.Outputs[step.Index] = result.printed
	reason := r.judge(step, result)
	if reason == "" {
		r.report.Commands++
	} else {
		r.report.Failed++
	}
	clock := r.clock()
	r.printer.Verdict(reason == "", clock, reason)
	r.played(Played{Step: step, Output: result.printed, Status: result.status, Interrupted: result.interrupted, Reason: reason, Clock: clock})
	r.lookBack(step.Line)
}

// judge says why a step failed, or "".
func (r *runner) judge(step *Step, result outcome) string {
	var reasons []string
	asWanted := true
	if result.problem != "" {
		asWanted = false
		reasons = append(reasons, fmt.Sprintf("%s:%d: the command was stopped: %s", r.page.Name, step.Line, result.problem))
	}
	if step.Interrupt && !result.interrupted && result.problem == "" {
		asWanted = false
		reasons = append(reasons, fmt.Sprintf("%s:%d: the command ended by itself, and the page ends it with ^C", r.page.Name, step.Line))
	}
	printed := result.printed
	if result.interrupted {
		if lines, progress := Prefix(step.Expected, printed, r.page.FrontMatter.Normalise); progress == Complete {
			printed = printed[:lines]
			r.report.Outputs[step.Index] = printed
		}
	}
	if ok, diff := Match(step.Expected, printed, r.page.FrontMatter.Normalise); !ok {
		reasons = append(reasons, strings.TrimRight(diff.Text(r.page.Name, step), "\n"))
	}
	if (!step.Interrupt || step.ExitLine != 0) && result.problem == "" && result.status != step.Exit {
		asWanted = false
		line := step.ExitLine
		if line == 0 {
			line = step.Line
		}
		reasons = append(reasons, fmt.Sprintf("%s:%d: expected exit status %d, found %d%s", r.page.Name, line, step.Exit, result.status, exitHint(step, result.status)))
	}
	if !asWanted {
		r.report.OtherStatus++
	}
	return strings.Join(reasons, "\n")
}

func exitHint(step *Step, status int) string {
	if step.ExitLine == 0 && status != 0 {
		return fmt.Sprintf("\nhint: a command that must fail ends with a line \"# exit %d\"", status)
	}
	return ""
}

func (r *runner) directive(directive *Directive) error {
	switch directive.Word {
	case Check:
		r.check(directive)
		return nil
	case Breaks:
		r.breaks(directive)
		return nil
	case Question:
		return nil
	}
	var err error
	switch directive.Word {
	case Advance:
		r.session.pass(directive.Duration)
	case At:
		if err = notPast(directive.Duration, r.clock()); err == nil {
			r.session.pass(directive.Duration - r.clock())
		}
	case Befall:
		r.session.door.Do(func(cluster *sim.Cluster) { err = cluster.Befall(directive.Fault) })
	}
	if err != nil {
		return fmt.Errorf("%s:%d: %w", r.page.Name, directive.Line, err)
	}
	r.printer.Directive(directive, r.clock())
	r.lookBack(directive.Line)
	return nil
}

// clock is the virtual time since the page began.
func (r *runner) clock() time.Duration {
	return r.session.now().Sub(r.begin)
}

// clusterOptions turn a page's front matter into a cluster.
func clusterOptions(page *Page, options Options) (sim.Options, error) {
	front := page.FrontMatter
	cluster := sim.Options{Seed: front.Seed, Kubernetes: front.Kubernetes, Start: front.Start, With: front.Loops, Check: options.Check || front.Check || page.breaksPromise()}
	if options.Seed != nil {
		cluster.Seed = *options.Seed
	}
	if front.Disorder {
		cluster.Disorder = sim.Usual()
		cluster.Chooser = kernel.NewLabelled(cluster.Seed, sim.Quiet(), front.Odd...)
	}
	if options.Kubernetes != "" {
		cluster.Kubernetes = options.Kubernetes
	}
	cluster.DNS.Cache = front.DNSCache
	if options.DNSCache != nil {
		cluster.DNS.Cache = *options.DNSCache
	}
	if front.ServiceCIDR.IsValid() {
		cluster.ServiceCIDR = front.ServiceCIDR.String()
	}
	if front.PodCIDR.IsValid() {
		cluster.PodCIDR = front.PodCIDR.String()
	}
	for _, node := range front.Nodes {
		spec := sim.NodeSpec{Name: node.Name}
		if node.Address.IsValid() {
			spec.Address = node.Address.String()
		}
		cluster.NodeSpecs = append(cluster.NodeSpecs, spec)
	}
	if front.StorageClasses != nil {
		cluster.StorageClasses = []*storagev1.StorageClass{}
	}
	for _, row := range front.StorageClasses {
		cluster.StorageClasses = append(cluster.StorageClasses, storageClass(row))
	}
	return cluster, nil
}

// storageClass fills in what a page leaves open: what the class of that name is usually like.
func storageClass(row StorageClass) *storagev1.StorageClass {
	class := storage.StandardClass()
	if row.Name == storage.GlusterClass().Name {
		class = storage.GlusterClass()
	}
	class.ObjectMeta = metav1.ObjectMeta{Name: row.Name}
	if row.Default {
		class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	if row.Provisioner != "" {
		class.Provisioner = row.Provisioner
	}
	if row.Reclaim != "" {
		policy := corev1.PersistentVolumeReclaimPolicy(row.Reclaim)
		class.ReclaimPolicy = &policy
	}
	if row.Binding != "" {
		mode := storagev1.VolumeBindingMode(row.Binding)
		class.VolumeBindingMode = &mode
	}
	return class
}
