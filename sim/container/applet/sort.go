package applet

import (
	"math"
	"sort"
	"strconv"
	"strings"
)

// sortKey is one -k: from and to fields and characters, counted from 1, and its own ordering letters.
type sortKey struct {
	fromField, fromChar, toField, toChar int
	letters                              string
}

// parseSortKey reads F[.C][letters][,F[.C][letters]].
func parseSortKey(text string) (sortKey, bool) {
	key := sortKey{fromChar: 1}
	from, to, ranged := strings.Cut(text, ",")
	var ok bool
	if key.fromField, key.fromChar, ok = key.position(from, 1); !ok || key.fromField < 1 {
		return key, false
	}
	if ranged {
		if key.toField, key.toChar, ok = key.position(to, 0); !ok || key.toField < 1 {
			return key, false
		}
	}
	return key, true
}

func (k *sortKey) position(text string, char int) (int, int, bool) {
	trimmed := strings.TrimRight(text, "bdfghinrMRV")
	k.letters += text[len(trimmed):]
	fieldText, charText, dotted := strings.Cut(trimmed, ".")
	field, err := strconv.Atoi(fieldText)
	if err != nil {
		return 0, 0, false
	}
	if dotted {
		if char, err = strconv.Atoi(charText); err != nil {
			return 0, 0, false
		}
	}
	return field, char, true
}

// cut is the part of a line that the key compares.
func (k sortKey) cut(line, separator string) string {
	fields := sortFields(line, separator)
	offset := func(field, char int, end bool) int {
		if field > len(fields) {
			return len(line)
		}
		f := fields[field-1]
		if end && char == 0 {
			return f[1]
		}
		start := f[0]
		if strings.Contains(k.letters, "b") {
			for start < f[1] && (line[start] == ' ' || line[start] == '\t') {
				start++
			}
		}
		if end {
			return min(start+char, len(line))
		}
		return min(start+max(char, 1)-1, len(line))
	}
	from, to := offset(k.fromField, k.fromChar, false), len(line)
	if k.toField > 0 {
		to = offset(k.toField, k.toChar, true)
	}
	if from >= to {
		return ""
	}
	return line[from:to]
}

// sortFields are start and end of each field; without a separator, the blanks before a field belong to it.
func sortFields(line, separator string) [][2]int {
	var fields [][2]int
	if separator != "" {
		start := 0
		for {
			at := strings.Index(line[start:], separator)
			if at < 0 {
				return append(fields, [2]int{start, len(line)})
			}
			fields = append(fields, [2]int{start, start + at})
			start += at + len(separator)
		}
	}
	blank := func(i int) bool { return line[i] == ' ' || line[i] == '\t' }
	for i := 0; i < len(line); {
		start := i
		for i < len(line) && blank(i) {
			i++
		}
		for i < len(line) && !blank(i) {
			i++
		}
		fields = append(fields, [2]int{start, i})
	}
	return fields
}

// compareText compares by the ordering letters, without reversal.
func compareText(a, b, letters string) int {
	if strings.Contains(letters, "b") {
		a, b = strings.TrimLeft(a, " \t"), strings.TrimLeft(b, " \t")
	}
	switch {
	case strings.ContainsAny(letters, "ngh"):
		x, y := leadingNumber(a, letters), leadingNumber(b, letters)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case strings.Contains(letters, "M"):
		return monthNumber(a) - monthNumber(b)
	case strings.Contains(letters, "V"):
		return compareVersions(a, b)
	}
	if strings.Contains(letters, "f") {
		a, b = strings.ToUpper(a), strings.ToUpper(b)
	}
	if strings.Contains(letters, "d") {
		a, b = dictionary(a), dictionary(b)
	}
	return strings.Compare(a, b)
}

func dictionary(text string) string {
	return strings.Map(func(char rune) rune {
		if char == ' ' || char == '\t' || char >= '0' && char <= '9' || char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' {
			return char
		}
		return -1
	}, text)
}

