package container

import (
	"strings"
	"sync/atomic"
	"time"
)

// Streams of output.
const (
	Stdout = 1
	Stderr = 2
)

// MaxLogBytes is how much of a container's output is kept before an older half goes: the kubelet's containerLogMaxSize. As with
// the kubelet, what has been rotated away is no longer in kubectl logs.
const MaxLogBytes = 10 << 20

// Chunk is a piece of output, as it was written.
type Chunk struct {
	At     time.Time // virtual
	Stream int       // Stdout or Stderr
	Data   string
}

// Line is one line of a log. A runtime cuts output into lines, stream by stream, and stamps each when it is complete.
type Line struct {
	At     time.Time
	Stream int
	Text   string // without its newline
}

// Log is output that only grows. It is an immutable value: Append gives a longer one, which shares what both have in common, so
// that a Log in a row costs little to extend and nothing to fork. The zero value is empty.
type Log struct {
	chunks  series[Chunk]
	lines   series[Line]
	partial [3]string // by stream: the beginning of a line whose end has not come yet
	bytes   int
}

// Append adds a piece of output. A log that grows beyond MaxLogBytes loses its older half.
func (l Log) Append(at time.Time, stream int, data string) Log {
	if data == "" {
		return l
	}
	l = l.inLines(at, stream, data)
	return l.AppendPiece(at, stream, data)
}

// AppendPiece is Append for output that nobody reads by lines.
func (l Log) AppendPiece(at time.Time, stream int, data string) Log {
	if data == "" {
		return l
	}
	l.chunks = l.chunks.append(Chunk{at, stream, data})
	l.bytes += len(data)
	if l.bytes > MaxLogBytes {
		l = l.rotated()
	}
	return l
}

func (l Log) inLines(at time.Time, stream int, data string) Log {
	for {
		text, rest, found := strings.Cut(data, "\n")
		if !found {
			l.partial[stream] += data
			return l
		}
		if l.partial[stream] != "" {
			text, l.partial[stream] = l.partial[stream]+text, ""
		}
		l.lines = l.lines.append(Line{at, stream, text})
		data = rest
	}
}

// ended completes the lines that had no newline, as a runtime does when the process is gone.
func (l Log) ended(at time.Time) Log {
	for _, stream := range []int{Stdout, Stderr} {
		if text := l.partial[stream]; text != "" {
			l.lines, l.partial[stream] = l.lines.append(Line{at, stream, text}), ""
		}
	}
	return l
}

// Chunks are the pieces from a position on (0 is the beginning), and the position after them.
func (l Log) Chunks(from int) ([]Chunk, int) { return l.chunks.from(from) }

// Lines are the complete lines from a position on (0 is the beginning), and the position after them.
func (l Log) Lines(from int) ([]Line, int) { return l.lines.from(from) }

func (l Log) rotated() Log {
	keep, size := len(l.chunks.items), 0
	for keep > 0 && size+len(l.chunks.items[keep-1].Data) <= MaxLogBytes/2 {
		keep--
		size += len(l.chunks.items[keep].Data)
	}
	lines, lineBytes := len(l.lines.items), 0
	for lines > 0 && lineBytes+len(l.lines.items[lines-1].Text) < MaxLogBytes/2 {
		lines--
		lineBytes += len(l.lines.items[lines].Text) + 1
	}
	l.chunks, l.lines, l.bytes = l.chunks.without(keep), l.lines.without(lines), size
	return l
}

// series is a list that only grows at its end. Versions of one series share an array: whoever first extends the newest version
// writes behind its end, where no other version looks; who extends an older one copies. Which of two forks is first makes no
// difference to what anyone reads.
type series[T any] struct {
	items []T
	start int           // position of items[0]
	used  *atomic.Int64 // how far the shared array is taken
}

func (s series[T]) append(item T) series[T] {
	length := int64(len(s.items))
	if s.used != nil && cap(s.items) > len(s.items) && s.used.CompareAndSwap(length, length+1) {
		s.items = append(s.items, item)
		return s
	}
	grown := make([]T, len(s.items), 2*len(s.items)+4)
	copy(grown, s.items)
	s.items = append(grown, item)
	s.used = &atomic.Int64{}
	s.used.Store(length + 1)
	return s
}

func (s series[T]) from(position int) ([]T, int) {
	end := s.start + len(s.items)
	if position < s.start {
		position = s.start
	}
	if position >= end {
		return nil, end
	}
	return s.items[position-s.start : len(s.items) : len(s.items)], end
}

func (s series[T]) without(count int) series[T] {
	kept := append([]T(nil), s.items[count:]...)
	used := &atomic.Int64{}
	used.Store(int64(len(kept)))
	return series[T]{items: kept, start: s.start + count, used: used}
}
