package applet

import (
	"fmt"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/stsim/stsim/storage"
)

// diffEdit is one change: lines of a from aFrom to aTo (not included) become lines of b.
type diffEdit struct{ aFrom, aTo, bFrom, bTo int }

// maxDiffCells bounds the work of comparing; beyond it, all that is between the equal ends counts as one change.
const maxDiffCells = 16 << 20

// diffLines finds the changes between two texts by their longest common subsequence.
func diffLines(a, b []string) []diffEdit {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	n, m := endA-start, endB-start
	if n == 0 && m == 0 {
		return nil
	}
	if n == 0 || m == 0 || n*m > maxDiffCells {
		return []diffEdit{{start, endA, start, endB}}
	}
	// length[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	length := make([][]int32, n+1)
	for i := range length {
		length[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if a[start+i] == b[start+j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var edits []diffEdit
	i, j := 0, 0
	for i < n || j < m {
		if i < n && j < m && a[start+i] == b[start+j] {
			i, j = i+1, j+1
			continue
		}
		edit := diffEdit{aFrom: start + i, bFrom: start + j}
		for i < n || j < m {
			if i < n && j < m && a[start+i] == b[start+j] {
				break
			}
			if j >= m || i < n && length[i+1][j] >= length[i][j+1] {
				i++
			} else {
				j++
			}
		}
		edit.aTo, edit.bTo = start+i, start+j
		edits = append(edits, edit)
	}
	return edits
}

// diff compares files, or directories with -r.
func diff(c *Call) Outcome {
	o, outcome, ok := c.options("uU:qrNiwbBacs", "unified;", "brief=q", "recursive=r", "new-file=N", "ignore-case=i", "ignore-all-space=w", "ignore-space-change=b", "ignore-blank-lines=B", "text=a", "label:", "color;", "report-identical-files=s")
	if !ok {
		return outcome
	}
	if o.has("c", "B") {
		return c.fail(2, "the flags -c and -B are not simulated; hint: diff -u")
	}
	if len(o.operands) != 2 {
		return c.missingOperand(o.operands)
	}
	a, b := o.operands[0], o.operands[1]
	infoA, errA := c.files().Stat(a)
	infoB, errB := c.files().Stat(b)
	dirA, dirB := errA == nil && infoA.IsDir(), errB == nil && infoB.IsDir()
	switch {
	case dirA && dirB:
		return Exit(c.diffDirectories(o, a, b))
	case dirA:
		a = joinPath(a, path.Base(b))
	case dirB:
		b = joinPath(b, path.Base(a))
	}
	if c.isStdin(a) || c.isStdin(b) {
		if outcome, ok := c.awaitInput(); !ok {
			return outcome
		}
	}
	return Exit(c.diffFiles(o, a, b, ""))
}

// diffDirectories compares what is in two directories.
func (c *Call) diffDirectories(o options, a, b string) int {
	listA, errA := c.files().ReadDir(a)
	listB, errB := c.files().ReadDir(b)
	for _, problem := range []struct {
		name string
		err  error
	}{{a, errA}, {b, errB}} {
		if problem.err != nil {
			c.errorf("%s: %s", problem.name, reason(problem.err))
			return 2
		}
	}
	inA, inB := map[string]storage.Info{}, map[string]storage.Info{}
	var names []string
	for _, info := range listA {
		inA[info.Name] = info
		names = append(names, info.Name)
	}
	for _, info := range listB {
		inB[info.Name] = info
		if _, known := inA[info.Name]; !known {
			names = append(names, info.Name)
		}
	}
	sort.Strings(names)
	code := 0
	for _, name := range names {
		left, hasA := inA[name]
		right, hasB := inB[name]
		nameA, nameB := joinPath(a, name), joinPath(b, name)
		switch {
		case !hasA && !o.has("N"):
			c.printf("Only in %s: %s\n", b, name)
			code = max(code, 1)
		case !hasB && !o.has("N"):
			c.printf("Only in %s: %s\n", a, name)
			code = max(code, 1)
		case left.IsDir() && right.IsDir():
			if o.has("r") {
				code = max(code, c.diffDirectories(o, nameA, nameB))
			} else {
				c.printf("Common subdirectories: %s and %s\n", nameA, nameB)
			}
		default:
			flags := ""
			for _, use := range o.used {
				flags += " -" + strings.Repeat("-", min(len(use.key)-1, 1)) + use.key
			}
			code = max(code, c.diffFiles(o, nameA, nameB, "diff"+flags+" "+nameA+" "+nameB+"\n"))
		}
	}
	return code
}

// diffFiles compares two files; title comes before the changes.
func (c *Call) diffFiles(o options, nameA, nameB, title string) int {
	var texts [2][]string
	var complete [2]bool
	var times [2]time.Time
	for i, name := range []string{nameA, nameB} {
		data, err := c.read(name)
		info, _ := c.files().Stat(name)
		times[i] = info.ModTime
		if name == "-" {
			times[i] = c.System.Now()
		}
		if err != nil && !o.has("N") {
			c.errorf("%s: %s", name, reason(err))
			return 2
		}
		texts[i], complete[i] = splitLines(data)
	}
	keys := [2][]string{}
	for i, lines := range texts {
		for j, line := range lines {
			keys[i] = append(keys[i], diffKey(o, line, j == len(lines)-1 && !complete[i]))
		}
	}
	edits := diffLines(keys[0], keys[1])
	if len(edits) == 0 {
		if o.has("s") {
			c.printf("Files %s and %s are identical\n", nameA, nameB)
		}
		return 0
	}
	if o.has("q") {
		c.printf("Files %s and %s differ\n", nameA, nameB)
		return 1
	}
	c.print(title)
	line := func(mark string, side, i int) {
		c.print(mark + texts[side][i] + "\n")
		if i == len(texts[side])-1 && !complete[side] {
			c.print("\\ No newline at end of file\n")
		}
	}
	if !o.has("u", "U", "unified") {
		for _, e := range edits {
			c.diffNormal(e, line)
		}
		return 1
	}
	context := 3
	if text := o.value("U", o.value("unified", "")); text != "" {
		if _, err := fmt.Sscan(text, &context); err != nil || context < 0 {
			c.errorf("invalid context length %s", quote(text))
			return 2
		}
	}
	labels := o.values("label")
	for i, mark := range []string{"--- ", "+++ "} {
		label := []string{nameA, nameB}[i] + "\t" + times[i].UTC().Format("2006-01-02 15:04:05.000000000 -0700")
		if i < len(labels) {
			label = labels[i]
		}
		c.print(mark + label + "\n")
	}
	c.diffUnified(edits, context, len(texts[0]), len(texts[1]), line)
	return 1
}

// diffKey is what of a line counts when comparing.
func diffKey(o options, line string, open bool) string {
	if o.has("i") {
		line = strings.ToLower(line)
	}
	switch {
	case o.has("w"):
		return strings.Join(strings.Fields(line), "")
	case o.has("b"):
		return strings.TrimRight(strings.Join(strings.Fields(" x"+line), " "), " ")
	case open:
		return line + "\n\\" // a line without its newline differs from one with it
	}
	return line
}
