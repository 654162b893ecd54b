package mysql

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/app/sql"
)

// Admin implements [sql.Server]: what concerns replication.
func (d *desk) Admin(session *sql.Session, statement sql.Admin) (sql.Result, bool, *sql.Error) {
	s := d.state()
	switch verb := strings.ReplaceAll(statement.Verb, "replica", "slave"); verb {
	case "change master to":
		return sql.Result{}, true, d.changeSource(statement)
	case "start slave":
		if s.source == nil {
			return sql.Result{}, true, &sql.Error{Code: 1200, State: "HY000", Message: "The server is not configured as slave; fix in config file or with CHANGE MASTER TO"}
		}
		from := *s.source
		from.running, from.fetching, from.sqlError, from.ioError = true, true, nil, nil
		s.source = &from
		d.run.State = s
		d.run.WakeAt = d.Now() // the threads begin on their own
		return sql.Result{}, true, nil
	case "stop slave":
		if s.source != nil {
			from := *s.source
			from.running, from.fetching, from.connected = false, false, false
			s.source = &from
			d.run.State = s
		}
		return sql.Result{}, true, nil
	case "reset slave":
		s.source = nil
		d.run.State = s
		_ = d.run.System().Files().Remove(path.Join(s.config.Directory(), sourceFile))
		return sql.Result{}, true, nil
	case "show master status":
		result := sql.Answer([]string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"})
		if s.log.File != "" {
			result.Rows = [][]sql.Value{{sql.TextOf(s.log.File), sql.IntOf(s.log.At), sql.TextOf(""), sql.TextOf(""), sql.TextOf("")}}
			result.Columns[1].Right = true
		}
		return result, true, nil
	case "show binary logs", "show master logs":
		return d.logs(), true, nil
	case "show slave status":
		return d.sourceStatus(), true, nil
	case "show slave hosts":
		result := sql.Answer([]string{"Server_id", "Host", "Port", "Master_id"})
		for _, to := range s.dumps {
			result.Rows = append(result.Rows, []sql.Value{sql.IntOf(to.Server), sql.TextOf(to.Address.Addr().String()), sql.IntOf(int64(to.Address.Port())), sql.IntOf(d.serverID())})
		}
		return result, true, nil
	case "shutdown":
		d.stop(d.run)
		return sql.Result{}, true, nil
	}
	return sql.Result{}, false, nil
}

func (d *desk) changeSource(statement sql.Admin) *sql.Error {
	s := d.state()
	settings, failure := statement.Settings()
	if failure != nil {
		return failure
	}
	from := source{Port: 3306, Retry: 60}
	if s.source != nil {
		from = *s.source
		if from.running || from.fetching {
			return &sql.Error{Code: 3021, State: "HY000", Message: "This operation cannot be performed with a running slave io thread; run STOP SLAVE IO_THREAD FOR CHANNEL '' first."}
		}
	}
	for _, setting := range settings {
		number, err := strconv.ParseInt(setting.Value, 10, 64)
		switch setting.Name {
		case "MASTER_HOST":
			if setting.Value != from.Host && from.Host != "" {
				from.Log = position{}
			}
			from.Host = setting.Value
		case "MASTER_USER":
			from.User = setting.Value
		case "MASTER_PASSWORD":
			from.Password = setting.Value
		case "MASTER_LOG_FILE":
			from.Log.File = setting.Value
			from.Log.At = max(from.Log.At, firstPosition)
		case "MASTER_LOG_POS":
			from.Log.At = max(number, firstPosition)
		case "MASTER_PORT":
			from.Port = uint16(number)
		case "MASTER_CONNECT_RETRY":
			from.Retry = number
		case "MASTER_AUTO_POSITION", "MASTER_USE_GTID":
			return sql.NotSimulated("GTIDs", "replicate by MASTER_LOG_FILE and MASTER_LOG_POS")
		default:
			err = nil
		}
		if err != nil && strings.Contains("MASTER_LOG_POS MASTER_PORT MASTER_CONNECT_RETRY", setting.Name) {
			return &sql.Error{Code: 1064, State: "42000", Message: "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '" + setting.Value + "' at line 1"}
		}
	}
	s.source = &from
	d.run.State = s
	from.save(d.run.System().Files(), s.config.Directory())
	return nil
}

func (d *desk) logs() sql.Result {
	s := d.state()
	result := sql.Answer([]string{"Log_name", "File_size"})
	result.Columns[1].Right = true
	files := d.run.System().Files()
	if s.log.File == "" {
		return result
	}
	for _, name := range logFiles(files, s.config.Directory(), s.log.File) {
		info, _ := files.Stat(path.Join(s.config.Directory(), name))
		result.Rows = append(result.Rows, []sql.Value{sql.TextOf(name), sql.IntOf(info.Size)})
	}
	return result
}

// sourceStatus is SHOW SLAVE STATUS with those of its columns that mean something here.
func (d *desk) sourceStatus() sql.Result {
	s := d.state()
	columns := []string{"Slave_IO_State", "Master_Host", "Master_User", "Master_Port", "Connect_Retry", "Master_Log_File", "Read_Master_Log_Pos", "Relay_Master_Log_File", "Slave_IO_Running",
		"Slave_SQL_Running", "Last_Errno", "Last_Error", "Exec_Master_Log_Pos", "Seconds_Behind_Master", "Last_IO_Errno", "Last_IO_Error", "Last_SQL_Errno", "Last_SQL_Error", "Master_Server_Id"}
	from := s.source
	if from == nil {
		return sql.Answer(columns)
	}
	doing, io, running, behind := "", "No", "No", "NULL"
	switch {
	case from.connected:
		doing, io = "Waiting for master to send event", "Yes"
	case from.fetching:
		doing, io = "Connecting to master", "Connecting"
	}
	if from.running {
		running = "Yes"
	}
	if from.runs() {
		behind = "0"
	}
	code := func(e *sql.Error) (string, string) {
		if e == nil {
			return "0", ""
		}
		return strconv.Itoa(e.Code), e.Message
	}
	ioCode, ioText := code(from.ioError)
	sqlCode, sqlText := code(from.sqlError)
	at := strconv.FormatInt(from.Log.At, 10)
	return sql.Answer(columns, []string{doing, from.Host, from.User, fmt.Sprint(from.Port), fmt.Sprint(from.Retry), from.Log.File, at, from.Log.File, io, running, sqlCode, sqlText, at, behind,
		ioCode, ioText, sqlCode, sqlText, fmt.Sprint(from.serverID)})
}
