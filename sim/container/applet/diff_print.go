package applet

import (
	"fmt"
)

// diffNormal prints a change in the form "2,3c2".
func (c *Call) diffNormal(e diffEdit, line func(mark string, side, i int)) {
	place := func(from, to int) string {
		if to-from <= 1 {
			return fmt.Sprint(max(to, from))
		}
		return fmt.Sprintf("%d,%d", from+1, to)
	}
	kind := "c"
	if e.aFrom == e.aTo {
		kind = "a"
	} else if e.bFrom == e.bTo {
		kind = "d"
	}
	c.print(place(e.aFrom, e.aTo) + kind + place(e.bFrom, e.bTo) + "\n")
	for i := e.aFrom; i < e.aTo; i++ {
		line("< ", 0, i)
	}
	if kind == "c" {
		c.print("---\n")
	}
	for i := e.bFrom; i < e.bTo; i++ {
		line("> ", 1, i)
	}
}

// diffUnified prints the changes with lines around them; changes close to each other share a hunk.
func (c *Call) diffUnified(edits []diffEdit, context, lengthA, lengthB int, line func(mark string, side, i int)) {
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && edits[n].aFrom-edits[n-1].aTo <= 2*context {
			n++
		}
		hunk := edits[:n]
		edits = edits[n:]
		fromA, fromB := max(hunk[0].aFrom-context, 0), max(hunk[0].bFrom-context, 0)
		toA, toB := min(hunk[n-1].aTo+context, lengthA), min(hunk[n-1].bTo+context, lengthB)
		place := func(from, to int) string {
			switch to - from {
			case 0:
				return fmt.Sprintf("%d,0", from)
			case 1:
				return fmt.Sprint(from + 1)
			}
			return fmt.Sprintf("%d,%d", from+1, to-from)
		}
		c.printf("@@ -%s +%s @@\n", place(fromA, toA), place(fromB, toB))
		at := fromA
		for _, e := range hunk {
			for ; at < e.aFrom; at++ {
				line(" ", 0, at)
			}
			for ; at < e.aTo; at++ {
				line("-", 0, at)
			}
			for i := e.bFrom; i < e.bTo; i++ {
				line("+", 1, i)
			}
		}
		for ; at < toA; at++ {
			line(" ", 0, at)
		}
	}
}
