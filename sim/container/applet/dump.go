package applet

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// printable is a byte as dumps show it in text: a dot for what cannot be seen.
func printable(char byte) byte {
	if char < 32 || char > 126 {
		return '.'
	}
	return char
}

// part applies offset and length flags to the data of a dump.
func (c *Call) part(o options, skipKey, countKey string, data []byte) ([]byte, int, bool) {
	skip, err := parseDumpNumber(o.value(skipKey, "0"))
	if err != nil {
		return nil, 0, false
	}
	data = data[min(skip, int64(len(data))):]
	if o.has(countKey) {
		count, err := parseDumpNumber(o.value(countKey, ""))
		if err != nil {
			return nil, 0, false
		}
		data = data[:min(count, int64(len(data)))]
	}
	return data, int(skip), true
}

func parseDumpNumber(text string) (int64, error) {
	if value, err := strconv.ParseInt(text, 0, 64); err == nil && value >= 0 {
		return value, nil
	}
	return parseSize(text)
}

// dumpInput is all input of a dump in one piece.
func (c *Call) dumpInput(o options, countKey string) (data []byte, failed bool, outcome Outcome, ok bool) {
	if len(o.operands) == 1 && o.has(countKey) {
		if count, err := parseDumpNumber(o.value(countKey, "")); err == nil {
			if data, endless := c.readSome(o.operands[0], count); endless {
				return data, false, Outcome{}, true
			}
		}
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	for _, in := range list {
		data = append(data, in.data...)
	}
	return data, failed, outcome, ok
}

// rows calls show for each 16 bytes; repeated rows become one "*".
func rows(data []byte, size int, all bool, show func(at int, row []byte), star func()) {
	starred := false
	for at := 0; at < len(data); at += size {
		row := data[at:min(at+size, len(data))]
		if !all && at > 0 && len(row) == size && string(row) == string(data[at-size:at]) {
			if !starred {
				star()
			}
			starred = true
			continue
		}
		starred = false
		show(at, row)
	}
}

// hexdump shows bytes: -C with text beside them, otherwise words of two bytes.
func hexdump(c *Call) Outcome {
	o, outcome, ok := c.options("Cn:s:vx", "canonical=C", "length=n", "skip=s", "no-squeezing=v")
	if !ok {
		return outcome
	}
	data, failed, outcome, ok := c.dumpInput(o, "n")
	if !ok {
		return outcome
	}
	data, start, ok := c.part(o, "s", "n", data)
	if !ok {
		return c.fail(1, "bad number")
	}
	width := 7
	if o.has("C") || c.name() == "hd" {
		width = 8
	}
	rows(data, 16, o.has("v"), func(at int, row []byte) {
		c.printf("%0*x ", width, start+at)
		if width == 8 {
			var text strings.Builder
			for i := range 16 {
				if i == 8 {
					text.WriteByte(' ')
				}
				if i < len(row) {
					fmt.Fprintf(&text, " %02x", row[i])
				} else {
					text.WriteString("   ")
				}
			}
			text.WriteString("  |")
			for _, char := range row {
				text.WriteByte(printable(char))
			}
			c.print(text.String() + "|\n")
			return
		}
		var words []string
		for i := 0; i < len(row); i += 2 {
			word := int(row[i])
			if i+1 < len(row) {
				word |= int(row[i+1]) << 8
			}
			words = append(words, fmt.Sprintf("%04x", word))
		}
		c.print(padRight(strings.Join(words, " "), 39) + "\n")
	}, func() { c.print("*\n") })
	if len(data) > 0 {
		c.printf("%0*x\n", width, start+len(data))
	}
	return exitFailed(failed)
}

// od shows bytes: as characters (-c), octal words, or by -t x1, o1, d1, u1, c.
func od(c *Call) Outcome {
	o, outcome, ok := c.options("cbxA:t:N:j:vw:", "address-radix=A", "format=t", "read-bytes=N", "skip-bytes=j", "output-duplicates=v", "width=w")
	if !ok {
		return outcome
	}
	format := o.value("t", "o2")
	switch o.last("c", "b", "x", "t") {
	case "c":
		format = "c"
	case "b":
		format = "o1"
	case "x":
		format = "x2"
	}
	cell, known := map[string]func([]byte) string{
		"c": odCharacter, "o1": func(b []byte) string { return fmt.Sprintf(" %03o", b[0]) }, "x1": func(b []byte) string { return fmt.Sprintf(" %02x", b[0]) },
		"x": nil, "u1": func(b []byte) string { return fmt.Sprintf(" %3d", b[0]) }, "d1": func(b []byte) string { return fmt.Sprintf(" %4d", int8(b[0])) },
		"o2": func(b []byte) string { return fmt.Sprintf(" %06o", int(b[0])|int(b[1])<<8) }, "x2": func(b []byte) string { return fmt.Sprintf(" %04x", int(b[0])|int(b[1])<<8) },
	}[format]
	if !known || cell == nil {
		c.errorf("the type %s is not simulated", quote(format))
		c.hint("c, o1, x1, u1, d1, o2 and x2 are")
		return Exit(1)
	}
	data, failed, outcome, ok := c.dumpInput(o, "N")
	if !ok {
		return outcome
	}
	data, start, ok := c.part(o, "j", "N", data)
	if !ok {
		return c.fail(1, "invalid number")
	}
	size := 1
	if strings.HasSuffix(format, "2") {
		size = 2
	}
	address := func(at int) string {
		switch o.value("A", "o") {
		case "n":
			return ""
		case "d":
			return fmt.Sprintf("%07d", at)
		case "x":
			return fmt.Sprintf("%06x", at)
		}
		return fmt.Sprintf("%07o", at)
	}
	width := 16
	if o.has("w") {
		given, err := strconv.Atoi(o.value("w", ""))
		if err != nil || given < size || given%size != 0 || given > maxPrintfWidth {
			return c.fail(1, "invalid width: %s", quote(o.value("w", "")))
		}
		width = given
	}
	rows(data, width, o.has("v"), func(at int, row []byte) {
		text := address(start + at)
		for i := 0; i < len(row); i += size {
			piece := append([]byte(nil), row[i:min(i+size, len(row))]...)
			for len(piece) < size {
				piece = append(piece, 0)
			}
			text += cell(piece)
		}
		c.print(text + "\n")
	}, func() { c.print("*\n") })
	if end := address(start + len(data)); end != "" {
		c.print(end + "\n")
	}
	return exitFailed(failed)
}

// odCharacter is a byte as od -c shows it.
func odCharacter(b []byte) string {
	names := map[byte]string{0: `\0`, 7: `\a`, 8: `\b`, 9: `\t`, 10: `\n`, 11: `\v`, 12: `\f`, 13: `\r`}
	text, ok := names[b[0]]
	switch {
	case ok:
	case b[0] >= 32 && b[0] < 127:
		text = string(rune(b[0]))
	default:
		text = fmt.Sprintf("%03o", b[0])
	}
	return padLeft(text, 4)
}

// xxd shows bytes, -p as plain hexadecimal text, -r turns that back.
func xxd(c *Call) Outcome {
	o, outcome, ok := c.options("prl:s:c:u")
	if !ok {
		return outcome
	}
	data, failed, outcome, ok := c.dumpInput(o, "l")
	if !ok {
		return outcome
	}
	if o.has("r") {
		return c.xxdReverse(o, data)
	}
	data, start, ok := c.part(o, "s", "l", data)
	if !ok {
		return c.fail(1, "bad number")
	}
	standard := "16"
	if o.has("p") {
		standard = "30"
	}
	width, err := strconv.Atoi(o.value("c", standard))
	if err != nil || width < 1 || width > 256 {
		return c.fail(1, "invalid number of columns (max. 256).")
	}
	digits := "%02x"
	if o.has("u") {
		digits = "%02X"
	}
	rows(data, width, true, func(at int, row []byte) {
		var text, seen strings.Builder
		for i, char := range row {
			if i%2 == 0 && !o.has("p") {
				text.WriteByte(' ')
			}
			fmt.Fprintf(&text, digits, char)
			seen.WriteByte(printable(char))
		}
		if o.has("p") {
			c.print(text.String() + "\n")
			return
		}
		c.printf("%08x:%s  %s\n", start+at, padRight(text.String(), width*2+(width+1)/2), seen.String())
	}, nil)
	return exitFailed(failed)
}

// xxdReverse turns a dump back into bytes.
func (c *Call) xxdReverse(o options, data []byte) Outcome {
	lines, _ := splitLines(data)
	for _, line := range lines {
		if !o.has("p") {
			_, line, _ = strings.Cut(line, ":")
			line, _, _ = strings.Cut(strings.TrimPrefix(line, " "), "  ")
		}
		decoded, err := hex.DecodeString(strings.NewReplacer(" ", "", "\t", "", "\r", "").Replace(line))
		_, _ = c.Stdout.Write(decoded)
		if err != nil {
			return c.fail(1, "expected hexadecimal digits, found %s", quote(line))
		}
	}
	return Exit(0)
}
