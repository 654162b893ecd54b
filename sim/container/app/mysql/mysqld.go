package mysql

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/storage"
)

// mysqld is the server program.
type mysqld struct{ product }

// state is what a running mysqld knows. It is never changed, only replaced.
type state struct {
	config  Config
	store   sql.Store
	kept    sql.Sessions
	log     position // of its own binary log; no file without one
	source  *source  // where it replicates from; nil for nowhere
	dumps   []dump   // replicas that are connected
	uuid    string
	started time.Time
	ready   bool
	queries int64
}

// Socket is where local clients find the server.
const Socket = "/var/run/mysqld/mysqld.sock"

// startTime is how long a server needs before it listens.
const startTime = 1500 * time.Millisecond

// Note writes a line as mysqld does in its log. level is Note, Warning or ERROR.
func Note(r *app.Run, level, format string, values ...any) {
	fmt.Fprintf(r.Stderr(), "%s 0 [%s] %s\n", r.System().Now().UTC().Format("2006-01-02T15:04:05.000000Z"), level, fmt.Sprintf(format, values...))
}

func (m mysqld) Start(r *app.Run) {
	files := r.System().Files().In(r.Dir)
	config := ReadConfig(files, r.Args[1:])
	if config.Is("version") || slices.Contains(r.Args, "-V") {
		fmt.Fprintf(r.Stdout(), "%s  Ver %s for Linux on x86_64 (%s)\n", r.Args[0], m.version, m.comment)
		r.Exit(0)
		return
	}
	if config.Is("initialize") || config.Is("initialize_insecure") {
		Initialize(r, config)
		return
	}
	Note(r, "Note", "%s (mysqld %s) starting as process %d ...", r.Args[0], m.version, r.PID())
	store, err := sql.Load(files, config.Directory())
	if err != nil {
		Note(r, "ERROR", "InnoDB: %v", err)
		Note(r, "ERROR", "Aborting")
		r.Exit(1)
		return
	}
	if table := store.Schema("mysql").Table("user"); table == nil {
		Note(r, "ERROR", "Fatal error: Can't open and lock privilege tables: Table 'mysql.user' doesn't exist")
		Note(r, "ERROR", "Aborting")
		r.Exit(1)
		return
	}
	r.State = state{config: config, store: store, started: r.System().Now(), uuid: serverUUID(r, config.Directory())}
	r.WakeAt = r.System().Now().Add(startTime)
}

// Initialize makes a data directory and ends: mysqld --initialize. SQL of --init-file is executed in it.
func Initialize(r *app.Run, config Config) {
	files, directory := r.System().Files().In(r.Dir), config.Directory()
	if entries, _ := files.ReadDir(directory); len(entries) > 0 && !(len(entries) == 1 && entries[0].Name == "lost+found") {
		Note(r, "ERROR", "--initialize specified but the data directory has files in it. Aborting.")
		Note(r, "ERROR", "Aborting")
		r.Exit(1)
		return
	}
	store := sql.New()
	if name, given := config.Get("init_file"); given {
		text, err := files.ReadText(name)
		if err != nil {
			Note(r, "ERROR", "Can't open init file %s", name)
			r.Exit(1)
			return
		}
		after, failure := sql.Script(store, text, r.System().Now())
		if failure != nil {
			Note(r, "ERROR", "%s", failure)
			Note(r, "ERROR", "Aborting")
			r.Exit(1)
			return
		}
		store = after
	}
	if failure := sql.Save(files, directory, sql.Store{}, store); failure != nil {
		Note(r, "ERROR", "%s", failure.Message)
		r.Exit(1)
		return
	}
	_ = files.WriteFile(path.Join(directory, "ibdata1"), []byte("stsim: the tables are in the files *.ibd\n"), 0o640, storage.Create|storage.Write|storage.Truncate)
	r.Exit(0)
}

