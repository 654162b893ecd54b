package applet

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

// digest makes a command such as md5sum.
func digest(title string, start func() hash.Hash) Applet {
	return func(c *Call) Outcome {
		o, outcome, ok := c.options("cbtsw", "check=c", "binary=b", "text=t", "status=s", "quiet", "tag")
		if !ok {
			return outcome
		}
		list, failed, outcome, ok := c.inputs(o.operands)
		if !ok {
			return outcome
		}
		sum := func(data []byte) string {
			h := start()
			h.Write(data)
			return hex.EncodeToString(h.Sum(nil))
		}
		if o.has("c") {
			return c.checkDigests(o, list, sum)
		}
		for _, in := range list {
			if o.has("tag") {
				c.printf("%s (%s) = %s\n", title, in.name, sum(in.data))
				continue
			}
			c.printf("%s  %s\n", sum(in.data), in.name)
		}
		return exitFailed(failed)
	}
}

// checkDigests compares files with a list of sums.
func (c *Call) checkDigests(o options, list []input, sum func([]byte) string) Outcome {
	wrong, unread := 0, 0
	for _, line := range allLines(list) {
		want, name, ok := strings.Cut(line, " ")
		name = strings.TrimLeft(name, " *")
		if !ok || name == "" {
			continue
		}
		data, err := c.read(name)
		verdict := "OK"
		switch {
		case err != nil:
			c.errorf("%s: %s", name, reason(err))
			verdict = "FAILED open or read"
			unread++
		case sum(data) != strings.ToLower(want):
			verdict = "FAILED"
			wrong++
		}
		if !o.has("s") && !(o.has("quiet") && verdict == "OK") {
			c.print(name + ": " + verdict + "\n")
		}
	}
	if unread > 0 {
		c.errorf("WARNING: %d listed %s could not be read", unread, plural("file", unread))
	}
	if wrong > 0 {
		c.errorf("WARNING: %d computed %s did NOT match", wrong, plural("checksum", wrong))
	}
	return exitFailed(wrong+unread > 0)
}

var (
	md5sum    = digest("MD5", md5.New)
	sha1sum   = digest("SHA1", sha1.New)
	sha256sum = digest("SHA256", sha256.New)
	sha512sum = digest("SHA512", sha512.New)
)

// base64Command encodes and decodes.
func base64Command(c *Call) Outcome {
	o, outcome, ok := c.options("dDiw:", "decode=d", "wrap=w", "ignore-garbage=i")
	if !ok {
		return outcome
	}
	width, err := strconv.Atoi(o.value("w", "76"))
	if err != nil || width < 0 {
		return c.fail(1, "invalid wrap size: %s", quote(o.value("w", "")))
	}
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	if failed {
		return Exit(1)
	}
	data := list[0].data
	if o.has("d", "D") {
		text := strings.Map(func(char rune) rune {
			if char == '\n' || char == '\r' || o.has("i") && !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", char) {
				return -1
			}
			return char
		}, string(data))
		decoded, err := base64.StdEncoding.DecodeString(text)
		_, _ = c.Stdout.Write(decoded)
		if err != nil {
			return c.fail(1, "invalid input")
		}
		return Exit(0)
	}
	text := base64.StdEncoding.EncodeToString(data)
	for width > 0 && len(text) > width {
		c.print(text[:width] + "\n")
		text = text[width:]
	}
	c.print(text)
	if width > 0 && text != "" {
		c.print("\n")
	}
	return Exit(0)
}

// cmp compares two files byte by byte.
func cmp(c *Call) Outcome {
	o, outcome, ok := c.options("slbn:", "silent=s", "quiet=s", "verbose=l", "bytes=n")
	if !ok {
		return outcome
	}
	operands := o.operands
	if len(operands) == 1 {
		operands = append(operands, "-")
	}
	if len(operands) != 2 {
		return c.missingOperand(operands)
	}
	list, failed, outcome, ok := c.inputs(operands)
	if !ok {
		return outcome
	}
	if failed {
		return Exit(2)
	}
	a, b := list[0].data, list[1].data
	if o.has("n") {
		limit, err := parseSize(o.value("n", ""))
		if err != nil {
			return c.fail(2, "invalid --bytes value %s", quote(o.value("n", "")))
		}
		a, b = a[:min(limit, int64(len(a)))], b[:min(limit, int64(len(b)))]
	}
	if bytes.Equal(a, b) {
		return Exit(0)
	}
	if o.has("s") {
		return Exit(1)
	}
	line := 1
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			if !o.has("l") {
				c.printf("%s %s differ: char %d, line %d\n", operands[0], operands[1], i+1, line)
				return Exit(1)
			}
			c.printf("%d %3o %3o\n", i+1, a[i], b[i])
		}
		if a[i] == '\n' {
			line++
		}
	}
	if len(a) != len(b) {
		short := operands[0]
		if len(b) < len(a) {
			short = operands[1]
		}
		c.errorf("EOF on %s after byte %d, in line %d", short, min(len(a), len(b)), line)
	}
	return Exit(1)
}
