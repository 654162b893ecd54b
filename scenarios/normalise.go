package scenarios

import (
	"net/netip"
	"regexp"
)

// Normaliser names a kind of text that differs from run to run. When a page names it, all such texts count as equal.
type Normaliser string

// Normalisers are the kinds a page names, in its order.
type Normalisers []Normaliser

// The normalisers.
const (
	// Ages are how kubectl shows how long ago something was: 5m, 39s, 2d4h, 1m23s, 2y30d, <unknown>. Only between
	// spaces, parentheses and commas.
	Ages Normaliser = "ages"
	// IPs are IPv4 and IPv6 addresses.
	IPs Normaliser = "ips"
	// UIDs are 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
	UIDs Normaliser = "uids"
	// Hashes are what Kubernetes appends to generated names: -5f9469d8dc-cwjhf, -5f9469d8dc, -cwjhf.
	Hashes Normaliser = "hashes"
	// Durations are times as programs print them: 1.53s, 350ms, 2m3.5s.
	Durations Normaliser = "durations"
)

// normaliserWords are the normalisers in the order messages list them.
var normaliserWords = []string{string(Ages), string(IPs), string(UIDs), string(Hashes), string(Durations)}

// The order in which they are applied is fixed, so that the page's order does not matter: what contains others comes first.
var replacements = []struct {
	kind    Normaliser
	pattern *regexp.Regexp
	replace func(found string) string
}{
	{UIDs, regexp.MustCompile(`\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b`), always("<uid>")},
	{IPs, regexp.MustCompile(`\b[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\b|[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:]*`), address},
	{Hashes, regexp.MustCompile(`-(?:[bcdfghjklmnpqrstvwxz2456789]{8,10}(?:-[bcdfghjklmnpqrstvwxz2456789]{5})?|[bcdfghjklmnpqrstvwxz2456789]{5})\b`), always("-<hash>")},
	{Ages, regexp.MustCompile(`[^\s(),]+`), ageToken},
	{Durations, regexp.MustCompile(`\b(?:[0-9]+h)?(?:[0-9]+m)?[0-9]+(?:\.[0-9]+)?(?:h|m|s|ms|µs|ns)\b`), always("<time>")},
}

var age = regexp.MustCompile(`^(?:<unknown>|<invalid>|(?:[0-9]+y)?(?:[0-9]+d)?(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?)$`)

func always(placeholder string) func(string) string {
	return func(string) string { return placeholder }
}

func address(found string) string {
	if _, err := netip.ParseAddr(found); err != nil {
		return found
	}
	return "<ip>"
}

func ageToken(found string) string {
	if age.MatchString(found) {
		return "<time>"
	}
	return found
}

// apply replaces what the normalisers name by placeholders, and says whether there was anything.
func (n Normalisers) apply(line string) (normalised string, found bool) {
	normalised = line
	for _, replacement := range replacements {
		if !n.has(replacement.kind) {
			continue
		}
		normalised = replacement.pattern.ReplaceAllStringFunc(normalised, replacement.replace)
	}
	return normalised, normalised != line
}

func (n Normalisers) has(kind Normaliser) bool {
	for _, one := range n {
		if one == kind {
			return true
		}
	}
	return false
}
