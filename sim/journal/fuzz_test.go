package journal

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
)

// FuzzRead reads what may be no journal. Whatever it is, reading ends, and says that it is another thing, that it is damaged, or what its records are. What is whole can be
// gone on with: cut where the reader says, and with a record appended, it is a journal with the same records and that one.
func FuzzRead(f *testing.F) {
	data, begins := example(f, 5)
	f.Add(data)
	f.Add(data[:begins[2]+9])                                         // torn within a head
	f.Add(append(bytes.Clone(data[:begins[3]]), data[begins[4]:]...)) // a record is missing; testdata has more that may happen
	f.Fuzz(func(t *testing.T, data []byte) {
		reader, err := NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			known(t, err, len(data))
			return
		}
		var records []sim.Recorded
		last, err := reader.Each(func(recorded sim.Recorded) error {
			records = append(records, recorded)
			var in sim.Input
			_ = in.UnmarshalBinary(recorded.Input) // what makes no sense is said, too
			return nil
		})
		if err != nil {
			known(t, err, len(data))
			return
		}
		if reader.Offset()+reader.Torn() != int64(len(data)) || int(reader.Number()) != len(records)+1 || len(records) > 0 && last != records[len(records)-1].Point {
			t.Fatalf("%d records, the next is %d, at %d of %d with %d torn", len(records), reader.Number(), reader.Offset(), len(data), reader.Torn())
		}
		again, err := Begin(reader.Header)
		if err != nil {
			t.Fatal(err)
		}
		for i, recorded := range records {
			if again, err = Append(again, uint32(i+1), recorded); err != nil {
				t.Fatal(err)
			}
		}
		if found, torn, err := read(again); err != nil || torn != 0 || !reflect.DeepEqual(found, records) {
			t.Fatalf("written again: %d of %d records, %d torn, %v", len(found), len(records), torn, err)
		}
		more := sim.Recorded{Input: []byte("more"), Point: sim.Point{Events: last.Events + 1, At: time.Unix(7, 0).UTC()}}
		longer, err := Append(bytes.Clone(data[:reader.Offset()]), reader.Number(), more)
		if err != nil {
			t.Fatal(err)
		}
		if found, torn, err := read(longer); err != nil || torn != 0 || !reflect.DeepEqual(found, append(records, more)) {
			t.Fatalf("gone on with: %d records, %d torn, %v", len(found), torn, err)
		}
	})
}

// known fails unless an error says what is wrong with the bytes, and where.
func known(t *testing.T, err error, size int) {
	t.Helper()
	var damaged *DamagedError
	var format *FormatError
	switch {
	case errors.As(err, &format):
	case errors.As(err, &damaged) && damaged.Offset >= 0 && damaged.Offset <= int64(size) && damaged.Whole <= int64(size):
	default:
		t.Fatalf("%v", err)
	}
}