// leadingNumber is the number at the beginning of text; with h, a unit counts.
func leadingNumber(text, letters string) float64 {
	text = strings.TrimLeft(text, " \t")
	end := 0
	for end < len(text) && strings.IndexByte("+-.0123456789eE", text[end]) >= 0 {
		if !strings.Contains(letters, "g") && (text[end] == 'e' || text[end] == 'E' || text[end] == '+') || end > 0 && text[end] == '-' && !strings.Contains(letters, "g") {
			break
		}
		end++
	}
	value, err := strconv.ParseFloat(text[:end], 64)
	for err != nil && end > 0 {
		end--
		value, err = strconv.ParseFloat(text[:end], 64)
	}
	if end == 0 || math.IsNaN(value) {
		value = 0
	}
	if strings.Contains(letters, "h") && end < len(text) {
		if at := strings.IndexByte("KMGTPE", text[end]&^32); at >= 0 {
			value *= math.Pow(1024, float64(at+1))
		}
	}
	return value
}

func monthNumber(text string) int {
	text = strings.ToUpper(strings.TrimLeft(text, " \t"))
	for i, month := range []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"} {
		if strings.HasPrefix(text, month) {
			return i + 1
		}
	}
	return 0
}

// compareVersions orders runs of digits by their value: web-2 before web-10.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a, len(a), 10), digits(b, len(b), 10)
		if x > 0 && y > 0 {
			left, right := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if len(left) != len(right) {
				return len(left) - len(right)
			}
			if order := strings.Compare(left, right); order != 0 {
				return order
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

// sortCommand sorts lines.
func sortCommand(c *Call) Outcome {
	o, outcome, ok := c.options("nrubfdghViMsczk:t:o:", "numeric-sort=n", "reverse=r", "unique=u", "key=k", "field-separator=t", "output=o",
		"human-numeric-sort=h", "version-sort=V", "ignore-case=f", "general-numeric-sort=g", "stable=s", "check=c", "ignore-leading-blanks=b", "month-sort=M", "dictionary-order=d")
	if !ok {
		return outcome
	}
	letters := ""
	for _, use := range o.used {
		if strings.Contains("nrbfdghVM", use.key) {
			letters += use.key
		}
	}
	var keys []sortKey
	for _, text := range o.values("k") {
		key, ok := parseSortKey(text)
		if !ok {
			return c.fail(2, "invalid number at field start: invalid count at start of %s", quote(text))
		}
		if key.letters == "" {
			key.letters = letters
		}
		keys = append(keys, key)
	}
	separator := o.value("t", "")
	if separator == `\0` {
		separator = "\x00"
	}
	if len(separator) > 1 {
		return c.fail(2, "multi-character tab %s", quote(separator))
	}
	for _, name := range o.operands {
		if _, err := c.files().Stat(name); err != nil && !c.isStdin(name) {
			return c.fail(2, "cannot read: %s: %s", name, reason(err))
		}
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	if failed {
		return Exit(2)
	}
	compare := func(a, b string) int {
		if len(keys) == 0 {
			return reversed(compareText(a, b, letters), letters)
		}
		for _, key := range keys {
			if order := reversed(compareText(key.cut(a, separator), key.cut(b, separator), key.letters), key.letters); order != 0 {
				return order
			}
		}
		return 0
	}
	less := func(a, b string) bool {
		order := compare(a, b)
		if order == 0 && !o.has("s", "u") {
			order = reversed(strings.Compare(a, b), letters)
		}
		return order < 0
	}
	lines := allLines(list)
	if o.has("c") {
		for i := 1; i < len(lines); i++ {
			if less(lines[i], lines[i-1]) || o.has("u") && compare(lines[i], lines[i-1]) == 0 {
				return c.fail(1, "%s:%d: disorder: %s", list[0].name, i+1, lines[i])
			}
		}
		return Exit(0)
	}
	sort.SliceStable(lines, func(i, j int) bool { return less(lines[i], lines[j]) })
	var out strings.Builder
	for i, line := range lines {
		if o.has("u") && i > 0 && compare(lines[i-1], line) == 0 {
			continue
		}
		out.WriteString(line + "\n")
	}
	return c.emit(o.value("o", ""), out.String(), 2)
}

func reversed(order int, letters string) int {
	if strings.Contains(letters, "r") {
		return -order
	}
	return order
}
