package mysql

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// chunkMagic begins every chunk of a stream (storage/innobase/xtrabackup/src/xbstream.h of Percona XtraBackup).
const chunkMagic = "XBSTCK01"

// chunk is one file of a stream, and its end.
func chunk(name string, content []byte) []byte {
	b := []byte(chunkMagic)
	b = append(b, 0, 'P')
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
	b = append(b, name...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(content)))
	b = binary.LittleEndian.AppendUint64(b, 0)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(content))
	b = append(b, content...)
	b = append(b, chunkMagic...)
	b = append(b, 0, 'E')
	b = binary.LittleEndian.AppendUint32(b, uint32(len(name)))
	return append(b, name...)
}

// unchunk cuts a chunk off a stream; content is nil for the end of a file.
func unchunk(data []byte) (name string, content, rest []byte, ok bool) {
	if len(data) < 14 || string(data[:8]) != chunkMagic {
		return "", nil, nil, false
	}
	kind, length := data[9], binary.LittleEndian.Uint32(data[10:])
	data = data[14:]
	if uint64(length) > uint64(len(data)) {
		return "", nil, nil, false
	}
	name, data = string(data[:length]), data[length:]
	if kind == 'E' {
		return name, nil, data, true
	}
	if kind != 'P' || len(data) < 20 {
		return "", nil, nil, false
	}
	size, sum := binary.LittleEndian.Uint64(data), binary.LittleEndian.Uint32(data[16:])
	data = data[20:]
	if size > uint64(len(data)) || crc32.ChecksumIEEE(data[:size]) != sum {
		return "", nil, nil, false
	}
	return name, append([]byte{}, data[:size]...), data[size:], true
}

// xbstream -x takes a stream apart into files.
func xbstream(c *applet.Call) applet.Outcome {
	directory, extract := c.Dir, false
	for i := 1; i < len(c.Args); i++ {
		switch arg := c.Args[i]; {
		case arg == "-x" || arg == "--extract":
			extract = true
		case arg == "-C" && i+1 < len(c.Args):
			i++
			directory = c.Args[i]
		case strings.HasPrefix(arg, "--directory="):
			directory = strings.TrimPrefix(arg, "--directory=")
		case arg == "-v" || strings.HasPrefix(arg, "-p"):
		default:
			fmt.Fprintf(c.Stderr, "xbstream: unknown option '%s'\nhint: the simulated xbstream knows -x -C\n", arg)
			return applet.Exit(1)
		}
	}
	if !extract {
		fmt.Fprint(c.Stderr, "xbstream: expected -x; making a stream of files (-c) is not simulated\n")
		return applet.Exit(1)
	}
	in := c.Stdin
	if in == nil {
		in = &applet.Stdin{Closed: true}
	}
	if !in.Closed {
		return applet.Outcome{Block: &applet.Block{Input: true}}
	}
	data := in.Data
	in.Data = nil
	files := c.System.Files().In(c.Dir)
	for len(data) > 0 {
		name, content, rest, ok := unchunk(data)
		if !ok || path.IsAbs(name) || strings.Contains(name, "..") {
			fmt.Fprint(c.Stderr, "xb_stream_read_chunk(): wrong chunk magic at offset 0x0.\n")
			return applet.Exit(1)
		}
		data = rest
		if content == nil {
			continue
		}
		place := path.Join(directory, name)
		err := files.MkdirAll(path.Dir(place), 0o750)
		if err == nil {
			err = files.WriteFile(place, content, 0o640, storage.Create|storage.Write|storage.Exclusive)
		}
		if err != nil {
			fmt.Fprintf(c.Stderr, "xbstream: Can't create/write to file '%s' (%v)\n", name, err)
			return applet.Exit(1)
		}
	}
	return applet.Exit(0)
}
