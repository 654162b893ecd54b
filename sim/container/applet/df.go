package applet

import (
	"math"
	"strconv"

	"github.com/stsim/stsim/storage"
)

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
		used := mount.Tree.Used() + mount.Taken
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
