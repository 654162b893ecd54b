package quorum

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/stsim/stsim/storage"
)

// Kept is what a member must not forget.
type Kept struct {
	Term uint64
	Vote string
	Log  Log
}

// Kept is what a member must not forget.
func (m Member) Kept() Kept { return Kept{m.Term, m.Vote, m.Log} }

// record is a line of a journal: a term and a vote, or an entry, behind which nothing that was written before counts.
type record struct {
	Term  uint64 `json:"term,omitempty"`
	Vote  string `json:"vote,omitempty"`
	Index uint64 `json:"index,omitempty"` // of Entry; without one the log ends before it
	Entry *Entry `json:"entry,omitempty"`
}

// Journal is the file in which a member keeps what it must not forget. It is a value: what has been written so far, as far as this member knows.
type Journal struct {
	Path string
	size int
}

// ErrFenced is the error of a member that finds that somebody else writes its journal: another process with the same identity, on the same volume.
// It must stop at once, and may start anew with what is written there.
var ErrFenced = errors.New("another process writes the journal")

// OpenJournal reads a journal; one that is not there is empty. Errors: a file that cannot be read, or that is none.
func OpenJournal(files *storage.FileSystem, path string) (Journal, Kept, error) {
	text, err := files.ReadText(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Journal{Path: path}, Kept{}, nil
	}
	if err != nil {
		return Journal{Path: path}, Kept{}, err
	}
	kept, err := parseJournal(text)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return Journal{Path: path, size: len(text)}, kept, err
}

func parseJournal(text string) (kept Kept, err error) {
	var entries []Entry
	number := 0
	for line := range strings.Lines(text) {
		number++
		var r record
		if json.Unmarshal([]byte(line), &r) != nil || r.Index > uint64(len(entries))+1 {
			return kept, fmt.Errorf("line %d is damaged: expected a term or entry %d, found %.60q", number, len(entries)+1, line)
		}
		if r.Index == 0 {
			kept.Term, kept.Vote = r.Term, r.Vote
			continue
		}
		entries = entries[:r.Index-1]
		if r.Entry != nil {
			entries = append(entries, *r.Entry)
		}
	}
	kept.Log = Log{}.With(entries...)
	return kept, nil
}

// Save writes what has changed since the member was as before. What it is about (an answer, an acknowledgement) must not happen when it fails.
//
// Errors: ErrFenced, and those of a volume that is full, broken or read-only.
func (j Journal) Save(files *storage.FileSystem, before, after Member) (Journal, error) {
	text := changes(before.Kept(), after.Kept())
	if text == "" {
		return j, nil
	}
	size := 0
	if info, err := files.Stat(j.Path); err == nil {
		size = int(info.Size)
	} else if j.size == 0 {
		if err := files.MkdirAll(path.Dir(j.Path), 0o755); err != nil {
			return j, err
		}
	}
	if size != j.size {
		return j, ErrFenced
	}
	if err := files.WriteFile(j.Path, []byte(text), 0o644, storage.Create|storage.Append); err != nil {
		_ = files.Truncate(j.Path, int64(size)) // a part of a line would be damage
		return j, err
	}
	j.size += len(text)
	return j, nil
}

// changes are the lines that lead from one state to another.
func changes(from, to Kept) string {
	var b strings.Builder
	put := func(r record) {
		line, _ := json.Marshal(r) // it has nothing that JSON cannot say
		b.Write(line)
		b.WriteByte('\n')
	}
	if from.Term != to.Term || from.Vote != to.Vote {
		put(record{Term: to.Term, Vote: to.Vote})
	}
	common := from.Log.Len()
	if to.Log.Len() < common || common > 0 && to.Log.Entry(common).Term != from.Log.Entry(common).Term {
		common = from.Log.Common(to.Log)
	}
	if to.Log.Len() == common && from.Log.Len() > common {
		put(record{Index: common + 1})
	}
	for i := common + 1; i <= to.Log.Len(); i++ {
		entry := to.Log.Entry(i)
		put(record{Index: i, Entry: &entry})
	}
	return b.String()
}
