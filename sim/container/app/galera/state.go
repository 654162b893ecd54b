package galera

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/storage"
)

// state is what a running node knows. It is never changed, only replaced.
type state struct {
	config     mysql.Config
	store      sql.Store
	kept       sql.Sessions
	started    time.Time
	giveUp     time.Time // when it stops looking for a component; zero for never
	id         string    // of this life of the node
	group      string    // the cluster whose history its data belong to; "" when it has none
	seqno      int64     // of the last write that it has; -1 when it does not know
	cache      []write   // the last writes, for others that lack them
	view       view
	last       []member // of the last Primary view it was in
	lastNumber int64
	status     string
	donor      string // address to get the state from
	full       bool   // all of it
	listens    bool   // for clients
	options    string // wsrep_provider_options
}

// The states of a node, as wsrep_local_state_comment has them.
const (
	initialized = "Initialized"
	joining     = "Joining: receiving State Transfer"
	donating    = "Donor/Desynced"
	synced      = "Synced"
)

// member is a node as others know it.
type member struct {
	ID      string
	Name    string
	Address string
}

// view is who is in a component.
type view struct {
	Number  int64
	Primary bool
	Members []member
}

func (v view) has(id string) bool {
	return slices.ContainsFunc(v.Members, func(m member) bool { return m.ID == id })
}

func (v view) without(id string) []member {
	return slices.DeleteFunc(slices.Clone(v.Members), func(m member) bool { return m.ID == id })
}

// write is one committed transaction.
type write struct {
	Seqno   int64
	Changes []sql.Change
}

// cacheSize is how many writes a node keeps for others.
const cacheSize = 200

func (s state) self(r *app.Run) member {
	m := member{ID: s.id, Name: s.config.Text("wsrep_node_name", r.System().Hostname()), Address: s.config.Text("wsrep_node_address", "")}
	if addresses := r.System().Addresses(); m.Address == "" && len(addresses) > 0 {
		m.Address = addresses[0].String()
	}
	return m
}

// ready says whether the node takes queries.
func (s state) ready() bool {
	return s.view.Primary && (s.status == synced || s.status == donating)
}

const (
	savedState = "grastate.dat"
	savedView  = "gvwstate.dat"
	noGroup    = "00000000-0000-0000-0000-000000000000"
)

// saveState writes grastate.dat. seqno is -1 while the node runs.
func (s state) saveState(files *storage.FileSystem, seqno int64, safe bool) {
	group, flag := s.group, 0
	if group == "" {
		group = noGroup
	}
	if safe {
		flag = 1
	}
	text := fmt.Sprintf("# GALERA saved state\nversion: 2.1\nuuid:    %s\nseqno:   %d\nsafe_to_bootstrap: %d\n", group, seqno, flag)
	s.writeFile(files, savedState, text)
}

func (s state) writeFile(files *storage.FileSystem, name, text string) {
	_ = files.WriteFile(path.Join(s.config.Directory(), name), []byte(text), 0o660, storage.Create|storage.Write|storage.Truncate)
}

// loadState reads grastate.dat. A node without one may bootstrap.
func loadState(files *storage.FileSystem, directory string) (group string, seqno int64, safe bool) {
	text, err := files.ReadText(path.Join(directory, savedState))
	if err != nil {
		return "", -1, true
	}
	seqno = -1
	for _, line := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "uuid":
			if value != noGroup {
				group = value
			}
		case "seqno":
			if number, err := strconv.ParseInt(value, 10, 64); err == nil {
				seqno = number
			}
		case "safe_to_bootstrap":
			safe = value == "1"
		}
	}
	return group, seqno, safe
}

// savePosition writes what --wsrep-recover finds: a real server has it in its tables.
func (s state) savePosition(files *storage.FileSystem) {
	s.writeFile(files, "ibdata1", fmt.Sprintf("stsim: the tables are in the files *.ibd\nwsrep position: %s:%d\n", s.group, s.seqno))
}

func loadPosition(files *storage.FileSystem, directory string) (group string, seqno int64) {
	text, _ := files.ReadText(path.Join(directory, "ibdata1"))
	_, rest, found := strings.Cut(text, "wsrep position: ")
	return parsePosition(strings.TrimSpace(rest), found)
}

// parsePosition reads UUID:SEQNO.
func parsePosition(text string, found bool) (group string, seqno int64) {
	group, number, _ := strings.Cut(text, ":")
	seqno, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil || group == "" || group == noGroup {
		return "", -1
	}
	return group, seqno
}

// saveView writes gvwstate.dat, as long as the node is in a Primary view.
func (s state) saveView(files *storage.FileSystem) {
	var b strings.Builder
	fmt.Fprintf(&b, "my_uuid: %s\n#vwbeg\nview_id: 3 %s %d\nbootstrap: 0\n", s.id, s.id, s.view.Number)
	for _, m := range s.view.Members {
		fmt.Fprintf(&b, "member: %s 0\n", m.ID)
	}
	b.WriteString("#vwend\n")
	s.writeFile(files, savedView, b.String())
}

// loadView reads gvwstate.dat: who the node was, and who was with it.
func loadView(files *storage.FileSystem, directory string) (id string, number int64, last []member) {
	text, err := files.ReadText(path.Join(directory, savedView))
	if err != nil {
		return "", 0, nil
	}
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "my_uuid:":
			id = fields[1]
		case len(fields) == 4 && fields[0] == "view_id:":
			number, _ = strconv.ParseInt(fields[3], 10, 64)
		case len(fields) >= 2 && fields[0] == "member:":
			last = append(last, member{ID: fields[1]})
		}
	}
	return id, number, last
}
