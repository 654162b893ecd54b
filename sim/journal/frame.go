package journal

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/stsim/stsim/sim"
)

// magic begins every journal; the number is that of the format.
const (
	magicWords = "stsim journal "
	magic      = magicWords + "1\n"
)

// marker begins every frame: bytes that no text has.
const marker = "\xf5\x9a\xc3\x00"

// headSize is how long a frame is without its content.
const headSize = 16

// MaxContent bounds the content of a frame, in bytes.
const MaxContent = 64 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header is what a history begins with.
type Header struct {
	Program string      // name and version of what recorded it: another one may take other ways
	Options sim.Options // of the cluster, as far as they are data
}

// appendFrame writes a frame.
func appendFrame(data []byte, number uint32, content []byte) []byte {
	begin := len(data)
	data = append(data, marker...)
	data = binary.LittleEndian.AppendUint32(data, number)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(content)))
	data = binary.LittleEndian.AppendUint32(data, checksum(data[begin:], content))
	return append(data, content...)
}

func checksum(head, content []byte) uint32 {
	return crc32.Update(crc32.Checksum(head[:12], castagnoli), castagnoli, content)
}

// head is the beginning of a frame, read.
type head struct {
	number, length, sum uint32
}

func parseHead(data []byte) (h head, ok bool) {
	if len(data) < headSize || string(data[:len(marker)]) != marker {
		return head{}, false
	}
	h = head{binary.LittleEndian.Uint32(data[4:]), binary.LittleEndian.Uint32(data[8:]), binary.LittleEndian.Uint32(data[12:])}
	return h, h.length <= MaxContent
}

// Begin is what a journal begins with: the first line and the header.
//
// Errors: the options are not data only.
func Begin(header Header) ([]byte, error) {
	if header.Options.Chooser != nil || header.Options.Loops != nil {
		return nil, errors.New("a cluster with a Chooser or control loops of its own cannot be written down: they are no data")
	}
	content, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("writing the header of a journal: %w", err)
	}
	return appendFrame([]byte(magic), 0, content), nil
}

// Append adds a record, which must be given the next number, from 1 on, to a journal.
//
// Errors: the input is too long.
func Append(data []byte, number uint32, recorded sim.Recorded) ([]byte, error) {
	content := binary.AppendUvarint(make([]byte, 0, 40+len(recorded.Input)), recorded.Events)
	content = binary.AppendVarint(content, recorded.At.UnixNano())
	content = binary.AppendUvarint(content, recorded.Revision)
	content = binary.AppendUvarint(content, recorded.Identities)
	content = append(content, recorded.Input...)
	if len(content) > MaxContent {
		return data, fmt.Errorf("expected an input of at most %d bytes, found %d", MaxContent, len(recorded.Input))
	}
	return appendFrame(data, number, content), nil
}

// parseRecord reads the content of a frame beyond the first.
func parseRecord(content []byte) (recorded sim.Recorded, err error) {
	var at int64
	for field := range 4 {
		var size int
		switch field {
		case 0:
			recorded.Events, size = binary.Uvarint(content)
		case 1:
			at, size = binary.Varint(content)
		case 2:
			recorded.Revision, size = binary.Uvarint(content)
		case 3:
			recorded.Identities, size = binary.Uvarint(content)
		}
		if size <= 0 {
			return recorded, errors.New("expected four numbers that say when it was")
		}
		content = content[size:]
	}
	recorded.At = time.Unix(0, at).UTC()
	if len(content) > 0 {
		recorded.Input = content
	}
	return recorded, nil
}
