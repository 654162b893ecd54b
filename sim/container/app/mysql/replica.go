package mysql

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// source is where a replica gets its changes from, and how far it is. It is never changed, only replaced.
type source struct {
	Host     string
	Port     uint16
	User     string
	Password string
	Retry    int64 // seconds
	Log      position

	running   bool // the SQL thread
	fetching  bool // the I/O thread
	connected bool
	ioError   *sql.Error
	sqlError  *sql.Error
	serverID  int64 // of the source
	lastEvent int64 // when what was applied last was made
}

func (s *source) runs() bool { return s != nil && s.running && s.connected }

// sourceFile keeps a source over a restart.
const sourceFile = "master.info"

func loadSource(files *storage.FileSystem, directory string) *source {
	data, err := files.ReadFile(path.Join(directory, sourceFile))
	if err != nil {
		return nil
	}
	s := &source{running: true, fetching: true}
	if json.Unmarshal(data, s) != nil || s.Host == "" {
		return nil
	}
	return s
}

func (s *source) save(files *storage.FileSystem, directory string) {
	if data, err := json.MarshalIndent(s, "", "  "); err == nil {
		_ = files.WriteFile(path.Join(directory, sourceFile), append(data, '\n'), 0o640, storage.Create|storage.Write|storage.Truncate)
	}
}

// dump is a replica that is connected: where to send what comes.
type dump struct {
	Address netip.AddrPort
	Server  int64
}

// What replicas and their sources say to each other, behind replicationMagic.
type (
	message struct {
		Pull *pull `json:",omitempty"`
		Push *push `json:",omitempty"`
	}
	pull struct { // by the replica
		User, Password string
		Server         int64
		From           position
		Port           uint16 // where the replica is to be reached
	}
	push struct { // by the source
		Server int64
		From   position
		Events []event2
	}
	pulled struct {
		Refused *sql.Error `json:",omitempty"`
		Server  int64
		Events  []event2
	}
)

const replicationMagic = "stsim-binlog/1 "

func (m message) bytes() []byte {
	data, err := json.Marshal(m)
	if err != nil {
		return nil
	}
	return append([]byte(replicationMagic), data...)
}

// replicate answers a message of replication; ours is false for anything else.
func (m mysqld) replicate(r *app.Run, request []byte) (answer []byte, ours bool) {
	rest, ours := bytes.CutPrefix(request, []byte(replicationMagic))
	var said message
	if !ours || json.Unmarshal(rest, &said) != nil {
		return nil, false
	}
	switch {
	case said.Pull != nil:
		answer, _ = json.Marshal(m.answer(r, said.Pull))
	case said.Push != nil:
		s := r.State.(state)
		if from := s.source; from == nil || !from.fetching || !from.connected || from.serverID != said.Push.Server || from.Log != said.Push.From {
			return []byte("not connected"), true
		}
		m.apply(r, said.Push.Events)
		answer = []byte("ok")
	}
	return answer, true
}

// answer is what a source gives a replica that asks.
func (m mysqld) answer(r *app.Run, asked *pull) pulled {
	s := r.State.(state)
	session, refused := sql.Login(s.store, 0, asked.User, asked.Password, r.Client().String())
	answer := pulled{Server: s.config.Number("server_id", 1)}
	switch {
	case refused != nil:
		answer.Refused = refused
		return answer
	case !session.Super():
		answer.Refused = &sql.Error{Code: 1227, State: "42000", Message: "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s) for this operation"}
		return answer
	case s.log.File == "":
		answer.Refused = &sql.Error{Code: 1236, Message: "Got fatal error 1236 from master when reading data from binary log: 'Binary log is not open'"}
		return answer
	case answer.Server == asked.Server:
		answer.Refused = &sql.Error{Code: 1593, Message: "Fatal error: The slave I/O thread stops because master and slave have equal MySQL server ids; these ids must be different for replication to work (or the --replicate-same-server-id option must be used on slave but this does not always make sense; please check the manual before using it)."}
		return answer
	}
	if asked.From.File == "" {
		asked.From = position{logFiles(r.System().Files(), s.config.Directory(), s.log.File)[0], firstPosition}
	}
	events, problem := readLog(r.System().Files(), s.config.Directory(), s.log.File, asked.From)
	if problem != "" {
		answer.Refused = &sql.Error{Code: 1236, Message: "Got fatal error 1236 from master when reading data from binary log: '" + problem + "'"}
		return answer
	}
	answer.Events = events
	to := dump{netip.AddrPortFrom(r.Client(), asked.Port), asked.Server}
	s.dumps = append(slices.DeleteFunc(slices.Clone(s.dumps), func(d dump) bool { return d.Server == asked.Server || d.Address == to.Address }), to)
	r.State = s
	return answer
}

