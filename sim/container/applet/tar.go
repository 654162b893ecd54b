package applet

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/stsim/stsim/storage"
)

// tarOptions reads the command line, in which the first word may be a bundle of flags without a dash ("tar cf - dir").
func (c *Call) tarOptions() (options, Outcome, bool) {
	args := append([]string(nil), c.Args...)
	if len(args) > 1 && !strings.HasPrefix(args[1], "-") {
		// In a bundle the values follow in the order of the letters.
		var flags []string
		rest := args[2:]
		for _, letter := range args[1] {
			flag := "-" + string(letter)
			if strings.ContainsRune("fCTX", letter) {
				if len(rest) == 0 {
					return options{}, c.fail(2, "Old option '%c' requires an argument.", letter), false
				}
				flag += rest[0]
				rest = rest[1:]
			}
			flags = append(flags, flag)
		}
		args = append(append(args[:1:1], flags...), rest...)
	}
	copied := *c
	copied.Args = args
	return copied.options("cxtf:vC:zmpokhPO", "create=c", "extract=x", "get=x", "list=t", "file=f", "verbose=v", "directory=C", "gzip=z", "touch=m", "no-same-owner=o",
		"preserve-permissions=p", "same-permissions=p", "no-same-permissions", "same-owner", "keep-old-files=k", "to-stdout=O", "exclude:", "strip-components:", "no-overwrite-dir", "numeric-owner", "warning:", "overwrite")
}

// tarCommand packs and unpacks archives.
func tarCommand(c *Call) Outcome {
	o, outcome, ok := c.tarOptions()
	if !ok {
		return outcome
	}
	dir := c.Dir
	for _, value := range o.values("C") {
		if !path.IsAbs(value) {
			value = path.Join(dir, value)
		}
		dir = value
		if info, err := c.files().Stat(dir); err != nil || !info.IsDir() {
			if err == nil {
				err = storage.ErrNotDirectory
			}
			c.errorf("%s: Cannot open: %s", value, reason(err))
			c.errorf("Error is not recoverable: exiting now")
			return Exit(2)
		}
	}
	t := &tarRun{Call: c, o: o, files: c.System.Files().In(dir), names: o.operands}
	switch o.last("c", "x", "t") {
	case "c":
		return t.create()
	case "":
		c.errorf("You must specify one of the '-ctx' options")
		return Exit(2)
	}
	name := o.value("f", "-")
	if c.isStdin(name) {
		if outcome, ok := c.awaitInput(); !ok {
			return outcome
		}
	}
	data, err := c.read(name)
	if err != nil {
		c.errorf("%s: Cannot open: %s", name, reason(err))
		c.errorf("Error is not recoverable: exiting now")
		return Exit(2)
	}
	return t.unpack(data)
}

type tarRun struct {
	*Call
	o      options
	files  *storage.FileSystem
	names  []string
	failed bool
}

func (t *tarRun) problem(format string, values ...any) {
	t.errorf(format, values...)
	t.failed = true
}

// verbose is where -v writes: stderr when the archive or its content goes to stdout.
func (t *tarRun) verbose() io.Writer {
	if t.o.has("c") && t.o.value("f", "-") == "-" || t.o.has("O") {
		return t.Stderr
	}
	return t.Stdout
}

func (t *tarRun) excluded(name string) bool {
	for _, pattern := range t.o.values("exclude") {
		glob, err := globPattern(pattern, false)
		if err == nil && (glob.MatchString(name) || glob.MatchString(path.Base(name))) {
			return true
		}
	}
	return false
}

// create packs files.
func (t *tarRun) create() Outcome {
	if len(t.names) == 0 {
		t.errorf("Cowardly refusing to create an empty archive")
		return Exit(2)
	}
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	links := map[[2]uint64]string{}
	told := false
	for _, name := range t.names {
		if strings.HasPrefix(name, "/") && !told && !t.o.has("P") {
			t.errorf("Removing leading `/' from member names")
			told = true
		}
		if _, err := t.files.Lstat(name); err != nil {
			t.problem("%s: Cannot stat: %s", name, reason(err))
			continue
		}
		err := t.files.Walk(name, func(below string, info storage.Info, err error) error {
			if err != nil {
				t.problem("%s: Cannot open: %s", below, reason(err))
				return nil
			}
			if t.excluded(below) {
				if info.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			return t.add(writer, below, info, links)
		})
		if err != nil {
			t.problem("%s: %s", name, reason(err))
		}
	}
	if err := writer.Close(); err != nil {
		t.problem("%v", err)
	}
	archive := out.Bytes()
	if t.o.has("z") {
		archive = compress(archive)
	}
	if name := t.o.value("f", "-"); name != "-" {
		if err := t.write(name, archive, storage.Truncate); err != nil {
			t.errorf("%s: Cannot open: %s", name, reason(err))
			return Exit(2)
		}
	} else {
		_, _ = t.Stdout.Write(archive)
	}
	if t.failed {
		t.errorf("Exiting with failure status due to previous errors")
		return Exit(2)
	}
	return Exit(0)
}

// add packs one file.
func (t *tarRun) add(writer *tar.Writer, name string, info storage.Info, links map[[2]uint64]string) error {
	member := name
	if !t.o.has("P") {
		member = strings.TrimLeft(name, "/")
	}
	if member == "" {
		member = "./"
	}
	header := &tar.Header{Name: member, Uid: info.UID, Gid: info.GID, Uname: t.userName(info.UID), Gname: t.groupName(info.GID), ModTime: info.ModTime}
	for _, special := range specialBits {
		if info.Mode&special.mode != 0 {
			header.Mode |= int64(special.value)
		}
	}
	header.Mode |= int64(info.Mode.Perm())
	var data string
	var err error
	key := [2]uint64{uint64(info.Mount), info.Inode}
	switch {
	case info.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, strings.TrimSuffix(member, "/")+"/"
	case info.Mode&fs.ModeSymlink != 0:
		header.Typeflag = tar.TypeSymlink
		header.Linkname, err = t.files.Readlink(name)
	case info.Device != "":
		t.problem("%s: device files are not simulated in archives; file ignored", name)
		return nil
	case info.Links > 1 && links[key] != "":
		header.Typeflag, header.Linkname = tar.TypeLink, links[key]
	default:
		links[key] = member
		header.Typeflag, header.Size = tar.TypeReg, info.Size
		data, err = t.files.ReadText(name)
	}
	if err != nil {
		t.problem("%s: Cannot open: %s", name, reason(err))
		return nil
	}
	if t.o.has("v") {
		fmt.Fprintln(t.verbose(), header.Name)
	}
	if err := writer.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.WriteString(writer, data)
	return err
}

// compress makes gzip data that depends on nothing but its input.
func compress(data []byte) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = writer.Write(data)
	_ = writer.Close()
	return out.Bytes()
}

var errTooLarge = errors.New("more data than a file may have")

// decompress undoes gzip, within the size of a file.
func decompress(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(reader, storage.MaxFileSize+1))
	if err == nil && len(out) > storage.MaxFileSize {
		err = errTooLarge
	}
	return out, err
}
