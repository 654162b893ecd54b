package explore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/property"
)

// AccountFormat is the version of the form of an Account.
const AccountFormat = "stsim-explore/1"

// OrdersFormat is the version of the form in which stsim explore --all-orders writes a Report.
const OrdersFormat = "stsim-orders/1"

// Account is a result that can be kept, sent, and merged with those of other shards. It holds the world, so that its findings can be told again anywhere.
type Account struct {
	Format   string        `json:"format"`  // AccountFormat
	Program  string        `json:"program"` // version of stsim: another one may live the same history otherwise
	World    WorldForm     `json:"world"`
	Seeds    []SeedRange   `json:"seeds"` // that were drawn, ordered
	Events   uint64        `json:"events"`
	Virtual  time.Duration `json:"virtualNanoseconds"`
	Findings []Finding     `json:"findings"` // one for each sentence, ordered by seed
}

// SeedRange are First, First+Step, ... : Count seeds.
type SeedRange struct {
	First uint64 `json:"first"`
	Step  uint64 `json:"step"`
	Count uint64 `json:"count"`
}

// WorldForm is a Setting as it is written down.
type WorldForm struct {
	Manifests  string        `json:"manifests"`
	Kubernetes string        `json:"kubernetes,omitempty"`
	Nodes      int           `json:"nodes,omitempty"`
	Seed       uint64        `json:"seed,omitempty"` // of the cluster
	Properties []string      `json:"properties,omitempty"`
	Verbs      []string      `json:"verbs,omitempty"`
	Except     []string      `json:"except,omitempty"`
	Bound      time.Duration `json:"boundNanoseconds,omitempty"`
}

// Setting reads the form.
func (f WorldForm) Setting() (Setting, error) {
	setting := Setting{
		Manifests: []byte(f.Manifests), Options: sim.Options{Kubernetes: f.Kubernetes, Nodes: f.Nodes, Seed: f.Seed}, Verbs: f.Verbs, Except: f.Except, Bound: f.Bound,
	}
	for _, text := range f.Properties {
		own, err := property.Parse(text)
		if err != nil {
			return setting, err
		}
		setting.Properties = append(setting.Properties, own)
	}
	return setting, nil
}

func (f WorldForm) same(other WorldForm) bool {
	return f.Manifests == other.Manifests && f.Kubernetes == other.Kubernetes && f.Nodes == other.Nodes && f.Seed == other.Seed &&
		slices.Equal(f.Properties, other.Properties) && slices.Equal(f.Verbs, other.Verbs) && slices.Equal(f.Except, other.Except) && f.Bound == other.Bound
}

// Histories is how many were lived.
func (a Account) Histories() (n uint64) {
	for _, seeds := range a.Seeds {
		n += seeds.Count
	}
	return n
}

// NewAccount is the account of a search.
func NewAccount(program string, world WorldForm, s Search, result Result) Account {
	return Account{
		Format: AccountFormat, Program: program, World: world, Seeds: []SeedRange{{First: s.Seed(0), Step: s.Seed(1) - s.Seed(0), Count: result.Histories}},
		Events: result.Events, Virtual: result.Virtual, Findings: result.Findings,
	}
}

// Check gives an error for what is no account, or one of another form.
func (a Account) Check() error {
	switch {
	case a.Format == "":
		return fmt.Errorf("expected a result of stsim explore -o json, found something else")
	case a.Format == OrdersFormat:
		return fmt.Errorf("expected a result with histories, found one of --all-orders, of which there is one for a world (hint: only stsim explore without --all-orders has shards)")
	case a.Format != AccountFormat:
		return fmt.Errorf("expected the format %s, found %s (hint: merge with the stsim that wrote it)", AccountFormat, a.Format)
	}
	for _, seeds := range a.Seeds {
		if seeds.Step == 0 {
			return fmt.Errorf("expected seeds with a step of at least 1, found 0")
		}
	}
	return nil
}

// Merge adds an account of other histories of the same world.
//
// Errors: the format, the program or the world is another one; a history is in both.
func (a Account) Merge(b Account) (Account, error) {
	switch {
	case a.Program != b.Program:
		return a, fmt.Errorf("expected a result of stsim %s, found one of %s (hint: let all shards run the same version)", a.Program, b.Program)
	case !a.World.same(b.World):
		return a, fmt.Errorf("expected a result of the same world, found another one: %s (hint: give all shards the same manifests and flags, except --shard)", a.World.difference(b.World))
	}
	for _, one := range a.Seeds {
		for _, other := range b.Seeds {
			if one.Step != other.Step {
				return a, fmt.Errorf("expected shards of %d, found shards of %d (hint: give all the same number behind the slash of --shard)", one.Step, other.Step)
			}
			if seed, both := one.shares(other); both {
				return a, fmt.Errorf("expected other histories, found seed %d in both results (hint: give every shard a number of its own, as in --shard 0/2 and --shard 1/2)", seed)
			}
		}
	}
	merged := a
	merged.Seeds = slices.Concat(a.Seeds, b.Seeds)
	slices.SortFunc(merged.Seeds, func(x, y SeedRange) int { return order(x.First, y.First, "", "") })
	merged.Events, merged.Virtual = a.Events+b.Events, a.Virtual+b.Virtual
	merged.Findings = slices.Concat(a.Findings, b.Findings)
	slices.SortFunc(merged.Findings, func(x, y Finding) int { return order(x.History.Seed, y.History.Seed, x.Sentence, y.Sentence) })
	known := map[string]bool{}
	merged.Findings = slices.DeleteFunc(merged.Findings, func(f Finding) bool {
		again := known[f.Sentence]
		known[f.Sentence] = true
		return again
	})
	return merged, nil
}

// difference names what is not the same.
func (f WorldForm) difference(other WorldForm) string {
	var list []string
	for _, part := range []struct {
		name string
		same bool
	}{
		{"the manifests", f.Manifests == other.Manifests}, {"the release", f.Kubernetes == other.Kubernetes}, {"the nodes", f.Nodes == other.Nodes},
		{"the properties", slices.Equal(f.Properties, other.Properties)}, {"the verbs", slices.Equal(f.Verbs, other.Verbs)},
		{"the exceptions", slices.Equal(f.Except, other.Except)},
	} {
		if !part.same {
			list = append(list, part.name)
		}
	}
	if len(list) == 0 {
		return "its bounds"
	}
	return strings.Join(list, ", ")
}

// shares finds a seed that both ranges have, which have the same step.
func (s SeedRange) shares(other SeedRange) (seed uint64, both bool) {
	if s.First > other.First {
		s, other = other, s
	}
	distance := other.First - s.First
	return other.First, other.Count > 0 && distance%s.Step == 0 && distance/s.Step < s.Count
}
