package applet

import (
	"sort"
	"strings"
)

// option is one flag as it was used. Its key is the letter, or the long name where there is no letter.
type option struct{ key, value string }

// options are the flags and operands of a command line.
type options struct {
	used     []option
	operands []string
}

// has says whether one of these flags was given.
func (o options) has(keys ...string) bool { return o.last(keys...) != "" }

// last is the one of these flags that was given last, "" for none.
func (o options) last(keys ...string) string {
	for i := len(o.used) - 1; i >= 0; i-- {
		for _, key := range keys {
			if o.used[i].key == key {
				return key
			}
		}
	}
	return ""
}

// value is the last value of a flag, or another when it was not given.
func (o options) value(key, otherwise string) string {
	for i := len(o.used) - 1; i >= 0; i-- {
		if o.used[i].key == key {
			return o.used[i].value
		}
	}
	return otherwise
}

// values are all values of a flag, in order.
func (o options) values(key string) []string {
	var values []string
	for _, use := range o.used {
		if use.key == key {
			values = append(values, use.value)
		}
	}
	return values
}

// syntax is which flags a command knows. Letters as for getopt(3): "a" is a flag, "b:" one with a value, "c;" one with an optional
// attached value; a "+" in front: operands end the flags. Long flags: "all=a" is another name for a letter,
// "count:" has a value, "color;" an optional one, "help" none.
type syntax struct {
	letters string
	long    []string
}

// needs says how a value belongs to a key: "" none, ":" required, ";" optional. known is false for an unknown letter.
func (s syntax) needs(letter byte) (kind string, known bool) {
	at := strings.IndexByte(s.letters, letter)
	if at < 0 || strings.IndexByte("+:;", letter) >= 0 {
		return "", false
	}
	if at+1 < len(s.letters) && (s.letters[at+1] == ':' || s.letters[at+1] == ';') {
		return s.letters[at+1 : at+2], true
	}
	return "", true
}

// resolve finds a long flag by name or by an unambiguous beginning of it.
func (s syntax) resolve(name string) (key, kind string, known bool) {
	matches := 0
	for _, entry := range s.long {
		full, alias, aliased := strings.Cut(entry, "=")
		own := ""
		if !aliased && strings.ContainsAny(full[len(full)-1:], ":;") {
			full, own = full[:len(full)-1], full[len(full)-1:]
		}
		if !strings.HasPrefix(full, name) {
			continue
		}
		entryKey, entryKind := full, own
		if aliased {
			entryKey = alias
			entryKind, _ = s.needs(alias[0])
		}
		if full == name {
			return entryKey, entryKind, true
		}
		if matches == 0 || entryKey != key {
			matches++
		}
		key, kind = entryKey, entryKind
	}
	return key, kind, matches == 1 && len(name) > 1
}

// options reads the command line. When not ok, the usage error has been printed and the outcome is the command's.
func (c *Call) options(letters string, long ...string) (result options, outcome Outcome, ok bool) {
	s := syntax{letters, long}
	args := c.Args[1:]
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			result.operands = append(result.operands, args[i+1:]...)
			return result, Outcome{}, true
		case strings.HasPrefix(arg, "--"):
			name, value, attached := strings.Cut(arg[2:], "=")
			key, kind, known := s.resolve(name)
			if !known {
				return result, c.usage(s, "unrecognized option: %s", name), false
			}
			if kind == ":" && !attached {
				if i++; i == len(args) {
					return result, c.usage(s, "option requires an argument: %s", name), false
				}
				value = args[i]
			}
			if kind == "" && attached {
				return result, c.usage(s, "option does not take an argument: %s", name), false
			}
			result.used = append(result.used, option{key, value})
		case len(arg) > 1 && arg[0] == '-':
			for j := 1; j < len(arg); j++ {
				kind, known := s.needs(arg[j])
				if !known {
					return result, c.usage(s, "unrecognized option: %s", arg[j:j+1]), false
				}
				value := ""
				key := arg[j : j+1]
				if kind != "" {
					value, j = arg[j+1:], len(arg)
				}
				if kind == ":" && value == "" {
					if i++; i == len(args) {
						return result, c.usage(s, "option requires an argument: %s", key), false
					}
					value = args[i]
				}
				result.used = append(result.used, option{key, value})
			}
		default:
			if strings.HasPrefix(letters, "+") {
				result.operands = append(result.operands, args[i:]...)
				return result, Outcome{}, true
			}
			result.operands = append(result.operands, arg)
		}
	}
	return result, Outcome{}, true
}

// usage reports a wrong command line.
func (c *Call) usage(s syntax, format string, values ...any) Outcome {
	c.errorf(format, values...)
	var known []string
	for i := range len(s.letters) {
		if _, ok := s.needs(s.letters[i]); ok {
			known = append(known, "-"+s.letters[i:i+1])
		}
	}
	for _, entry := range s.long {
		name, _, aliased := strings.Cut(entry, "=")
		if !aliased {
			known = append(known, "--"+strings.TrimRight(name, ":;"))
		}
	}
	sort.Strings(known)
	if len(known) > 0 {
		c.hint("the simulated %s knows %s", c.name(), strings.Join(known, " "))
	} else {
		c.hint("the simulated %s knows no flags", c.name())
	}
	return Exit(usageCode(c.name()))
}

// usageCode is the exit status for a wrong command line.
func usageCode(name string) int {
	switch name {
	case "ls", "grep", "egrep", "fgrep", "sort", "diff", "cmp", "awk", "test", "[", "curl", "printenv", "tar", "pgrep", "pkill":
		return 2
	case "timeout", "env":
		return 125
	}
	return 1
}