// serverUUID reads the server's identity from auto.cnf, or makes one.
func serverUUID(r *app.Run, directory string) string {
	files, name := r.System().Files(), path.Join(directory, "auto.cnf")
	if text, err := files.ReadText(name); err == nil {
		if _, uuid, found := strings.Cut(text, "server-uuid="); found {
			return strings.TrimSpace(uuid)
		}
	}
	uuid := UUID(r.System().Hostname(), r.System().Now().String())
	_ = files.WriteFile(name, []byte("[auto]\nserver-uuid="+uuid+"\n"), 0o640, storage.Create|storage.Write|storage.Truncate)
	return uuid
}

// UUID makes an identifier of some texts: the same of the same.
func UUID(parts ...string) string {
	sum := sha1.Sum([]byte(strings.Join(parts, "\x00")))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-11ee-" + h[16:20] + "-" + h[20:]
}

func (m mysqld) Wake(r *app.Run) {
	s := r.State.(state)
	if !s.ready {
		m.listen(r, s)
		return
	}
	m.heartbeat(r)
}

// listen is the end of the start.
func (m mysqld) listen(r *app.Run, s state) {
	port := uint16(s.config.Number("port", 3306))
	if err := r.Listen(port); err != nil {
		Note(r, "ERROR", "Can't start server: Bind on TCP/IP port: Address already in use")
		Note(r, "ERROR", "Do you already have another mysqld server running on port: %d ?", port)
		Note(r, "ERROR", "Aborting")
		r.Exit(1)
		return
	}
	files := r.System().Files()
	_ = files.MkdirAll(path.Dir(Socket), 0o755)
	_ = files.WriteFile(Socket, nil, 0o777, storage.Create|storage.Write)
	s.ready = true
	if _, logs := s.config.Get("log_bin"); logs {
		s.log = openLog(r, s.config)
	}
	s.source = loadSource(files, s.config.Directory())
	r.State = s
	Note(r, "Note", "%s: ready for connections.", r.Args[0])
	fmt.Fprintf(r.Stderr(), "Version: '%s'  socket: '%s'  port: %d  %s\n", m.versionOf(s), Socket, port, m.comment)
	m.heartbeat(r)
}

func (m mysqld) Signal(r *app.Run, signal int) {
	switch signal {
	case app.SIGTERM, app.SIGQUIT:
		m.stop(r)
	}
}

func (m mysqld) stop(r *app.Run) {
	Note(r, "Note", "%s: Shutdown complete\n", r.Args[0])
	_ = r.System().Files().Remove(Socket)
	r.Terminate(0)
}

// Serve answers a client, a replica that asks, or a source that sends.
func (m mysqld) Serve(r *app.Run, _ uint16, request []byte) []byte {
	if answer, ours := m.replicate(r, request); ours {
		return answer
	}
	return sql.Serve(&desk{m, r}, r.Client(), r.System().Addresses(), request)
}

// versionOf is what the server calls its version.
func (m mysqld) versionOf(s state) string {
	if s.log.File != "" {
		return m.version + "-log"
	}
	return m.version
}

// desk is a mysqld as its sessions see it during one callback. It implements [sql.Desk].
type desk struct {
	mysqld
	run *app.Run
}

func (d *desk) state() state { return d.run.State.(state) }

func (d *desk) Now() time.Time   { return d.run.System().Now() }
func (d *desk) Store() sql.Store { return d.state().store }

func (d *desk) Version() (string, string) { return d.versionOf(d.state()), d.flavour }
func (d *desk) Kept() sql.Sessions        { return d.state().kept }
func (d *desk) Keep(sessions sql.Sessions) {
	s := d.state()
	s.kept = sessions
	s.queries++
	d.run.State = s
}
func (d *desk) Sessions() []*sql.Session { return d.state().kept.All() }

func (d *desk) Admit(session *sql.Session, writes bool) *sql.Error {
	s := d.state()
	option := ""
	switch {
	case !writes:
	case s.config.Is("super_read_only"):
		option = "--super-read-only"
	case s.config.Is("read_only") && !session.Super():
		option = "--read-only"
	}
	if option != "" {
		return &sql.Error{Code: 1290, State: "HY000", Message: "The MySQL server is running with the " + option + " option so it cannot execute this statement"}
	}
	return nil
}

