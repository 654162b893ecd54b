package applet

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/storage"
)

// ddJob is what dd was asked to do.
type ddJob struct {
	from, to          string
	inSize, outSize   int64
	count, skip, seek int64 // count -1: to the end
	conversions       map[string]bool
	status            string
	countBytes        bool
}

func (c *Call) ddOperands() (ddJob, Outcome, bool) {
	job := ddJob{inSize: 512, outSize: 512, count: -1, conversions: map[string]bool{}}
	for _, arg := range c.Args[1:] {
		key, value, ok := strings.Cut(arg, "=")
		if !ok {
			return job, c.fail(1, "unrecognized operand %s", quote(arg)), false
		}
		var err error
		number := func() int64 {
			var n int64
			if n, err = parseSize(value); err == nil && n < 0 {
				err = fmt.Errorf("invalid number: %s", quote(value))
			}
			return n
		}
		switch key {
		case "if":
			job.from = value
		case "of":
			job.to = value
		case "bs":
			job.inSize = number()
			job.outSize = job.inSize
		case "ibs":
			job.inSize = number()
		case "obs":
			job.outSize = number()
		case "count":
			job.count = number()
		case "skip", "iseek":
			job.skip = number()
		case "seek", "oseek":
			job.seek = number()
		case "status":
			job.status = value
		case "conv", "oflag", "iflag":
			for _, name := range strings.Split(value, ",") {
				switch name {
				case "fsync", "fdatasync", "notrunc", "sync", "excl", "nocreat", "ucase", "lcase", "append", "dsync", "direct", "noerror", "fullblock":
					job.conversions[name] = true
				case "count_bytes":
					job.countBytes = true
				default:
					return job, c.fail(1, "invalid conversion: %s", quote(name)), false
				}
			}
		default:
			return job, c.fail(1, "unrecognized operand %s", quote(arg)), false
		}
		if err != nil {
			return job, c.fail(1, "invalid number: %s", quote(value)), false
		}
	}
	if job.inSize < 1 || job.outSize < 1 {
		return job, c.fail(1, "invalid number: '0'"), false
	}
	if big := int64(1) << 40; job.inSize > big || job.outSize > big || job.count > big || job.skip > big || job.seek > big {
		return job, c.fail(1, "numbers beyond 2^40 are not simulated"), false
	}
	return job, Outcome{}, true
}

// dd copies blocks and reports how many.
func dd(c *Call) Outcome {
	job, outcome, ok := c.ddOperands()
	if !ok {
		return outcome
	}
	if job.from == "" {
		if outcome, ok := c.awaitInput(); !ok {
			return outcome
		}
		job.from = "-"
	}
	unit := job.inSize
	if job.countBytes {
		unit = 1
	}
	wanted := int64(-1)
	if job.count >= 0 {
		wanted = bounded(job.count, unit)
	}
	data, endless := c.readSome(job.from, min(max(wanted, 0), storage.MaxFileSize))
	if endless && (wanted < 0 || wanted > int64(len(data))) {
		c.errorf("%s has no end, and more than %d bytes from it are not simulated", job.from, maxOutput)
		c.hint("give count= and a smaller bs=")
		return Exit(1)
	}
	if !endless {
		var err error
		if data, err = c.read(job.from); err != nil {
			if info, failed := c.files().Stat(job.from); failed == nil && info.IsDir() {
				return c.fail(1, "error reading %s: Is a directory", quote(job.from))
			}
			return c.fail(1, "failed to open %s: %s", quote(job.from), reason(err))
		}
		data = data[min(bounded(job.skip, job.inSize), int64(len(data))):]
		if wanted >= 0 {
			data = data[:min(wanted, int64(len(data)))]
		}
	}
	inFull, inPart := int64(len(data))/job.inSize, min(int64(len(data))%job.inSize, 1)
	switch {
	case job.conversions["ucase"]:
		data = []byte(strings.ToUpper(string(data)))
	case job.conversions["lcase"]:
		data = []byte(strings.ToLower(string(data)))
	}
	if rest := int64(len(data)) % job.inSize; job.conversions["sync"] && rest > 0 {
		data = append(data, make([]byte, min(job.inSize-rest, maxOutput))...)
	}
	written, err := c.ddWrite(job, data)
	if err != nil {
		c.errorf("%s: %s", err.text, reason(err.cause))
		inFull, inPart = min(inFull, written/job.inSize+1), 0
	}
	if job.status != "none" {
		outFull, outPart := written/job.outSize, min(written%job.outSize, 1)
		fmt.Fprintf(c.Stderr, "%d+%d records in\n%d+%d records out\n", inFull, inPart, outFull, outPart)
		if job.status != "noxfer" {
			fmt.Fprintf(c.Stderr, "%s copied, 0 s, Infinity B/s\n", ddSize(written))
		}
	}
	return exitFailed(err != nil)
}

