package shell

import (
	"maps"
	"slices"
	"strings"
)

// trace prints a line of set -x.
func (m *machine) trace(p *process, line string) {
	prefix := p.shell.value("PS4")
	if strings.Contains(prefix, "$LINENO") {
		prefix = strings.ReplaceAll(prefix, "$LINENO", itoa(p.shell.line))
	}
	if p.shell.bash && prefix != "" {
		prefix = strings.Repeat(prefix[:1], p.shell.level) + prefix
	}
	m.stderr(p, prefix+line+"\n")
}

// quote puts a word in quotes if a shell would read it differently otherwise.
func quote(s string) string {
	if s == "" {
		return ""
	}
	if strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+=:,./@%^", r) || r > 127)
	}) < 0 {
		return s
	}
	return alwaysQuoted(s)
}

func alwaysQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func doubleQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(s) + `"`
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		if quoted[i] = quote(w); w == "" {
			quoted[i] = "''"
		}
	}
	return strings.Join(quoted, " ")
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
