package mysql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/storage"
)

// position is a place in a binary log.
type position struct {
	File string
	At   int64 // bytes
}

// event is one transaction in a binary log: a line of its file.
type event struct {
	Time    int64
	Server  int64 // where it was made
	Changes []sql.Change
}

// firstPosition is where the events of a file begin.
const firstPosition = 154

// openLog begins a new file of the binary log, as every start of a server does.
func openLog(r *app.Run, config Config) position {
	files := r.System().Files()
	base := config.Text("log_bin", "1")
	if base == "1" {
		base = r.System().Hostname() + "-bin"
	}
	index := path.Join(config.Directory(), base+".index")
	text, _ := files.ReadText(index)
	number := strings.Count(text, "\n") + 1
	name := fmt.Sprintf("%s.%06d", path.Base(base), number)
	header := "stsim binary log: a line for every transaction\n"
	header = header[:len(header)-1] + strings.Repeat(" ", firstPosition-len(header)) + "\n"
	const flags = storage.Create | storage.Write | storage.Truncate
	if files.WriteFile(index, []byte(text+"./"+name+"\n"), 0o640, flags) != nil || files.WriteFile(path.Join(config.Directory(), name), []byte(header), 0o640, flags) != nil {
		Note(r, "ERROR", "Could not open log file %s", name)
	}
	return position{name, firstPosition}
}

// append writes an event behind a position and gives the next one.
func (e event) append(files *storage.FileSystem, directory string, at position) (position, *sql.Error) {
	line, err := json.Marshal(e)
	if err == nil {
		line = append(line, '\n')
		err = files.WriteFile(path.Join(directory, at.File), line, 0o640, storage.Append)
	}
	if err != nil {
		return at, &sql.Error{Code: 1026, State: "HY000", Message: fmt.Sprintf("Error writing file '%s' (%v)", at.File, err)}
	}
	return position{at.File, at.At + int64(len(line))}, nil
}

// event2 is an event with the position behind it.
type event2 struct {
	Event event
	Next  position
}

// logFiles are the names of the files of a binary log, in order.
func logFiles(files *storage.FileSystem, directory, current string) []string {
	base := current[:max(strings.LastIndexByte(current, '.'), 0)]
	text, _ := files.ReadText(path.Join(directory, base+".index"))
	var names []string
	for _, line := range strings.Fields(text) {
		names = append(names, strings.TrimPrefix(line, "./"))
	}
	return names
}

// readLog reads the events behind a position, through the following files.
func readLog(files *storage.FileSystem, directory, current string, from position) (events []event2, problem string) {
	names := logFiles(files, directory, current)
	for len(names) > 0 && names[0] != from.File {
		names = names[1:]
	}
	if len(names) == 0 {
		return nil, "Could not find first log file name in binary log index file"
	}
	for i, name := range names {
		data, err := files.ReadFile(path.Join(directory, name))
		if err != nil {
			return nil, "Could not open log file"
		}
		at := int64(firstPosition)
		if i == 0 {
			at = from.At
		}
		if at > int64(len(data)) {
			return nil, "Client requested master to start replication from position > file size"
		}
		for rest := data[at:]; len(rest) > 0; {
			line, after, _ := bytes.Cut(rest, []byte("\n"))
			at += int64(len(line)) + 1
			var e event
			if json.Unmarshal(line, &e) != nil {
				return nil, "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on master"
			}
			events = append(events, event2{e, position{name, at}})
			rest = after
		}
		if i > 0 && len(events) == 0 || i > 0 && events[len(events)-1].Next.File != name {
			events = append(events, event2{Next: position{name, firstPosition}}) // a file without events is gone through all the same
		}
	}
	return events, ""
}
