package applet

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// unpack lists or extracts an archive.
func (t *tarRun) unpack(data []byte) Outcome {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		var err error
		if data, err = decompress(data); err != nil {
			t.errorf("gzip: %v", err)
			return Exit(2)
		}
	}
	strip, err := strconv.Atoi(t.o.value("strip-components", "0"))
	if err != nil || strip < 0 {
		return t.fail(2, "Invalid number of elements")
	}
	reader := tar.NewReader(bytes.NewReader(data))
	found := map[string]bool{}
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.errorf("This does not look like a tar archive")
			t.errorf("Exiting with failure status due to previous errors")
			return Exit(2)
		}
		if !t.wanted(header.Name, found) || t.excluded(strings.TrimSuffix(header.Name, "/")) {
			continue
		}
		if t.o.last("x", "t") == "t" {
			t.list(header)
			continue
		}
		if t.o.has("v") {
			fmt.Fprintln(t.verbose(), header.Name)
		}
		if err := t.extract(reader, header, strip); err != nil {
			t.problem("%s: Cannot open: %s", header.Name, reason(err))
		}
	}
	for _, name := range t.names {
		if !found[name] {
			t.problem("%s: Not found in archive", name)
		}
	}
	if t.failed {
		t.errorf("Exiting with failure status due to previous errors")
		return Exit(2)
	}
	return Exit(0)
}

// wanted says whether a member was asked for, by name or by a directory above it.
func (t *tarRun) wanted(member string, found map[string]bool) bool {
	wanted := len(t.names) == 0
	member = strings.TrimSuffix(member, "/")
	for _, name := range t.names {
		plain := strings.TrimSuffix(name, "/")
		if member == plain || strings.HasPrefix(member, plain+"/") {
			found[name], wanted = true, true
		}
	}
	return wanted
}

// list prints a member, with -v like ls -l.
func (t *tarRun) list(header *tar.Header) {
	if !t.o.has("v") {
		t.print(header.Name + "\n")
		return
	}
	info := storage.Info{Mode: header.FileInfo().Mode()}
	name := header.Name
	switch header.Typeflag {
	case tar.TypeSymlink:
		name += " -> " + header.Linkname
	case tar.TypeLink:
		name += " link to " + header.Linkname
	}
	user, group := header.Uname, header.Gname
	if user == "" {
		user, group = strconv.Itoa(header.Uid), strconv.Itoa(header.Gid)
	}
	t.printf("%s %s %s %s\n", modeText(info), padRight(user+"/"+group, 9), padLeft(strconv.FormatInt(header.Size, 10), 9), header.ModTime.UTC().Format("2006-01-02 15:04")+" "+name)
}

// extract makes a member's file. Names that lead out of the directory are refused, as every tar does.
func (t *tarRun) extract(reader io.Reader, header *tar.Header, strip int) error {
	if header.Size > storage.MaxFileSize {
		return storage.ErrTooLarge
	}
	data, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	if t.o.has("O") {
		_, err := t.Stdout.Write(data)
		return err
	}
	name := strings.TrimLeft(header.Name, "/")
	for _, element := range strings.Split(name, "/") {
		if element == ".." {
			t.problem("%s: Member name contains '..'", header.Name)
			return nil
		}
	}
	name = path.Clean(name)
	for range strip {
		_, rest, below := strings.Cut(name, "/")
		if !below {
			return nil
		}
		name = rest
	}
	mode := header.FileInfo().Mode()
	if t.files.Identity().UID != 0 && !t.o.has("p") {
		mode &^= 0o022
	}
	if dir := path.Dir(name); dir != "." {
		if err := t.files.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	old, failed := t.files.Lstat(name)
	if failed == nil && t.o.has("k") && !old.IsDir() {
		return storage.ErrExist
	}
	if failed == nil && !(old.IsDir() && header.Typeflag == tar.TypeDir) && name != "." {
		if err := t.files.Remove(name); err != nil {
			return err
		}
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if failed != nil {
			err = t.files.Mkdir(name, mode.Perm())
		}
	case tar.TypeSymlink:
		return t.files.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return t.files.Link(strings.TrimLeft(header.Linkname, "/"), name)
	case tar.TypeReg:
		err = t.files.WriteFile(name, data, mode.Perm(), storage.Write|storage.Create)
	default:
		t.problem("%s: special files are not simulated in archives; file ignored", header.Name)
		return nil
	}
	if err != nil {
		return err
	}
	return t.attributes(name, header, mode)
}

// attributes sets owner, mode and time. A directory that was there and belongs to somebody else keeps its own.
func (t *tarRun) attributes(name string, header *tar.Header, mode fs.FileMode) error {
	if t.files.Identity().UID == 0 && !t.o.has("o") {
		if err := t.files.Chown(name, header.Uid, header.Gid); err != nil {
			return err
		}
	}
	if err := t.files.Chmod(name, mode); err != nil && header.Typeflag != tar.TypeDir {
		return err
	}
	if t.o.has("m") {
		return nil
	}
	if err := t.files.Chtimes(name, header.ModTime); err != nil && header.Typeflag != tar.TypeDir {
		return err
	}
	return nil
}

// gzipCommand packs single files; under the names gunzip and zcat it unpacks them.
func gzipCommand(c *Call) Outcome {
	o, outcome, ok := c.options("dckfvn123456789qt", "decompress=d", "uncompress=d", "stdout=c", "to-stdout=c", "keep=k", "force=f", "verbose=v", "best=9", "fast=1", "no-name=n")
	if !ok {
		return outcome
	}
	unpacks := o.has("d") || c.name() == "gunzip" || c.name() == "zcat"
	toStdout := o.has("c") || c.name() == "zcat" || len(o.operands) == 0
	list, failed, outcome, ok := c.inputs(o.operands)
	if !ok {
		return outcome
	}
	for _, in := range list {
		target := in.name + ".gz"
		var data []byte
		if unpacks {
			var err error
			if data, err = decompress(in.data); err != nil {
				name := in.name
				if name == "-" {
					name = "stdin"
				}
				c.errorf("%s: not in gzip format", name)
				failed = true
				continue
			}
			if target, ok = strings.CutSuffix(in.name, ".gz"); !ok && !toStdout {
				if target, ok = strings.CutSuffix(in.name, ".tgz"); !ok {
					c.errorf("%s: unknown suffix -- ignored", in.name)
					failed = true
					continue
				}
				target += ".tar"
			}
		} else {
			data = compress(in.data)
		}
		if toStdout || in.name == "-" {
			_, _ = c.Stdout.Write(data)
			continue
		}
		if _, err := c.files().Lstat(target); err == nil && !o.has("f") {
			c.errorf("%s already exists; not overwritten", target)
			failed = true
			continue
		}
		if err := c.write(target, data, storage.Truncate); err != nil {
			c.errorf("%s: %s", target, reason(err))
			failed = true
			continue
		}
		if info, err := c.files().Stat(in.name); err == nil {
			_ = c.files().Chmod(target, info.Mode)
			_ = c.files().Chtimes(target, info.ModTime)
		}
		if !o.has("k") {
			if err := c.files().Remove(in.name); err != nil {
				c.errorf("%s: %s", in.name, reason(err))
				failed = true
			}
		}
	}
	return exitFailed(failed)
}
