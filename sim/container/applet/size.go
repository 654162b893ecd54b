package applet

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stsim/stsim/storage"
)

// blockSize is what a file takes in steps of, as on ext4.
const blockSize = 4096

// sizeOf is a file's size as ls shows it: a directory has one block.
func sizeOf(info storage.Info) int64 {
	if info.IsDir() {
		return blockSize
	}
	return info.Size
}

// blocksOf is what a file takes, in units of 1024 bytes.
func blocksOf(info storage.Info) int64 {
	if info.Mode&fs.ModeSymlink != 0 || info.Device != "" {
		return 0
	}
	return (sizeOf(info) + blockSize - 1) / blockSize * blockSize / 1024
}

// humanSize rounds up as ls -h, du -h and df -h do: 4.0K, 12K, 1.5G.
func humanSize(size int64) string {
	if size < 1024 {
		return strconv.FormatInt(size, 10)
	}
	value, unit := float64(size), -1
	for value >= 1024 && unit < 5 {
		value /= 1024
		unit++
	}
	if tenths := math.Ceil(value * 10); tenths < 100 {
		return fmt.Sprintf("%.1f%c", tenths/10, "KMGTPE"[unit])
	}
	if value = math.Ceil(value); value >= 1024 && unit < 5 {
		return fmt.Sprintf("%.1f%c", value/1024, "KMGTPE"[unit+1])
	}
	return fmt.Sprintf("%.0f%c", value, "KMGTPE"[unit])
}

// deviceNumbers are the major and minor numbers of a device as Linux has them.
func deviceNumbers(kind string) string {
	known := map[string]string{"null": "1, 3", "zero": "1, 5", "full": "1, 7", "random": "1, 8", "urandom": "1, 9", "tty": "5, 0", "console": "5, 1"}
	if numbers, ok := known[kind]; ok {
		return numbers
	}
	return "136, 0"
}

// inColumns sets names in as many columns as fit a line, going down each column.
func inColumns(names []string, line int) string {
	for rows := 1; rows < len(names); rows++ {
		columns := (len(names) + rows - 1) / rows
		widths := make([]int, columns)
		total := 0
		for i, name := range names {
			widths[i/rows] = max(widths[i/rows], utf8.RuneCountInString(name)+2)
		}
		for _, width := range widths {
			total += width
		}
		if total-2 > line {
			continue
		}
		var out strings.Builder
		for row := range rows {
			text := ""
			for column := range columns {
				if i := column*rows + row; i < len(names) {
					text += padRight(names[i], widths[column])
				}
			}
			out.WriteString(strings.TrimRight(text, " ") + "\n")
		}
		return out.String()
	}
	return strings.Join(names, "\n") + "\n"
}

// df shows how full the mounts are.
func df(c *Call) Outcome {
	o, outcome, ok := c.options("hHkTaPim", "human-readable=h", "si=H", "print-type=T", "all=a", "portability=P", "inodes=i")
	if !ok {
		return outcome
	}
	mounts := c.System.Files().Mounts()
	shown := make([]int, 0, len(mounts))
	failed := false
	for i := range mounts {
		if len(o.operands) == 0 {
			shown = append(shown, i)
		}
	}
	for _, name := range o.operands {
		info, err := c.files().Stat(name)
		if err != nil {
			c.errorf("%s: %s", name, reason(err))
			failed = true
			continue
		}
		shown = append(shown, info.Mount)
	}
	if len(shown) == 0 {
		return exitFailed(failed)
	}
	title, unit := "1K-blocks", int64(1024)
	switch o.last("h", "H", "k", "m") {
	case "h", "H":
		title, unit = "Size", 0
	case "m":
		title, unit = "1M-blocks", 1<<20
	}
	available, percent := "Available", "Use%"
	if unit == 0 {
		available = "Avail"
	}
	if o.has("P") && unit == 1024 {
		title, percent = "1024-blocks", "Capacity"
	}
	amount := func(size int64) string {
		if unit == 0 {
			return humanSize(size)
		}
		return strconv.FormatInt((size+unit-1)/unit, 10)
	}
	rows := [][]string{{padRight("Filesystem", 14), title, "Used", available, percent, "Mounted on"}}
	types := []string{"Type"}
	for _, i := range shown {
		mount := mounts[i]
		capacity := mount.Capacity
		if capacity == 0 {
			capacity = storage.MaxTreeBytes
		}
		used := mount.Tree.Used()
		share := int64(math.Ceil(float64(used) * 100 / float64(capacity)))
		source := mount.Source
		if source == "" {
			source = "none"
		}
		rows = append(rows, []string{source, amount(capacity), amount(used), amount(max(capacity-used, 0)), strconv.FormatInt(share, 10) + "%", mount.Path})
		types = append(types, mountType(mount))
	}
	right := map[int]bool{1: true, 2: true, 3: true, 4: true}
	if o.has("T") {
		for i := range rows {
			rows[i] = append(rows[i][:1:1], append([]string{types[i]}, rows[i][1:]...)...)
		}
		right = map[int]bool{2: true, 3: true, 4: true, 5: true}
	}
	for i := range rows {
		for j := range rows[i] {
			if (rows[0][j] == "Used" || rows[0][j] == "Size" || rows[0][j] == "Avail") && len(rows[0]) > 0 {
				rows[i][j] = padLeft(rows[i][j], 5)
			}
		}
	}
	c.print(layOut(rows, right, " "))
	return exitFailed(failed)
}