// bounded multiplies without overflow.
func bounded(a, b int64) int64 {
	if a > 0 && b > (1<<50)/a {
		return 1 << 50
	}
	return a * b
}

// ddFailure is what dd was doing, and why it failed.
type ddFailure struct {
	text  string
	cause error
}

// ddWrite writes the output as far as it goes and says how far that was.
func (c *Call) ddWrite(job ddJob, data []byte) (int64, *ddFailure) {
	if job.to == "" {
		_, _ = c.Stdout.Write(data)
		return int64(len(data)), nil
	}
	if c.device(job.to) != "" {
		if err := c.write(job.to, data, 0); err != nil {
			return 0, &ddFailure{"error writing " + quote(job.to), err}
		}
		return int64(len(data)), nil
	}
	flags := storage.Write | storage.Create
	if job.conversions["nocreat"] {
		flags = storage.Write
	}
	if job.conversions["excl"] {
		flags |= storage.Exclusive
	}
	start := bounded(job.seek, job.outSize)
	if !job.conversions["notrunc"] && !job.conversions["append"] && start == 0 {
		flags |= storage.Truncate
	}
	if err := c.files().WriteFile(job.to, nil, 0o644, flags); err != nil {
		return 0, &ddFailure{"failed to open " + quote(job.to), err}
	}
	if info, err := c.files().Stat(job.to); err == nil && job.conversions["append"] {
		start = info.Size
	}
	if !job.conversions["notrunc"] && start > 0 && !job.conversions["append"] {
		if err := c.files().Truncate(job.to, start); err != nil {
			return 0, &ddFailure{fmt.Sprintf("failed to truncate to %d bytes in output file %s", start, quote(job.to)), err}
		}
	}
	err := c.files().WriteAt(job.to, data, start)
	if err == nil {
		return int64(len(data)), nil
	}
	written := int64(0)
	if info, failed := c.files().Stat(job.to); failed == nil {
		written = min(max(info.Size-start, 0), int64(len(data)))
	}
	return written, &ddFailure{"error writing " + quote(job.to), err}
}

// ddSize is a number of bytes, with rounder units behind it.
func ddSize(size int64) string {
	text := fmt.Sprintf("%d bytes", size)
	if size == 1 {
		text = "1 byte"
	}
	var units []string
	for _, system := range []struct {
		base  float64
		names []string
	}{{1000, []string{"kB", "MB", "GB"}}, {1024, []string{"KiB", "MiB", "GiB"}}} {
		value, unit := float64(size), -1
		for value >= system.base && unit < 2 {
			value /= system.base
			unit++
		}
		if unit >= 0 {
			number := fmt.Sprintf("%.1f", value)
			if value >= 9.95 {
				number = fmt.Sprintf("%.0f", value)
			}
			units = append(units, number+" "+system.names[unit])
		}
	}
	if len(units) > 0 {
		text += " (" + strings.Join(units, ", ") + ")"
	}
	return text
}
