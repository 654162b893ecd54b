package mysql

import (
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/storage"
)

// xtrabackup --backup copies a running server's files, --prepare makes the copy usable.
func xtrabackup(c *applet.Call) applet.Outcome {
	b := backup{Call: c, host: "127.0.0.1", user: "root", port: 3306, datadir: "/var/lib/mysql", target: "/xtrabackup_backupfiles"}
	for i, arg := range c.Args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "--backup":
			b.backup = true
		case "--prepare":
			b.prepare = true
		case "--slave-info":
			b.slaveInfo = true
		case "--stream":
			b.stream = value == "xbstream"
			if !b.stream {
				return b.fail("Invalid --stream argument: %s", value)
			}
		case "--target-dir":
			b.target = value
		case "--datadir":
			b.datadir = value
		case "--host":
			b.host = value
		case "--user":
			b.user = value
		case "--password":
			b.password = value
		case "--port":
			number, err := strconv.ParseUint(value, 10, 16)
			if err != nil {
				return b.fail("expected a port, found %q", value)
			}
			b.port = uint16(number)
		case "--no-timestamp", "--parallel", "--galera-info", "--no-lock":
		default:
			return b.fail("unknown option '%s' (argument %d); hint: the simulated xtrabackup knows --backup --prepare --stream=xbstream --slave-info --target-dir --datadir --host --port --user --password", arg, i+1)
		}
	}
	switch {
	case b.backup:
		return b.run()
	case b.prepare:
		return b.finish()
	}
	return b.fail("expected --backup or --prepare")
}

type backup struct {
	*applet.Call
	backup, prepare, slaveInfo, stream bool
	host, user, password               string
	port                               uint16
	datadir, target                    string
}

func (b backup) note(format string, values ...any) {
	fmt.Fprintf(b.Stderr, "%s %s\n", b.System.Now().UTC().Format("060102 15:04:05"), fmt.Sprintf(format, values...))
}

func (b backup) fail(format string, values ...any) applet.Outcome {
	fmt.Fprintf(b.Stderr, "xtrabackup: error: "+format+"\n", values...)
	return applet.Exit(1)
}

// copied says whether a file of the data directory belongs to a copy.
func copied(name string) bool {
	return strings.Contains(name, "/") && !strings.HasPrefix(name, "#") || name == "ibdata1"
}

func (b backup) run() applet.Outcome {
	addresses := applet.Resolve(b.System, b.host)
	if len(addresses) == 0 {
		return b.fail("Failed to connect to MySQL server: Unknown MySQL server host '%s' (0).", b.host)
	}
	request := sql.Request{User: b.user, Password: b.password, Statements: []string{"SHOW MASTER STATUS", "SHOW SLAVE STATUS"}}
	response, reason := sql.Ask(b.System, netip.AddrPortFrom(addresses[0], b.port), request)
	switch {
	case reason != "":
		return b.fail("Failed to connect to MySQL server: Can't connect to MySQL server on '%s' (%s).", b.host, reason)
	case response.Refused != nil:
		return b.fail("Failed to connect to MySQL server: %s.", response.Refused.Message)
	}
	b.note("Connecting to MySQL server host: %s, user: %s, password: %s, port: %d, socket: not set", b.host, b.user, map[bool]string{true: "set", false: "not set"}[b.password != ""], b.port)
	b.note("Using server version %s", response.Version)
	files := b.System.Files().In(b.Dir)
	content := map[string][]byte{}
	var names []string
	add := func(name string, data []byte) {
		if _, known := content[name]; !known {
			names = append(names, name)
		}
		content[name] = data
	}
	err := files.Walk(b.datadir, func(name string, info storage.Info, err error) error {
		short := strings.TrimPrefix(name, path.Clean(b.datadir)+"/")
		if err != nil || info.IsDir() || info.Mode&fs.ModeType != 0 || !copied(short) {
			return err
		}
		data, err := files.ReadFile(name)
		add(short, data)
		return err
	})
	if err != nil || len(names) == 0 {
		return b.fail("cannot read the data directory %s: %v", b.datadir, err)
	}
	if answer := reply(response, 0); len(answer.Rows) > 0 {
		add("xtrabackup_binlog_info", []byte(answer.Rows[0][0].Show()+"\t"+answer.Rows[0][1].Show()+"\n"))
	}
	if b.slaveInfo {
		if answer := reply(response, 1); len(answer.Rows) > 0 {
			row := answer.Rows[0]
			add("xtrabackup_slave_info", []byte("CHANGE MASTER TO MASTER_LOG_FILE='"+row[7].Show()+"', MASTER_LOG_POS="+row[12].Show()+";\n"))
		} else {
			b.note("Failed to get master binlog coordinates from SHOW SLAVE STATUS")
			b.note("This means that the server is not a replication slave. Ignoring the --slave-info option")
		}
	}
	add("xtrabackup_checkpoints", []byte("backup_type = full-backuped\n"))
	for _, name := range names {
		if b.stream {
			_, _ = b.Stdout.Write(chunk(name, content[name]))
			continue
		}
		place := path.Join(b.target, name)
		if err := files.MkdirAll(path.Dir(place), 0o750); err == nil {
			err = files.WriteFile(place, content[name], 0o640, storage.Create|storage.Write|storage.Truncate)
			if err != nil {
				return b.fail("%v", err)
			}
		}
	}
	b.note("completed OK!")
	return applet.Exit(0)
}

func reply(response sql.Response, i int) sql.Result {
	if i < len(response.Replies) {
		return response.Replies[i].Result
	}
	return sql.Result{}
}

func (b backup) finish() applet.Outcome {
	files := b.System.Files().In(b.Dir)
	name := path.Join(b.target, "xtrabackup_checkpoints")
	text, err := files.ReadText(name)
	if err != nil {
		return b.fail("xtrabackup_read_metadata(): cannot open %s: No such file or directory; hint: nothing was copied into %s", name, b.target)
	}
	b.note("cd to %s", b.target)
	text = strings.Replace(text, "full-backuped", "full-prepared", 1)
	if err := files.WriteFile(name, []byte(text), 0o640, storage.Create|storage.Write|storage.Truncate); err != nil {
		return b.fail("%v", err)
	}
	b.note("completed OK!")
	return applet.Exit(0)
}
