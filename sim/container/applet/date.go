package applet

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func unixTime(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

// strftime formats a moment as strftime(3) does in the C locale.
func strftime(format string, t time.Time) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		pad := byte(0)
		if strings.IndexByte("-_0^#", format[i]) >= 0 && i+1 < len(format) {
			pad = format[i]
			i++
		}
		width := digits(format[i:], 1, 10)
		number := format[i : i+width] // %3N
		if i += width; i == len(format) {
			out.WriteString("%" + number)
			break
		}
		if format[i] == ':' && strings.HasPrefix(format[i:], ":z") {
			out.WriteString(t.Format("-07:00"))
			i++
			continue
		}
		text := timeField(format[i], t)
		switch {
		case format[i] == 'N' && number != "":
			text = text[:number[0]-'0']
		case pad == '-':
			if trimmed := strings.TrimLeft(text, "0 "); trimmed != "" {
				text = trimmed
			} else {
				text = "0"
			}
		case pad == '_':
			if trimmed := strings.TrimLeft(text[:len(text)-1], "0"); true {
				text = padLeft(trimmed+text[len(text)-1:], len(text))
			}
		case pad == '0':
			text = strings.ReplaceAll(text, " ", "0")
		case pad == '^':
			text = strings.ToUpper(text)
		case pad == '#':
			text = strings.ToLower(text)
		}
		out.WriteString(text)
	}
	return out.String()
}

// timeField is one % field of strftime.
func timeField(letter byte, t time.Time) string {
	layouts := map[byte]string{'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'm': "01", 'M': "04",
		'S': "05", 'p': "PM", 'P': "pm", 'y': "06", 'Y': "2006", 'Z': "MST", 'z': "-0700", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06",
		'x': "01/02/06", 'X': "15:04:05", 'c': "Mon Jan _2 15:04:05 2006", 'r': "03:04:05 PM", 'N': "000000000"}
	if letter == 'N' {
		return fmt.Sprintf("%09d", t.Nanosecond())
	}
	if layout, ok := layouts[letter]; ok {
		return t.Format(layout)
	}
	year, week := t.ISOWeek()
	switch letter {
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'j':
		return fmt.Sprintf("%03d", t.YearDay())
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'G':
		return strconv.Itoa(year)
	case 'V':
		return fmt.Sprintf("%02d", week)
	case 'U':
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case '%':
		return "%"
	}
	return "%" + string(rune(letter))
}

var timeLayouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04",
	"2006-01-02", "20060102", "2006/01/02", "15:04:05", "15:04", "Jan 2 2006", "Jan 2 15:04:05 2006", "2 Jan 2006", "2 Jan 2006 15:04:05", time.UnixDate, time.ANSIC,
	time.RFC1123, time.RFC1123Z, "2006-01-02 15:04:05 MST", "2006-01-02T15:04:05Z0700"}

// parseTime reads a date as date -d and touch -d take it.
func parseTime(text string, now time.Time) (time.Time, bool) {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "@"); ok {
		whole, fraction, _ := strings.Cut(rest, ".")
		seconds, err := strconv.ParseInt(whole, 10, 64)
		nanos, errFraction := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		return time.Unix(seconds, nanos).UTC(), err == nil && errFraction == nil
	}
	if t, ok := parseTimeExact(text, now); ok {
		return t, true
	}
	return relativeTime(strings.Fields(text), now)
}

