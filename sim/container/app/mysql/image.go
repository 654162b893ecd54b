package mysql

import (
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/sql"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// product is what a server calls itself.
type product struct{ version, flavour, comment string }

// Image is mysql, mariadb or percona: the server, its clients, and an entry point that initialises an empty data directory.
func Image(r app.Reference) *app.Image {
	p := productOf(r)
	return &app.Image{
		Root:       tree,
		Env:        []string{"MYSQL_VERSION=" + p.version, "MYSQL_MAJOR=" + major(p.version)},
		Entrypoint: []string{"docker-entrypoint.sh"},
		Command:    []string{"mysqld"},
		Servers:    map[string]app.Server{"mysqld": mysqld{p}},
		Commands:   Clients(),
	}
}

// Clients are the commands mysql and mysqladmin by the names of their stubs.
func Clients() map[string]applet.Applet {
	return map[string]applet.Applet{"mysql": sql.Client, "mysqladmin": sql.AdminClient}
}

func major(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// newest is the last release of each series that the tutorials use.
var newest = map[string]string{"5.6": "5.6.51", "5.7": "5.7.44", "8.0": "8.0.43", "8": "8.4.6", "8.4": "8.4.6", "9": "9.4.0", "10.1": "10.1.48", "10.3": "10.3.39", "10.5": "10.5.29",
	"10.6": "10.6.23", "10.11": "10.11.14", "11.4": "11.4.8", "11": "11.8.3", "10": "10.11.14"}

func productOf(r app.Reference) product {
	maria := strings.Contains(r.Last(), "mariadb")
	tag, _, _ := strings.Cut(r.Tag, "-")
	version := "8.4.6"
	if maria {
		version = "11.8.3"
	}
	if known := newest[tag]; known != "" {
		version = known
	} else if strings.Count(tag, ".") >= 1 && strings.Trim(tag, "0123456789.") == "" {
		version = tag
	}
	switch {
	case maria:
		return product{version + "-MariaDB", "MariaDB", "mariadb.org binary distribution"}
	case strings.Contains(r.Last(), "percona"):
		return product{version, "Percona", "Percona Server (GPL)"}
	}
	return product{version, "MySQL", "MySQL Community Server (GPL)"}
}

// WithServer puts the server and its clients into an image's root.
func WithServer(t storage.Tree) storage.Tree {
	for _, program := range [][2]string{{"/usr/sbin/mysqld", "mysqld"}, {"/usr/sbin/mariadbd", "mysqld"}, {"/usr/bin/mysql", "mysql"}, {"/usr/bin/mariadb", "mysql"},
		{"/usr/bin/mysqladmin", "mysqladmin"}, {"/usr/bin/mariadb-admin", "mysqladmin"}} {
		t = t.With(program[0], shell.Stub(program[1]), 0o755)
	}
	return t.WithDir("/var/lib/mysql", 0o777).WithDir("/var/run/mysqld", 0o777).WithDir("/etc/mysql/conf.d", 0o755).WithDir("/docker-entrypoint-initdb.d", 0o755)
}

var tree = sync.OnceValue(func() storage.Tree {
	return WithServer(app.DebianRoot()).
		With("/usr/local/bin/docker-entrypoint.sh", []byte(entrypoint), 0o755).
		WithSymlink("/entrypoint.sh", "/usr/local/bin/docker-entrypoint.sh")
})

// entrypoint does what the official image's does with an empty data directory: it asks for a password policy, makes users and databases, and runs the files of
// /docker-entrypoint-initdb.d that are SQL.
const entrypoint = `#!/bin/bash
# stsim's entry point of mysql, mariadb and percona.
set -e
if [ "${1:0:1}" = "-" ]; then
  set -- mysqld "$@"
fi
note() { echo "$(date -u +'%Y-%m-%d %H:%M:%S+00:00') [$1] [Entrypoint]: $2"; }
if [ "$1" = "mysqld" ] || [ "$1" = "mariadbd" ]; then
  note Note "Entrypoint script for MySQL Server ${MYSQL_VERSION} started."
  root="${MYSQL_ROOT_PASSWORD:-$MARIADB_ROOT_PASSWORD}"
  empty="${MYSQL_ALLOW_EMPTY_PASSWORD:-$MARIADB_ALLOW_EMPTY_ROOT_PASSWORD}"
  random="${MYSQL_RANDOM_ROOT_PASSWORD:-$MARIADB_RANDOM_ROOT_PASSWORD}"
  if [ -n "$MYSQL_ROOT_PASSWORD_FILE" ]; then
    root="$(cat "$MYSQL_ROOT_PASSWORD_FILE")"
  fi
  if [ ! -d /var/lib/mysql/mysql ]; then
    if [ -z "$root" ] && [ -z "$empty" ] && [ -z "$random" ]; then
      note ERROR "Database is uninitialized and password option is not specified"
      echo "    You need to specify one of the following as an environment variable:"
      echo "    - MYSQL_ROOT_PASSWORD"
      echo "    - MYSQL_ALLOW_EMPTY_PASSWORD"
      echo "    - MYSQL_RANDOM_ROOT_PASSWORD"
      exit 1
    fi
    if [ -n "$random" ] && [ -z "$root" ]; then
      root="$(head -c 12 /dev/urandom | md5sum | cut -c1-16)"
      note Note "GENERATED ROOT PASSWORD: $root"
    fi
    note Note "Initializing database files"
    user="${MYSQL_USER:-$MARIADB_USER}"
    database="${MYSQL_DATABASE:-$MARIADB_DATABASE}"
    {
      echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$root';"
      if [ "${MYSQL_ROOT_HOST:-%}" != localhost ]; then
        echo "CREATE USER 'root'@'${MYSQL_ROOT_HOST:-%}' IDENTIFIED BY '$root';"
        echo "GRANT ALL ON *.* TO 'root'@'${MYSQL_ROOT_HOST:-%}' WITH GRANT OPTION;"
      fi
      if [ -n "$database" ]; then
        echo "CREATE DATABASE IF NOT EXISTS $database;"
      fi
      if [ -n "$user" ]; then
        echo "CREATE USER '$user'@'%' IDENTIFIED BY '${MYSQL_PASSWORD:-$MARIADB_PASSWORD}';"
        if [ -n "$database" ]; then
          echo "GRANT ALL ON $database.* TO '$user'@'%';"
        fi
      fi
      if [ -n "$database" ]; then
        echo "USE $database;"
      fi
      for f in /docker-entrypoint-initdb.d/*; do
        case "$f" in
          *.sql) cat "$f"; echo ";" ;;
          *.sql.gz) gunzip -c "$f"; echo ";" ;;
          *.sh) echo "stsim: $f is not run: scripts need a running server while it is initialised, which is not simulated; use SQL" >&2 ;;
        esac
      done
    } > /tmp/init.sql
    sleep 3
    "$1" --initialize-insecure --datadir=/var/lib/mysql --init-file=/tmp/init.sql
    rm -f /tmp/init.sql
    note Note "Database files initialized"
    note Note "MySQL init process done. Ready for start up."
  fi
fi
exec "$@"
`

// XtrabackupImage is gcr.io/google-samples/xtrabackup: the tools that copy a server's data, and its client.
func XtrabackupImage(app.Reference) *app.Image {
	commands := Clients()
	commands["ncat"], commands["xbstream"], commands["xtrabackup"] = ncat, xbstream, xtrabackup
	return &app.Image{Root: xtrabackupTree, Command: []string{"bash"}, Commands: commands, Servers: map[string]app.Server{"ncat-listen": listener{}}}
}

var xtrabackupTree = sync.OnceValue(func() storage.Tree {
	t := app.DebianRoot().WithDir("/var/lib/mysql", 0o777).WithDir("/etc/mysql/conf.d", 0o755)
	for _, name := range []string{"mysql", "mysqladmin", "ncat", "xbstream", "xtrabackup", "innobackupex"} {
		stub := name
		if name == "innobackupex" {
			stub = "xtrabackup"
		}
		t = t.With("/usr/bin/"+name, shell.Stub(stub), 0o755)
	}
	return t.With("/usr/bin/ncat-listen", shell.Stub("ncat-listen"), 0o755)
})
