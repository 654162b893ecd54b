package galera

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// node is the server program.
type node struct{ version, flavour, comment string }

// How long things take.
const (
	startTime = 1500 * time.Millisecond
	retry     = 2 * time.Second  // between looks for a component
	patience  = 30 * time.Second // pc.wait_prim_timeout
	look      = 5 * time.Second  // at the next member: evs.suspect_timeout
	istTime   = time.Second
	sstTime   = 5 * time.Second
)

func (n node) Start(r *app.Run) {
	files := r.System().Files().In(r.Dir)
	config := mysql.ReadConfig(files, r.Args[1:])
	if config.Is("initialize") || config.Is("initialize_insecure") {
		mysql.Initialize(r, config)
		return
	}
	mysql.Note(r, "Note", "%s (mysqld %s) starting as process %d ...", r.Args[0], n.version, r.PID())
	directory := config.Directory()
	store, err := sql.Load(files, directory)
	if err != nil {
		n.abort(r, "InnoDB: %v", err)
		return
	}
	if config.Is("wsrep_recover") {
		group, seqno := loadPosition(files, directory)
		if group == "" {
			group = noGroup
		}
		mysql.Note(r, "Note", "WSREP: Recovered position: %s:%d", group, seqno)
		r.Exit(0)
		return
	}
	if store.Schema("mysql").Table("user") == nil {
		n.abort(r, "Fatal error: Can't open and lock privilege tables: Table 'mysql.user' doesn't exist")
		return
	}
	s := state{config: config, store: store, started: r.System().Now(), status: initialized, seqno: -1}
	s.group, s.seqno, _ = loadState(files, directory)
	if text, given := config.Get("wsrep_start_position"); given {
		if group, seqno := parsePosition(text, true); group != "" {
			s.group, s.seqno = group, seqno
		}
	}
	s.id, s.lastNumber, s.last = loadView(files, directory)
	if s.id == "" {
		s.id = mysql.UUID(r.System().Hostname(), r.System().Now().String())
	}
	r.State = s
	r.WakeAt = r.System().Now().Add(startTime)
}

// abort ends a server with an error.
func (n node) abort(r *app.Run, format string, values ...any) {
	mysql.Note(r, "ERROR", format, values...)
	mysql.Note(r, "ERROR", "Aborting")
	_ = r.System().Files().Remove(mysql.Socket)
	r.Exit(1)
}