// relativeTime reads "now", "yesterday", "2 hours ago", "+5 minutes", also after a date.
func relativeTime(words []string, now time.Time) (time.Time, bool) {
	t := now
	for j := len(words); j > 0; j-- { // a date first, as in "2024-01-01 + 1 day"
		if start, ok := parseTimeExact(strings.Join(words[:j], " "), now); ok {
			t, words = start, words[j:]
			if len(words) == 0 {
				return t, true
			}
			break
		}
	}
	for i := 0; i < len(words); i++ {
		word := words[i]
		if (word == "+" || word == "-") && i+1 < len(words) {
			i++
			word += words[i]
		}
		switch word = strings.ToLower(word); word {
		case "now", "today", "ago":
			continue
		case "midnight":
			t = t.Truncate(24 * time.Hour)
			continue
		case "yesterday":
			t = t.AddDate(0, 0, -1)
			continue
		case "tomorrow":
			t = t.AddDate(0, 0, 1)
			continue
		case "next", "last":
			word = map[string]string{"next": "1", "last": "-1"}[word]
		}
		width := digits(strings.TrimLeft(word, "+-"), 9, 10) + len(word) - len(strings.TrimLeft(word, "+-"))
		count, err := strconv.Atoi(word[:width])
		if err != nil {
			return t, false
		}
		unit := word[width:]
		if unit == "" {
			if i++; i == len(words) {
				return t, false
			}
			unit = words[i]
		}
		if i+1 < len(words) && words[i+1] == "ago" {
			count = -count
		}
		switch strings.TrimSuffix(strings.ToLower(unit), "s") {
		case "sec", "second":
			t = t.Add(time.Duration(count) * time.Second)
		case "min", "minute":
			t = t.Add(time.Duration(count) * time.Minute)
		case "hour":
			t = t.Add(time.Duration(count) * time.Hour)
		case "day":
			t = t.AddDate(0, 0, count)
		case "week":
			t = t.AddDate(0, 0, 7*count)
		case "month":
			t = t.AddDate(0, count, 0)
		case "year":
			t = t.AddDate(count, 0, 0)
		default:
			return t, false
		}
	}
	return t, len(words) > 0
}

// parseTimeExact reads a date in one of the known layouts; a time without a date is today's.
func parseTimeExact(text string, now time.Time) (time.Time, bool) {
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			if !strings.Contains(layout, "06") {
				t = time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
			}
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// date prints the virtual time.
func date(c *Call) Outcome {
	o, outcome, ok := c.options("ud:r:RI;s:", "utc=u", "universal=u", "date=d", "reference=r", "rfc-email=R", "iso-8601=I", "set=s", "rfc-3339:")
	if !ok {
		return outcome
	}
	if o.has("s") {
		return c.fail(1, "cannot set date: Operation not permitted")
	}
	moment := c.System.Now().UTC()
	if o.has("d") {
		given, ok := parseTime(o.value("d", ""), moment)
		if !ok {
			return c.fail(1, "invalid date %s", quote(o.value("d", "")))
		}
		moment = given
	}
	if o.has("r") {
		info, err := c.files().Stat(o.value("r", ""))
		if err != nil {
			return c.fail(1, "%s: %s", o.value("r", ""), reason(err))
		}
		moment = info.ModTime.UTC()
	}
	format := "%a %b %e %H:%M:%S %Z %Y"
	switch {
	case len(o.operands) > 1:
		return c.fail(1, "extra operand %s", quote(o.operands[1]))
	case len(o.operands) == 1 && strings.HasPrefix(o.operands[0], "+"):
		format = o.operands[0][1:]
	case len(o.operands) == 1:
		return c.fail(1, "invalid date %s", quote(o.operands[0]))
	case o.has("R"):
		format = "%a, %d %b %Y %H:%M:%S %z"
	case o.has("I"):
		switch o.value("I", "") {
		case "", "date":
			format = "%Y-%m-%d"
		case "hours":
			format = "%Y-%m-%dT%H%:z"
		case "minutes":
			format = "%Y-%m-%dT%H:%M%:z"
		case "ns":
			format = "%Y-%m-%dT%H:%M:%S,%N%:z"
		default:
			format = "%Y-%m-%dT%H:%M:%S%:z"
		}
	case o.has("rfc-3339"):
		format = "%Y-%m-%d %H:%M:%S%:z"
	}
	c.print(strftime(format, moment) + "\n")
	return Exit(0)
}
