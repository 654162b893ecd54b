package scenarios

import (
	"net/netip"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/kernel"
	"github.com/stsim/stsim/sim/property"
)

// Bounds of a page. Beyond one of them Parse gives an Error.
const (
	MaxPageSize  = 1 << 20                   // bytes of a page
	MaxNodes     = 1000                      // nodes of a simulated cluster
	MaxThinkTime = 24 * time.Hour            // virtual time before one command
	MaxAdvance   = 10 * 365 * 24 * time.Hour // virtual time one advance directive may pass
)

// DefaultThinkTime passes before every command of a page that does not say think-time: as long as a quick person needs.
const DefaultThinkTime = time.Second

// Page is one tutorial: what its cluster looks like, and its blocks in the order of the text. It is not changed after Parse.
type Page struct {
	Name        string // as given to Parse; for messages
	FrontMatter FrontMatter
	Blocks      []Block
	Manifests   []File // files that lie beside a built-in page, by name; empty for a page from elsewhere

	source []byte
}

// Block is a *Prose, a *File, a *Console or a *Directive.
type Block interface {
	// StartLine is the number of the block's first line in the page, from 1.
	StartLine() int
}

// Prose is Markdown that is shown and not acted on.
type Prose struct {
	Line int
	Text string // no blank lines at either end
}

// File is a file that the commands after it can read under its name.
type File struct {
	Line     int    // of the opening fence; 0 for a file of Page.Manifests
	Name     string // a relative path with forward slashes, no "." or ".." in it
	Language string // of the fence, such as yaml
	Content  string // ends with a newline unless empty
}

// Console is one transcript. It has at least one step.
type Console struct {
	Line  int // of the opening fence
	Steps []*Step
}

// Directive is one of the few words that are no shell command.
type Directive struct {
	Line     int
	Word     Word
	Duration time.Duration // of advance; of at: since the page began
	Fault    sim.Fault     // of Befall
	Check    string        // of check: as written
	Always   bool          // of check: it must hold from here on, after every event
	Sentence string        // of breaks
	Good     bool          // of quiz: not never

	property property.Property // of check
}

// Word is what a Directive asks for.
type Word string

// The directives.
const (
	Advance  Word = "advance" // <!-- advance 5m -->: virtual time passes
	At       Word = "at"      // <!-- at 14s -->: the same, until an instant since the page began
	Befall   Word = "befall"  // <!-- node-down node-2 --> and other faults, each under a word of its own: see sim.FaultWords
	Check    Word = "check"   // <!-- check EXPR -->: something must hold here; <!-- check always EXPR -->: from here on
	Question Word = "quiz"    // <!-- quiz good -->: the commands of the next transcript are good questions; <!-- quiz never -->: none
	Breaks   Word = "breaks"  // <!-- breaks SENTENCE -->: up to here a promise, or a check that must always hold, has broken
)

// Step is one command and what it must print.
type Step struct {
	Index    int    // from 0, over the whole page; the key of Page.Update
	Line     int    // of the "$ " line
	EndLine  int    // of the command's last line; the expected lines follow
	Command  string // for the shell; lines joined by newlines, prompts removed
	Expected []Line // without blank lines at the end
	// Interrupt says that a ^C ends the command once Expected has appeared. Its exit status then counts only if ExitLine is not 0.
	Interrupt bool
	Exit      int // expected exit status, 0 to 255
	ExitLine  int // of the "# exit N" line; 0 if there is none
}

// Line is a line of text and its number in the page, from 1.
type Line struct {
	Number int
	Text   string // without newline and without spaces at the end
}

// FrontMatter describes the cluster a page is played on. Zero values mean that the page does not say.
type FrontMatter struct {
	Title          string
	Level          Level
	Teaches        []string
	Kubernetes     string // "1.9"; a minor version, not interpreted here
	Nodes          []Node
	ServiceCIDR    netip.Prefix
	PodCIDR        netip.Prefix
	StorageClasses []StorageClass // nil: not said; empty: none
	DNSCache       time.Duration  // how long the cluster's DNS remembers replies, also negative ones; 0: it does not
	Seed           uint64
	Loops          []string      // control loops that run only when asked for: sim.OptionalLoops
	ThinkTime      time.Duration // DefaultThinkTime if the page does not say
	Normalise      Normalisers
	Start          time.Time       // virtual time at which the page begins
	Check          bool            // the promises are checked after every event
	Disorder       bool            // events may be late, caches stale and requests lost: as Odd says, and otherwise not
	Odd            []kernel.Answer // answers of chance that are not those of a quiet day
}

// Level is for whom a page is. The zero value means that the page does not say.
type Level string

// The levels.
const (
	Beginner     Level = "beginner"     // knows what a Pod is
	Intermediate Level = "intermediate" // has run a StatefulSet
	Advanced     Level = "advanced"     // wants to know why, or has trouble with one
)

// Levels are all levels, the easiest first.
func Levels() []Level { return []Level{Beginner, Intermediate, Advanced} }

// Node is a machine of the simulated cluster.
type Node struct {
	Name    string
	Address netip.Addr // zero: the engine chooses
}

// StorageClass is one row of storage-classes. Empty fields are the engine's choice.
type StorageClass struct {
	Name        string
	Provisioner string
	Reclaim     string // Delete or Retain
	Binding     string // Immediate or WaitForFirstConsumer
	Default     bool   // claims that name no class get this one
}

// StartLine is the number of the first line.
func (b *Prose) StartLine() int { return b.Line }

// StartLine is the number of the opening fence.
func (b *File) StartLine() int { return b.Line }

// StartLine is the number of the opening fence.
func (b *Console) StartLine() int { return b.Line }

// StartLine is the number of the line on which the comment begins.
func (b *Directive) StartLine() int { return b.Line }

// Steps are the commands of all transcripts, in order; Step.Index counts through them.
func (p *Page) Steps() []*Step {
	var steps []*Step
	for _, block := range p.Blocks {
		if console, ok := block.(*Console); ok {
			steps = append(steps, console.Steps...)
		}
	}
	return steps
}
