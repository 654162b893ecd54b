package dnsserver

import "github.com/miekg/dns"

const (
	// maxWireName is the longest domain name in a message, in octets.
	maxWireName = 255
	// maxPlainName is the longest fully qualified name as text if it has no escapes.
	maxPlainName = maxWireName - 1
)

// validName tells whether a fully qualified name fits into a message and reads back from it.
func validName(name string) bool {
	if _, valid := dns.IsDomainName(name); !valid || !dns.IsFqdn(name) {
		return false
	}
	if len(name) <= maxPlainName {
		return true
	}
	// Escapes make a text longer than its octets, and the library lets names pass that are too long by a few.
	var wire [maxWireName]byte
	_, err := dns.PackDomainName(name, wire[:], 0, nil, false)
	return err == nil
}

// canonical is the lower-case, fully qualified form of a name. It allocates only if the name is not so already.
func canonical(name string) string {
	return lower(dns.Fqdn(name))
}

// lower folds the ASCII letters only, as DNS does, so that the result has the length of the name, whatever
// octets it holds.
func lower(name string) string {
	for i := 0; i < len(name); i++ {
		if 'A' <= name[i] && name[i] <= 'Z' {
			return lowerFrom(name, i)
		}
	}
	return name
}

func lowerFrom(name string, first int) string {
	folded := []byte(name)
	for i := first; i < len(folded); i++ {
		if 'A' <= folded[i] && folded[i] <= 'Z' {
			folded[i] += 'a' - 'A'
		}
	}
	return string(folded)
}