// address is wsrep_cluster_address without gcomm:// and options; new says that a cluster is to begin here.
func (s state) address() (hosts []string, begin bool) {
	text, _, _ := strings.Cut(strings.TrimPrefix(s.config.Text("wsrep_cluster_address", ""), "gcomm://"), "?")
	for _, host := range strings.Split(text, ",") {
		host, _, _ = strings.Cut(strings.TrimSpace(host), ":")
		if host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts, s.config.Is("wsrep_new_cluster") || len(hosts) == 0
}

func (n node) Wake(r *app.Run) {
	s := r.State.(state)
	r.WakeAt = r.System().Now().Add(look)
	switch {
	case len(r.Ports) == 0:
		n.begin(r)
	case s.status == joining:
		n.transfer(r)
	case len(s.view.Members) == 0 || !s.view.Primary:
		n.search(r)
	default:
		n.watch(r)
	}
}

// begin is the end of the start: a cluster of its own, or a search for one.
func (n node) begin(r *app.Run) {
	s := r.State.(state)
	files := r.System().Files()
	_, begin := s.address()
	if begin {
		if _, _, safe := loadState(files, s.config.Directory()); !safe {
			mysql.Note(r, "ERROR", "WSREP: It may not be safe to bootstrap the cluster from this node. It was not the last one to leave the cluster and may not contain all the updates. "+
				"To force cluster bootstrap with this node, edit the grastate.dat file manually and set safe_to_bootstrap to 1 .")
			n.abort(r, "WSREP: wsrep::connect(%s) failed: 7", s.config.Text("wsrep_cluster_address", "gcomm://"))
			return
		}
	}
	if err := r.Listen(groupPort); err != nil {
		n.abort(r, "WSREP: failed to open gcomm backend connection: 98: error while trying to listen '0.0.0.0:4567': Address already in use")
		return
	}
	if begin {
		if group, seqno := loadPosition(files, s.config.Directory()); s.seqno < 0 && group != "" {
			s.group, s.seqno = group, seqno
		}
		if s.group == "" {
			s.group, s.seqno = mysql.UUID("group", s.id), 0
		}
		r.State = s
		mysql.Note(r, "Note", "WSREP: bootstrapping a new cluster with %s:%d", s.group, s.seqno)
		n.install(r, newView{View: view{Number: 1, Primary: true, Members: []member{s.self(r)}}, Group: s.group, Seqno: s.seqno})
		return
	}
	if s.last == nil {
		s.giveUp = r.System().Now().Add(patience)
	}
	r.State = s
	n.search(r)
}

// search looks for a component to join. Without one it becomes Primary with those who were in the last view, when all of them are there.
func (n node) search(r *app.Run) {
	s := r.State.(state)
	r.WakeAt = r.System().Now().Add(retry)
	var found []reply
	for _, address := range s.candidates(r) {
		answer, ok := n.ask(r, address, message{})
		if !ok || answer.Refused != "" {
			continue
		}
		if answer.View.Primary && len(answer.View.Members) > 0 && answer.Status != joining {
			n.join(r, answer.Self.Address)
			return
		}
		found = append(found, answer)
	}
	n.merge(r, found)
	s = r.State.(state)
	if !s.giveUp.IsZero() && !r.System().Now().Before(s.giveUp) && !s.view.Primary {
		mysql.Note(r, "ERROR", "WSREP: failed to open gcomm backend connection: 110: failed to reach primary view (pc.wait_prim_timeout): 110 (Connection timed out)")
		n.abort(r, "WSREP: wsrep::connect(%s) failed: 7", s.config.Text("wsrep_cluster_address", ""))
	}
}

// candidates are the addresses at which others may be: those of its view, and those that the names stand for now.
func (s state) candidates(r *app.Run) []string {
	own := r.System().Addresses()
	var list []string
	add := func(address string) {
		for _, mine := range own {
			if mine.String() == address {
				return
			}
		}
		if address != "" && !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	for _, m := range append(slices.Clip(s.view.Members), s.last...) {
		add(m.Address)
	}
	hosts, _ := s.address()
	for _, host := range hosts {
		for _, address := range applet.Resolve(r.System(), host) {
			add(address.String())
		}
	}
	return list
}

// merge makes one component of nodes none of which is in a Primary one.
func (n node) merge(r *app.Run, found []reply) {
	s := r.State.(state)
	together := view{Number: max(s.view.Number, s.lastNumber), Members: []member{s.self(r)}}
	newest, donor, last, lastNumber := position{s.group, s.seqno}, s.self(r).Address, s.last, s.lastNumber
	if group, seqno := loadPosition(r.System().Files(), s.config.Directory()); s.seqno < 0 {
		newest = position{group, seqno}
	}
	for _, other := range found {
		together.Number = max(together.Number, other.View.Number, other.LastNumber)
		if !together.has(other.Self.ID) {
			together.Members = append(together.Members, other.Self)
		}
		if other.Seqno > newest.Seqno {
			newest, donor = position{other.Group, other.Seqno}, other.Self.Address
		}
		if other.LastNumber > lastNumber {
			last, lastNumber = other.Last, other.LastNumber
		}
	}
	slices.SortFunc(together.Members, func(a, b member) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	all := len(last) > 0
	for _, m := range last {
		all = all && together.has(m.ID)
	}
	if len(found) == 0 && !all || sameMembers(together, s.view) && !all {
		return
	}
	together.Number++
	together.Primary = all
	if all {
		mysql.Note(r, "Note", "WSREP: re-bootstrapping prim from partitioned components")
	}
	n.spread(r, newView{together, newest.Group, newest.Seqno, donor})
}

func sameMembers(a, b view) bool {
	return len(a.Members) == len(b.Members) && !slices.ContainsFunc(a.Members, func(m member) bool { return !b.has(m.ID) })
}

// spread installs a view on all of its members.
func (n node) spread(r *app.Run, v newView) {
	self := r.State.(state).id
	for _, m := range v.View.without(self) {
		n.ask(r, m.Address, message{View: &v})
	}
	n.install(r, v)
}

// install makes a view this node's own.
func (n node) install(r *app.Run, v newView) {
	s := r.State.(state)
	files := r.System().Files()
	s.view = v.View
	kind := "non-Primary"
	if s.view.Primary {
		kind = "Primary"
	}
	var names []string
	for _, m := range s.view.Members {
		names = append(names, m.Name)
	}
	mysql.Note(r, "Note", "WSREP: New cluster view: global state: %s:%d, view# %d: %s, number of nodes: %d (%s)", v.Group, v.Seqno, s.view.Number, kind, len(s.view.Members), strings.Join(names, ", "))
	if !s.view.Primary {
		s.status = initialized
		r.State = s
		r.WakeAt = r.System().Now().Add(retry)
		return
	}
	s.last, s.lastNumber, s.giveUp = s.view.Members, s.view.Number, time.Time{}
	if s.seqno < 0 {
		if group, seqno := loadPosition(files, s.config.Directory()); group == v.Group && seqno == v.Seqno {
			s.group, s.seqno = group, seqno
		}
	}
	if s.group == v.Group && s.seqno == v.Seqno {
		n.sync(r, s)
		return
	}
	if v.Donor != "" || s.status != joining {
		s.donor = v.Donor
	}
	s.status, s.full = joining, s.group != v.Group || s.seqno < 0
	r.State = s
	s.saveView(files)
	r.WakeAt = r.System().Now().Add(istTime)
}

// sync makes the node one that takes queries.
func (n node) sync(r *app.Run, s state) {
	files := r.System().Files()
	if s.status != donating {
		if s.status != synced {
			mysql.Note(r, "Note", "WSREP: Shifting JOINED -> SYNCED (TO: %d)", s.seqno)
		}
		s.status = synced
	}
	s.saveView(files)
	s.savePosition(files)
	s.saveState(files, -1, false)
	if !s.listens {
		if err := r.Listen(uint16(s.config.Number("port", 3306))); err != nil {
			n.abort(r, "Can't start server: Bind on TCP/IP port: Address already in use")
			return
		}
		s.listens = true
		_ = files.MkdirAll("/var/run/mysqld", 0o755)
		_ = files.WriteFile(mysql.Socket, nil, 0o777, storage.Create|storage.Write)
		mysql.Note(r, "Note", "%s: ready for connections.", r.Args[0])
		fmt.Fprintf(r.Stderr(), "Version: '%s'  socket: '%s'  port: 3306  %s\n", n.version, mysql.Socket, n.comment)
	}
	r.State = s
	r.WakeAt = r.System().Now().Add(look)
}

func (n node) Signal(r *app.Run, signal int) {
	if signal == app.SIGTERM || signal == app.SIGQUIT {
		n.stop(r)
	}
}

// stop leaves the component and says in grastate.dat how far the node is.
func (n node) stop(r *app.Run) {
	s := r.State.(state)
	files := r.System().Files()
	for _, m := range s.view.without(s.id) {
		n.ask(r, m.Address, message{Leave: true})
	}
	if s.ready() {
		s.saveState(files, s.seqno, len(s.view.Members) == 1)
		_ = files.Remove(s.config.Directory() + "/" + savedView)
	}
	_ = files.Remove(mysql.Socket)
	s.view, s.status = view{}, initialized
	r.State, r.Ports, r.WakeAt = s, nil, time.Time{}
	mysql.Note(r, "Note", "%s: Shutdown complete\n", r.Args[0])
	r.Terminate(0)
}

// Serve answers clients and the other members.
func (n node) Serve(r *app.Run, port uint16, request []byte) []byte {
	if port == groupPort {
		return n.answer(r, request)
	}
	return sql.Serve(&desk{n, r}, r.Client(), r.System().Addresses(), request)
}
