package galera

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/sql"
)

// desk is a node as its sessions see it during one callback. It implements [sql.Desk].
type desk struct {
	node
	run *app.Run
}

func (d *desk) state() state              { return d.run.State.(state) }
func (d *desk) Now() time.Time            { return d.run.System().Now() }
func (d *desk) Store() sql.Store          { return d.state().store }
func (d *desk) Version() (string, string) { return d.version, d.flavour }
func (d *desk) Kept() sql.Sessions        { return d.state().kept }
func (d *desk) Sessions() []*sql.Session  { return d.state().kept.All() }
func (d *desk) Keep(sessions sql.Sessions) {
	s := d.state()
	s.kept = sessions
	d.run.State = s
}

func (d *desk) Admit(session *sql.Session, writes bool) *sql.Error {
	s := d.state()
	if !s.ready() {
		return &sql.Error{Code: 1047, State: "08S01", Message: "WSREP has not yet prepared node for application use"}
	}
	if writes && s.config.Is("read_only") && !session.Super() {
		return &sql.Error{Code: 1290, State: "HY000", Message: "The MySQL server is running with the --read-only option so it cannot execute this statement"}
	}
	return nil
}

// Commit implements [sql.Server]: all members get the write, or the component is made anew first.
func (d *desk) Commit(_ *sql.Session, changes []sql.Change, after sql.Store) *sql.Error {
	r := d.run
	for _, m := range d.state().view.without(d.state().id) {
		if !d.there(r, m) {
			d.regroup(r)
			break
		}
	}
	s := d.state()
	if !s.ready() {
		return &sql.Error{Code: 1213, State: "40001", Message: "Deadlock: wsrep aborted transaction"}
	}
	w := write{s.seqno + 1, changes}
	if failure := sql.Save(r.System().Files(), s.config.Directory(), s.store, after); failure != nil {
		return failure
	}
	s = s.with(after, w)
	r.State = s
	s.savePosition(r.System().Files())
	for _, m := range s.view.without(s.id) {
		if answer, ok := d.ask(r, m.Address, message{Write: &w}); !ok || answer.Refused != "" {
			mysql.Note(r, "Warning", "WSREP: %s does not take write %d", m.Name, w.Seqno)
		}
	}
	return nil
}

func onOff(yes bool) string {
	if yes {
		return "ON"
	}
	return "OFF"
}

func (d *desk) Variables() []sql.Pair {
	s := d.state()
	at := slices.IndexFunc(s.view.Members, func(m member) bool { return m.ID == s.id })
	return []sql.Pair{
		{Name: "auto_increment_increment", Value: strconv.Itoa(max(1, len(s.view.Members)))},
		{Name: "auto_increment_offset", Value: strconv.Itoa(max(0, at) + 1)},
		{Name: "autocommit", Value: "ON"},
		{Name: "datadir", Value: s.config.Directory() + "/"},
		{Name: "hostname", Value: d.run.System().Hostname()},
		{Name: "port", Value: s.config.Text("port", "3306")},
		{Name: "read_only", Value: onOff(s.config.Is("read_only"))},
		{Name: "server_id", Value: s.config.Text("server_id", "1")},
		{Name: "version", Value: d.version},
		{Name: "version_comment", Value: d.comment},
		{Name: "wsrep_cluster_address", Value: s.config.Text("wsrep_cluster_address", "gcomm://")},
		{Name: "wsrep_cluster_name", Value: s.clusterName()},
		{Name: "wsrep_node_address", Value: s.self(d.run).Address},
		{Name: "wsrep_node_name", Value: s.self(d.run).Name},
		{Name: "wsrep_on", Value: "ON"},
		{Name: "wsrep_provider_options", Value: s.options},
		{Name: "wsrep_sst_method", Value: s.config.Text("wsrep_sst_method", "rsync")},
	}
}

func (d *desk) Variable(name string) (sql.Value, bool) { return mysql.Lookup(d.Variables(), name) }

func (d *desk) SetGlobal(_ *sql.Session, name string, value sql.Value) *sql.Error {
	s := d.state()
	switch name {
	case "wsrep_provider_options":
		option := strings.ToLower(strings.ReplaceAll(value.Show(), " ", ""))
		if option != "pc.bootstrap=yes" && option != "pc.bootstrap=true" && option != "pc.bootstrap=1" {
			return sql.NotSimulated("the provider option "+value.Show(), "pc.bootstrap=YES is")
		}
		if !s.view.Primary && len(s.view.Members) > 0 {
			v := newView{View: s.view, Group: s.group, Seqno: s.seqno, Donor: s.self(d.run).Address}
			v.View.Primary, v.View.Number = true, s.view.Number+1
			d.spread(d.run, v)
		}
		return nil
	case "read_only":
		s.config = mysql.ReadConfig(d.run.System().Files(), append(slices.Clip(d.run.Args[1:]), "--read-only="+value.Show()))
		d.run.State = s
		return nil
	}
	if _, known := d.Variable(name); !known {
		return &sql.Error{Code: 1193, State: "HY000", Message: "Unknown system variable '" + name + "'"}
	}
	return &sql.Error{Code: 1238, State: "HY000", Message: "Variable '" + name + "' is a read only variable"}
}

// stateNumbers are wsrep_local_state.
var stateNumbers = map[string]string{initialized: "0", joining: "1", donating: "2", synced: "4"}

func (d *desk) Status() []sql.Pair {
	s := d.state()
	kind, index := "non-Primary", -1
	if s.view.Primary {
		kind = "Primary"
	}
	var incoming []string
	for i, m := range s.view.Members {
		incoming = append(incoming, m.Address+":3306")
		if m.ID == s.id {
			index = i
		}
	}
	return []sql.Pair{
		{Name: "Threads_connected", Value: strconv.Itoa(len(s.kept.All()) + 1)},
		{Name: "Uptime", Value: strconv.Itoa(int(d.Now().Sub(s.started).Seconds()))},
		{Name: "wsrep_cluster_conf_id", Value: fmt.Sprint(s.view.Number)},
		{Name: "wsrep_cluster_size", Value: strconv.Itoa(len(s.view.Members))},
		{Name: "wsrep_cluster_state_uuid", Value: s.group},
		{Name: "wsrep_cluster_status", Value: kind},
		{Name: "wsrep_connected", Value: "ON"},
		{Name: "wsrep_gcomm_uuid", Value: s.id},
		{Name: "wsrep_incoming_addresses", Value: strings.Join(incoming, ",")},
		{Name: "wsrep_last_committed", Value: strconv.FormatInt(s.seqno, 10)},
		{Name: "wsrep_local_index", Value: strconv.Itoa(index)},
		{Name: "wsrep_local_state", Value: stateNumbers[s.status]},
		{Name: "wsrep_local_state_comment", Value: s.status},
		{Name: "wsrep_local_state_uuid", Value: s.group},
		{Name: "wsrep_ready", Value: onOff(s.ready())},
	}
}

// Admin implements [sql.Server]: a Galera node has no statements of its own but SHUTDOWN.
func (d *desk) Admin(_ *sql.Session, statement sql.Admin) (sql.Result, bool, *sql.Error) {
	if statement.Verb == "shutdown" {
		d.stop(d.run)
		return sql.Result{}, true, nil
	}
	return sql.Result{}, false, nil
}
