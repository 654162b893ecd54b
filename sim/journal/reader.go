package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/stsim/stsim/sim"
)

// Reader reads a journal from its beginning.
type Reader struct {
	Header Header

	source io.ReaderAt
	size   int64
	in     *bufio.Reader
	offset int64  // where the next frame begins
	number uint32 // of the next frame
	ended  bool
}

// DamagedError says that a journal has a damaged frame in its middle.
type DamagedError struct {
	Offset int64 // of the frame, in bytes
	Whole  int64 // where a whole frame follows, in bytes; 0 when the frame itself is whole and makes no sense
	Why    string
}

// Error implements [error].
func (e *DamagedError) Error() string {
	if e.Whole == 0 {
		return fmt.Sprintf("damaged at byte %d: %s", e.Offset, e.Why)
	}
	return fmt.Sprintf("damaged at byte %d: %s, and a whole record follows at byte %d", e.Offset, e.Why, e.Whole)
}

// FormatError says that a file is no journal, or one of another format.
type FormatError struct{ Found string }

// Error implements [error].
func (e *FormatError) Error() string {
	if format, is := strings.CutPrefix(e.Found, magicWords); is {
		return fmt.Sprintf("expected a journal of format 1, found format %q", strings.TrimRight(format, "\n"))
	}
	return fmt.Sprintf("expected a journal of stsim, which begins with %q, found %q", strings.TrimSpace(magic), e.Found)
}

// NewReader reads the header of a journal of a length in bytes.
//
// Errors: a [FormatError], a [DamagedError], or what the source says.
func NewReader(source io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{source: source, size: size, in: bufio.NewReaderSize(io.NewSectionReader(source, 0, size), int(min(size, 1<<16)))}
	line, err := r.in.Peek(int(min(size, int64(len(magic)))))
	if err != nil {
		return nil, err
	}
	if string(line) != magic {
		return nil, &FormatError{Found: string(line)}
	}
	_, _ = r.in.Discard(len(magic)) // it is there
	r.offset = int64(len(magic))
	content, err := r.frame()
	if errors.Is(err, io.EOF) {
		err = &DamagedError{Offset: r.offset, Why: "the header is not complete"}
	}
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r.Header); err != nil {
		return nil, &DamagedError{Offset: int64(len(magic)), Why: "the header cannot be read: " + err.Error()}
	}
	return r, nil
}

// Next reads the next record; [io.EOF] comes after the last one that is whole.
//
// Errors: a [DamagedError], or what the source says.
func (r *Reader) Next() (sim.Recorded, error) {
	if r.ended {
		return sim.Recorded{}, io.EOF
	}
	at := r.offset
	content, err := r.frame()
	if err != nil {
		r.ended = errors.Is(err, io.EOF)
		return sim.Recorded{}, err
	}
	recorded, err := parseRecord(content)
	if err != nil {
		return recorded, &DamagedError{Offset: at, Why: err.Error()}
	}
	return recorded, nil
}

// Offset is how many bytes have been read: at the end, where the next record belongs.
func (r *Reader) Offset() int64 { return r.offset }

// Number is the number of the next record.
func (r *Reader) Number() uint32 { return r.number }

// Torn is how many bytes at the end are the beginning of a record that was never written to its end. It is known after the last record.
func (r *Reader) Torn() int64 { return r.size - r.offset }

// frame reads the next frame. At the end, or when all that is left is a torn one, the error is [io.EOF].
func (r *Reader) frame() ([]byte, error) {
	content, why, err := r.wholeFrame()
	switch {
	case err != nil:
		return nil, err
	case why == "":
		r.offset += headSize + int64(len(content))
		r.number++
		return content, nil
	case r.offset == r.size:
		return nil, io.EOF
	}
	whole, err := r.wholeAfter(r.offset + 1)
	switch {
	case err != nil:
		return nil, err
	case whole > 0:
		return nil, &DamagedError{Offset: r.offset, Whole: whole, Why: why}
	}
	return nil, io.EOF
}

// wholeFrame reads a frame, or says why that cannot be.
func (r *Reader) wholeFrame() (content []byte, why string, err error) {
	left := r.size - r.offset
	if left < headSize {
		return nil, "the record ends early", nil
	}
	data, err := r.in.Peek(headSize)
	if err != nil {
		return nil, "", err
	}
	h, ok := parseHead(data)
	switch {
	case !ok:
		return nil, "expected a record", nil
	case int64(h.length) > left-headSize:
		return nil, "the record ends early", nil
	case h.number != r.number:
		return nil, fmt.Sprintf("expected record %d, found %d", r.number, h.number), nil
	}
	first := [headSize]byte(data)
	_, _ = r.in.Discard(headSize) // it is there
	content = make([]byte, h.length)
	if _, err := io.ReadFull(r.in, content); err != nil {
		return nil, "", err
	}
	if checksum(first[:], content) != h.sum {
		return nil, "the checksum is wrong", nil
	}
	return content, "", nil
}

const (
	// searchStep is how much is searched at a time for a whole frame.
	searchStep = 1 << 20
	// searchLimit bounds how much of what looks like frames is read in a search. A file that needs more was made to.
	searchLimit = 512 << 20
)

// wholeAfter finds a whole frame with a later number from a position on; 0 when there is none.
func (r *Reader) wholeAfter(from int64) (int64, error) {
	buffer := make([]byte, min(searchStep, max(r.size-from, 0)))
	spent := int64(0)
	for at := from; at+headSize <= r.size; {
		read, err := r.source.ReadAt(buffer[:min(int64(len(buffer)), r.size-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		window := buffer[:read]
		for skipped := 0; ; {
			found := bytes.Index(window[skipped:], []byte(marker))
			if found < 0 {
				break
			}
			skipped += found
			if r.isWhole(at+int64(skipped), &spent) {
				return at + int64(skipped), nil
			}
			skipped++
		}
		if at+int64(read) >= r.size || read < len(marker) {
			break
		}
		at += int64(read) - int64(len(marker)) + 1
	}
	return 0, nil
}

// isWhole says whether there is a whole frame at a position whose number is still to come.
func (r *Reader) isWhole(at int64, spent *int64) bool {
	var first [headSize]byte
	if at+headSize > r.size {
		return false
	}
	if _, err := r.source.ReadAt(first[:], at); err != nil {
		return false
	}
	h, ok := parseHead(first[:])
	if !ok || h.number < r.number || at+headSize+int64(h.length) > r.size {
		return false
	}
	if *spent += int64(h.length); *spent > searchLimit {
		return true // better to refuse a file than to cut it
	}
	content := make([]byte, h.length)
	if _, err := r.source.ReadAt(content, at+headSize); err != nil {
		return false
	}
	return checksum(first[:], content) == h.sum
}

// Each gives every record that is left to take, and the point of the last one back.
//
// Errors: those of Next, and take's.
func (r *Reader) Each(take func(sim.Recorded) error) (last sim.Point, err error) {
	for {
		recorded, err := r.Next()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, err
		}
		if err := take(recorded); err != nil {
			return last, err
		}
		last = recorded.Point
	}
}