// send gives new events to the replicas that are connected. One that does not take them is connected no more.
func (m mysqld) send(r *app.Run, from position, events []event2) {
	s := r.State.(state)
	said := message{Push: &push{Server: s.config.Number("server_id", 1), From: from, Events: events}}.bytes()
	var left []dump
	for _, to := range s.dumps {
		if answer, err := r.System().Exchange(to.Address, said); err == nil && string(answer) == "ok" {
			left = append(left, to)
		}
	}
	if len(left) != len(s.dumps) {
		s = r.State.(state)
		s.dumps = left
		r.State = s
	}
}

// look is how often a replica makes sure that its connection stands.
const look = 10 * time.Second

// heartbeat lets a replica connect, or see that it still is, and says when to do so again.
func (m mysqld) heartbeat(r *app.Run) {
	s := r.State.(state)
	if s.source == nil || !s.source.fetching {
		r.WakeAt = time.Time{}
		return
	}
	m.fetch(r)
	wait := look
	if from := r.State.(state).source; !from.connected && from.Retry > 0 {
		wait = time.Duration(from.Retry) * time.Second
	}
	r.WakeAt = r.System().Now().Add(wait)
	if !r.State.(state).source.fetching {
		r.WakeAt = time.Time{}
	}
}

// fetch asks the source for what follows.
func (m mysqld) fetch(r *app.Run) {
	s := r.State.(state)
	from := *s.source
	was := from.connected
	from.connected = false
	answer, failure := from.ask(r, s)
	switch {
	case failure != nil:
		if was || from.ioError == nil || from.ioError.Message != failure.Message {
			Note(r, "ERROR", "Slave I/O for channel '': %s, Error_code: %d", failure.Message, failure.Code)
		}
		from.ioError = failure
	case answer.Refused != nil:
		Note(r, "ERROR", "Slave I/O for channel '': %s, Error_code: %d", answer.Refused.Message, answer.Refused.Code)
		from.ioError = answer.Refused
		from.fetching = answer.Refused.Code == 1045
	default:
		from.connected, from.ioError, from.serverID = true, nil, answer.Server
		if !was {
			Note(r, "Note", "Slave I/O thread for channel '': connected to master '%s@%s:%d',replication started in log '%s' at position %d", from.User, from.Host, from.Port, from.Log.File, from.Log.At)
		}
	}
	s.source = &from
	r.State = s
	if from.connected {
		m.apply(r, answer.Events)
	}
}

func (s *source) ask(r *app.Run, of state) (answer pulled, failure *sql.Error) {
	said := message{Pull: &pull{s.User, s.Password, of.config.Number("server_id", 1), s.Log, uint16(of.config.Number("port", 3306))}}.bytes()
	number := 2005
	for _, address := range applet.Resolve(r.System(), s.Host) {
		data, err := r.System().Exchange(netip.AddrPortFrom(address, s.Port), said)
		if err == nil && json.Unmarshal(data, &answer) == nil {
			return answer, nil
		}
		number = 2003
		var why *applet.NetworkError
		if errors.As(err, &why) && why.Reason == applet.TimedOut {
			break
		}
	}
	return answer, &sql.Error{Code: number, Message: fmt.Sprintf("error connecting to master '%s@%s:%d' - retry-time: %d  retries: 1", s.User, s.Host, s.Port, s.Retry)}
}

// apply makes the changes of the source, up to the first one that cannot be made.
func (m mysqld) apply(r *app.Run, events []event2) {
	s := r.State.(state)
	from := *s.source
	files, directory := r.System().Files(), s.config.Directory()
	for _, e := range events {
		if from.sqlError != nil || !from.running {
			break
		}
		after, failure := s.store.Apply(e.Event.Changes)
		if failure == nil {
			failure = sql.Save(files, directory, s.store, after)
		}
		if failure != nil {
			Note(r, "ERROR", "Slave SQL for channel '': %s, Error_code: %d", failure.Message, failure.Code)
			from.sqlError, from.running = failure, false
			break
		}
		s.store, from.Log = after, e.Next
		from.lastEvent = e.Event.Time
	}
	if len(events) > 0 {
		from.save(files, directory)
	}
	s.source = &from
	r.State = s
}
