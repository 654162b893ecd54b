package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
)

func recordAt(i int) sim.Recorded {
	input, err := sim.Input{Do: sim.DoType, Number: i, Data: bytes.Repeat([]byte{byte(i)}, i*7%50)}.MarshalBinary()
	if err != nil {
		panic(err)
	}
	if i%3 == 0 {
		input = nil
	}
	return sim.Recorded{Input: input, Point: sim.Point{Events: uint64(i) * 5, At: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC), Revision: uint64(i), Identities: 2}}
}

func header() Header {
	return Header{Program: "v1", Options: sim.Options{Seed: 7, Nodes: 2, Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Without: []string{"job"}}}
}

// example is a journal of some records, and where each of its frames begins.
func example(t testing.TB, count int) (data []byte, begins []int) {
	t.Helper()
	data, err := Begin(header())
	if err != nil {
		t.Fatal(err)
	}
	begins = append(begins, len(magic))
	for i := 1; i <= count; i++ {
		begins = append(begins, len(data))
		if data, err = Append(data, uint32(i), recordAt(i)); err != nil {
			t.Fatal(err)
		}
	}
	return data, begins
}

// read reads all there is, with what is torn at the end.
func read(data []byte) (records []sim.Recorded, torn int64, err error) {
	reader, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, 0, err
	}
	_, err = reader.Each(func(recorded sim.Recorded) error {
		records = append(records, recorded)
		return nil
	})
	return records, reader.Torn(), err
}

func TestWhatWasWrittenIsRead(t *testing.T) {
	data, _ := example(t, 20)
	reader, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(reader.Header, header()) {
		t.Errorf("header %+v", reader.Header)
	}
	records, torn, err := read(data)
	if err != nil || torn != 0 || len(records) != 20 {
		t.Fatalf("%d records, %d torn, %v", len(records), torn, err)
	}
	for i, recorded := range records {
		if !reflect.DeepEqual(recorded, recordAt(i+1)) {
			t.Errorf("record %d: %+v", i+1, recorded)
		}
	}
}

// Wherever a journal ends early, what is whole before is read, and the rest is torn. Without its header it is refused.
func TestATornTailIsNoRecord(t *testing.T) {
	data, begins := example(t, 12)
	for cut := range data {
		records, torn, err := read(data[:cut])
		if cut < begins[1] {
			if err == nil {
				t.Errorf("cut at %d: a journal without a header was read", cut)
			}
			continue
		}
		whole := 0
		for whole+1 < len(begins) && begins[whole+1] <= cut {
			whole++
		}
		end := begins[whole]
		if err != nil || len(records) != whole-1 || torn != int64(cut-end) {
			t.Errorf("cut at %d: %d records, %d torn, %v; expected %d and %d", cut, len(records), torn, err, whole-1, cut-end)
		}
	}
	for _, tail := range []string{"\x00", strings.Repeat("\x00", 5000), marker, strings.Repeat(marker, 100), "garbage"} { // as a lost power supply may leave it
		if records, torn, err := read(append(bytes.Clone(data), tail...)); err != nil || len(records) != 12 || torn != int64(len(tail)) {
			t.Errorf("tail %.10q: %d records, %d torn, %v", tail, len(records), torn, err)
		}
	}
}

// Whichever byte is another one before the last record, the journal is refused. In the last record that cannot be told from a torn tail.
func TestADamagedMiddleIsRefused(t *testing.T) {
	data, begins := example(t, 12)
	for at := range data {
		broken := bytes.Clone(data)
		broken[at] ^= 0x10
		records, _, err := read(broken)
		var damaged *DamagedError
		var format *FormatError
		switch {
		case at < len(magic):
			if !errors.As(err, &format) {
				t.Errorf("byte %d: %v", at, err)
			}
		case at < begins[12]:
			if !errors.As(err, &damaged) || damaged.Offset > int64(at) {
				t.Errorf("byte %d: %d records and %v", at, len(records), err)
			}
		case err != nil || len(records) != 11:
			t.Errorf("byte %d of the last record: %d records and %v", at, len(records), err)
		}
	}
	swapped := slicesOf(data, begins)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	if _, _, err := read(bytes.Join(swapped, nil)); err == nil {
		t.Error("two records that changed places were read")
	}
	missing := slicesOf(data, begins)
	if _, _, err := read(bytes.Join(append(missing[:5], missing[6:]...), nil)); err == nil {
		t.Error("a journal that lacks a record was read")
	}
}

// slicesOf takes a journal apart: the first line, then frame by frame.
func slicesOf(data []byte, begins []int) (parts [][]byte) {
	parts = append(parts, data[:begins[0]])
	for i, begin := range begins {
		end := len(data)
		if i+1 < len(begins) {
			end = begins[i+1]
		}
		parts = append(parts, data[begin:end])
	}
	return parts
}

func TestOtherFilesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"apiVersion: v1\nkind: Pod\n":              "expected a journal of stsim",
		"stsim journal 2\nwhatever comes then....": `found format "2"`,
		"x":   "expected a journal of stsim",
		magic: "the header is not complete",
	} {
		if _, _, err := read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	unknown := appendFrame([]byte(magic), 0, []byte(`{"Program":"v1","Options":{"Moons":3}}`))
	if _, _, err := read(unknown); err == nil || !strings.Contains(err.Error(), "Moons") {
		t.Errorf("an option that this program does not know: %v", err)
	}
}

func ignore(Header) error { return nil }

func TestAFileGoesOnWhereItWasLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.stsim")
	if file, _, err := Open(path, ignore, nil); file != nil || err != nil {
		t.Fatalf("no file: %v, %v", file, err)
	}
	file, err := Create(path, header(), []sim.Recorded{recordAt(1), recordAt(2)})
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, _, err := Open(path, ignore, nil); !errors.As(err, &locked) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := Create(path, header(), nil); !errors.As(err, &locked) {
		t.Errorf("a second creation: %v", err)
	}
	file.Append(recordAt(3))
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, header(), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that holds something: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(bytes.Clone(whole), marker...), 0o600); err != nil {
		t.Fatal(err)
	}
	count := 0
	counting := func(sim.Recorded) error { count++; return nil }
	file, torn, err := Open(path, ignore, counting)
	if err != nil || torn != int64(len(marker)) || count != 3 {
		t.Fatalf("%d records, %d torn, %v", count, torn, err)
	}
	if number := file.Mark(recordAt(3).Point); number != 4 {
		t.Errorf("a mark where nothing has happened: %d", number)
	}
	here := recordAt(3).Point
	here.Events++
	if number := file.Mark(here); number != 5 || file.Wait(number) != nil {
		t.Errorf("a mark: %d", number)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if last, err := reader.Each(counting); err != nil || count != 7 || last != here {
		t.Errorf("%d records, the last at %v, %v", count, last, err)
	}
}

// What cannot be taken leaves the file as it is, the torn tail included.
func TestARefusedFileIsLeftUntouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.stsim")
	data, begins := example(t, 5)
	damaged := bytes.Clone(data)
	damaged[begins[3]+headSize]++
	refusal := errors.New("refused")
	for name, c := range map[string]struct {
		data  []byte
		begin func(Header) error
		take  func(sim.Recorded) error
	}{
		"header": {data[:len(data)-2], func(Header) error { return refusal }, nil},
		"record": {data[:len(data)-2], ignore, func(recorded sim.Recorded) error {
			if recorded.Events == 20 {
				return refusal
			}
			return nil
		}},
		"damage": {damaged, ignore, func(sim.Recorded) error { return nil }},
		"format": {[]byte("stsim journal 7\n...................."), ignore, nil},
	} {
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, _, err := Open(path, c.begin, c.take)
		if file != nil || err == nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, c.data) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// Many who wait share the work of the disk, and each one's record is there when its wait ends.
func TestWritersShareTheDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.stsim")
	file, err := Create(path, header(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for writer := range 8 {
		group.Go(func() {
			for range 20 {
				file.mu.Lock()
				file.append(recordAt(writer + 1))
				number := file.next
				file.mu.Unlock()
				if err := file.Wait(number); err != nil {
					t.Error(err)
				}
				if info, err := os.Stat(path); err != nil || info.Size() < int64(number) {
					t.Errorf("%v %v", info, err)
				}
			}
		})
	}
	group.Wait()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if records, torn, err := read(data); err != nil || torn != 0 || len(records) != 160 {
		t.Errorf("%d records, %d torn, %v", len(records), torn, err)
	}
}

func TestAFailingDiskIsToldToAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.stsim")
	file, err := Create(path, header(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = file.file.Close() // what follows cannot be written
	file.Append(recordAt(1))
	if err := file.Sync(); !errors.Is(err, os.ErrClosed) || file.Failure() == nil {
		t.Errorf("found %v", err)
	}
	<-file.Failed()
	file.Append(recordAt(2))
	if err := file.Wait(1); err == nil {
		t.Error("after the failure all seems well")
	}
}

func TestFoldersAndDevicesAreNoJournals(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{folder, os.DevNull} {
		if _, _, err := Open(path, ignore, nil); err == nil {
			t.Errorf("%s was opened", path)
		}
		if _, err := ReadFile(path); err == nil {
			t.Errorf("%s was read", path)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	recorded := recordAt(8)
	var data []byte
	for i := range b.N {
		data, _ = Append(data[:0], uint32(i), recorded)
	}
	b.SetBytes(int64(len(data)))
}

// BenchmarkSync is what a request waits for: one record on the disk.
func BenchmarkSync(b *testing.B) {
	file, err := Create(filepath.Join(b.TempDir(), fmt.Sprint("bench", b.N)), header(), nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		file.Append(recordAt(1))
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	_ = file.Close()
}