func mountType(mount storage.Mount) string {
	if mount.Type == "" {
		return "unknown"
	}
	return mount.Type
}

// mountCommand lists the mounts. Only the container runtime can make new ones.
func mountCommand(c *Call) Outcome {
	o, outcome, ok := c.options("lt:", "types=t")
	if !ok {
		return outcome
	}
	if len(o.operands) > 0 {
		return c.fail(1, "permission denied (are you root?)")
	}
	for _, mount := range c.System.Files().Mounts() {
		if o.has("t") && o.value("t", "") != mount.Type {
			continue
		}
		access := "rw"
		if mount.ReadOnly {
			access = "ro"
		}
		source := mount.Source
		if source == "" {
			source = "none"
		}
		c.printf("%s on %s type %s (%s,relatime)\n", source, mount.Path, mountType(mount), access)
	}
	return Exit(0)
}

// du adds up what files take.
func du(c *Call) Outcome {
	o, outcome, ok := c.options("shkacbmd:x", "summarize=s", "human-readable=h", "all=a", "total=c", "bytes=b", "max-depth=d")
	if !ok {
		return outcome
	}
	most := math.MaxInt
	if o.has("d") {
		depth, err := strconv.Atoi(o.value("d", ""))
		if err != nil || depth < 0 {
			return c.fail(1, "invalid maximum depth %s", quote(o.value("d", "")))
		}
		most = depth
	}
	if o.has("s") {
		most = 0
	}
	write := func(size int64, name string) {
		switch o.last("h", "b", "m", "k") {
		case "h":
			c.print(humanSize(size) + "\t" + name + "\n")
		case "b":
			c.printf("%d\t%s\n", size, name)
		case "m":
			c.printf("%d\t%s\n", (size+1<<20-1)>>20, name)
		default:
			c.printf("%d\t%s\n", (size+1023)/1024, name)
		}
	}
	seen := map[[2]uint64]bool{}
	failed := false
	var add func(name string, info storage.Info, depth int) int64
	add = func(name string, info storage.Info, depth int) int64 {
		key := [2]uint64{uint64(info.Mount), info.Inode}
		if !info.IsDir() && info.Links > 1 {
			if seen[key] {
				return 0
			}
			seen[key] = true
		}
		size := blocksOf(info) * 1024
		if o.has("b") {
			size = sizeOf(info)
		}
		if info.IsDir() {
			list, err := c.files().ReadDir(name)
			if err != nil {
				c.errorf("cannot read directory %s: %s", quote(name), reason(err))
				failed = true
			}
			for _, below := range list {
				size += add(joinPath(name, below.Name), below, depth+1)
			}
		}
		if depth <= most && (info.IsDir() || depth == 0 || o.has("a")) {
			write(size, name)
		}
		return size
	}
	names := o.operands
	if len(names) == 0 {
		names = []string{"."}
	}
	total := int64(0)
	for _, name := range names {
		info, err := c.files().Lstat(name)
		if err != nil {
			c.errorf("cannot access %s: %s", quote(name), reason(err))
			failed = true
			continue
		}
		total += add(name, info, 0)
	}
	if o.has("c") {
		write(total, "total")
	}
	return exitFailed(failed)
}