// Commit implements [sql.Server]: files, then the binary log, then the replicas that are connected.
func (d *desk) Commit(_ *sql.Session, changes []sql.Change, after sql.Store) *sql.Error {
	s := d.state()
	files := d.run.System().Files()
	if failure := sql.Save(files, s.config.Directory(), s.store, after); failure != nil {
		return failure
	}
	s.store = after
	d.run.State = s
	if s.log.File == "" {
		return nil
	}
	from := s.log
	event := event{Time: d.Now().Unix(), Server: d.serverID(), Changes: changes}
	to, failure := event.append(files, s.config.Directory(), from)
	if failure != nil {
		return failure
	}
	s.log = to
	d.run.State = s
	d.send(d.run, from, []event2{{event, to}})
	return nil
}

func (d *desk) serverID() int64 { return d.state().config.Number("server_id", 1) }

func (d *desk) Variables() []sql.Pair {
	s := d.state()
	on := func(yes bool) string {
		if yes {
			return "ON"
		}
		return "OFF"
	}
	return []sql.Pair{
		{Name: "auto_increment_increment", Value: "1"}, {Name: "auto_increment_offset", Value: "1"},
		{Name: "autocommit", Value: "ON"},
		{Name: "datadir", Value: s.config.Directory() + "/"},
		{Name: "hostname", Value: d.run.System().Hostname()},
		{Name: "log_bin", Value: on(s.log.File != "")},
		{Name: "max_connections", Value: s.config.Text("max_connections", "151")},
		{Name: "port", Value: s.config.Text("port", "3306")},
		{Name: "read_only", Value: on(s.config.Is("read_only") || s.config.Is("super_read_only"))},
		{Name: "server_id", Value: strconv.FormatInt(d.serverID(), 10)},
		{Name: "server_uuid", Value: s.uuid},
		{Name: "socket", Value: Socket},
		{Name: "super_read_only", Value: on(s.config.Is("super_read_only"))},
		{Name: "version", Value: d.versionOf(s)},
		{Name: "version_comment", Value: d.comment},
		{Name: "wait_timeout", Value: s.config.Text("wait_timeout", "28800")},
	}
}

func (d *desk) Variable(name string) (sql.Value, bool) { return Lookup(d.Variables(), name) }

// Lookup is the value of a variable: switches and whole numbers are numbers.
func Lookup(pairs []sql.Pair, name string) (sql.Value, bool) {
	for _, pair := range pairs {
		if pair.Name != name {
			continue
		}
		switch number, err := strconv.ParseInt(pair.Value, 10, 64); {
		case err == nil:
			return sql.IntOf(number), true
		case pair.Value == "ON":
			return sql.IntOf(1), true
		case pair.Value == "OFF":
			return sql.IntOf(0), true
		}
		return sql.TextOf(pair.Value), true
	}
	return sql.Value{}, false
}

func (d *desk) SetGlobal(_ *sql.Session, name string, value sql.Value) *sql.Error {
	if _, known := d.Variable(name); !known {
		return &sql.Error{Code: 1193, State: "HY000", Message: "Unknown system variable '" + name + "'"}
	}
	if !slices.Contains([]string{"read_only", "super_read_only", "server_id", "max_connections", "wait_timeout"}, name) {
		return &sql.Error{Code: 1238, State: "HY000", Message: "Variable '" + name + "' is a read only variable"}
	}
	s := d.state()
	s.config = s.config.with(name + "=" + value.Show())
	if name == "super_read_only" && sql.Truth(value) {
		s.config = s.config.with("read_only=1")
	}
	if name == "read_only" && !sql.Truth(value) {
		s.config = s.config.with("super_read_only=0")
	}
	d.run.State = s
	return nil
}

func (d *desk) Status() []sql.Pair {
	s := d.state()
	return []sql.Pair{
		{Name: "Connections", Value: strconv.FormatInt(s.queries, 10)},
		{Name: "Queries", Value: strconv.FormatInt(s.queries, 10)},
		{Name: "Slave_running", Value: map[bool]string{true: "ON", false: "OFF"}[s.source.runs()]},
		{Name: "Threads_connected", Value: strconv.Itoa(len(s.kept.All()) + 1)},
		{Name: "Uptime", Value: strconv.Itoa(int(d.Now().Sub(s.started).Seconds()))},
	}
}
