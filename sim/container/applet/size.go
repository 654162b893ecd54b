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
