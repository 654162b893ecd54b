package galera

import (
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

var (
	mariadb = node{"10.1.48-MariaDB", "MariaDB", "Source distribution, wsrep_25.24.r10509"}
	percona = node{"5.6.51-91.0-56", "Percona", "Percona XtraDB Cluster (GPL), Release rel91.0, WSREP version 28.44"}
)

// script is an executable text file of an image.
type script struct{ path, text string }

// root is a file system with the server, its clients and scripts. All of it may be used by any user, since these images run as theirs.
func root(scripts ...script) func() storage.Tree {
	return sync.OnceValue(func() storage.Tree {
		t := mysql.WithServer(app.DebianRoot()).WithDir("/etc/my.cnf.d", 0o777)
		for _, name := range []string{"curl", "dig", "nc"} {
			t = t.With("/usr/bin/"+name, shell.Stub(name), 0o755)
		}
		for _, s := range scripts {
			t = t.With(s.path, []byte(s.text), 0o755)
		}
		return t
	})
}

// prepare initialises an empty data directory from the variables that all these images know.
const prepare = `#!/bin/bash
# stsim: initialises an empty data directory.
[ -d /var/lib/mysql/mysql ] && exit 0
if [ -z "$MYSQL_ROOT_PASSWORD" ] && [ -z "$MYSQL_ALLOW_EMPTY_PASSWORD" ]; then
  echo "error: database is uninitialized and MYSQL_ROOT_PASSWORD not set" >&2
  exit 1
fi
echo "Running mysql_install_db ..."
{
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';"
  echo "CREATE USER 'root'@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';"
  echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
  [ -n "$MYSQL_DATABASE" ] && echo "CREATE DATABASE IF NOT EXISTS $MYSQL_DATABASE;"
  if [ -n "$MYSQL_USER" ]; then
    echo "CREATE USER IF NOT EXISTS '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';"
    [ -n "$MYSQL_DATABASE" ] && echo "GRANT ALL ON $MYSQL_DATABASE.* TO '$MYSQL_USER'@'%';"
  fi
} > /tmp/init.sql
sleep 3
mysqld --initialize-insecure --datadir=/var/lib/mysql --init-file=/tmp/init.sql || exit 1
rm -f /tmp/init.sql
echo "Finished mysql_install_db"
`

var prepareScript = script{"/usr/local/bin/prepare-datadir", prepare}

// image is one of these images.
func image(n node, tree func() storage.Tree, entrypoint string) *app.Image {
	return &app.Image{Root: tree, Entrypoint: []string{entrypoint}, Command: []string{"mysqld"}, Servers: map[string]app.Server{"mysqld": n}, Commands: mysql.Clients()}
}

// PeerFinder is the image of the StatefulSet form (k8s-mariadb-galera-centos): a script looks in DNS for the Pods of the governing Service, and who is alone begins a cluster.
func PeerFinder(app.Reference) *app.Image {
	return image(mariadb, peerFinderRoot, "/usr/bin/container-entrypoint")
}

var peerFinderRoot = root(prepareScript,
	script{"/usr/bin/container-entrypoint", peerFinderEntrypoint},
	script{"/usr/bin/peer-finder", peerFinder},
	script{"/usr/share/container-scripts/mysql/configure-galera.sh", configureGalera},
	script{"/usr/share/container-scripts/mysql/readiness-probe.sh", readinessProbe})

const peerFinderEntrypoint = `#!/bin/bash
# stsim's entry point of the Galera image that finds its peers in DNS.
set -e
if [ "$1" = mysqld ]; then
  prepare-datadir
  peer-finder -on-start=/usr/share/container-scripts/mysql/configure-galera.sh -service="${GALERA_SERVICE:-$(hostname -d | cut -d. -f1)}"
fi
exec "$@"
`

const peerFinder = `#!/bin/bash
# stsim's peer-finder: waits until this Pod is among the names of its Service, then gives all of them to a script.
for arg in "$@"; do
  case "$arg" in
    -on-start=*) script="${arg#*=}" ;;
    -service=*) service="${arg#*=}" ;;
    -ns=*) namespace="${arg#*=}" ;;
    *) echo "peer-finder: unknown argument $arg; expected -service= -on-start= -ns=" >&2; exit 1 ;;
  esac
done
namespace="${namespace:-$POD_NAMESPACE}"
name="$service.${namespace:-default}.svc.cluster.local"
self="$(hostname).$name"
while true; do
  peers="$(dig +short SRV "$name" | awk '{print $4}' | sed 's/\.$//' | sort -u)"
  if echo "$peers" | grep -qx "$self"; then
    break
  fi
  if [ -z "$waited" ]; then
    echo "$(date -u +'%Y/%m/%d %H:%M:%S') $self is not among the peers of $name yet"
    waited=yes
  fi
  sleep 1
done
echo "$(date -u +'%Y/%m/%d %H:%M:%S') Peer list updated"
echo "now [$(echo $peers)]"
echo "$peers" | "$script"
`

const configureGalera = `#!/bin/bash
# stsim: writes the address of the cluster. Who has no peer but itself begins a new one.
while read -r peer; do
  case "$peer" in
    "$(hostname)".*) self="$peer" ;;
    *) others="${others:+$others,}$peer" ;;
  esac
done
{
  echo "[mysqld]"
  echo "wsrep_on=ON"
  echo "wsrep_cluster_name=${GALERA_CLUSTER_NAME:-galera}"
  echo "wsrep_cluster_address=gcomm://$others"
  echo "wsrep_node_name=$(hostname)"
} > /etc/my.cnf.d/galera.cnf
echo "wsrep_cluster_address=gcomm://$others"
`

const readinessProbe = `#!/bin/bash
exec mysql -h 127.0.0.1 -u "$MYSQL_USER" --password="$MYSQL_PASSWORD" -e 'SHOW DATABASES;'
`

// PXC is the Percona XtraDB Cluster image of the examples: it finds its peers in the variables that Services leave in the environment.
func PXC(app.Reference) *app.Image { return image(percona, pxcRoot, "/entrypoint.sh") }

var pxcRoot = root(prepareScript, script{"/entrypoint.sh", pxcEntrypoint})

const pxcEntrypoint = `#!/bin/bash
# stsim's entry point of the image percona_xtradb_cluster_5_6: the address of the cluster is made of PXC_NODE1_SERVICE_HOST and so on.
set -e
prepare-datadir
if [ "$GALERA_CLUSTER" = true ]; then
  self="$(echo "$HOSTNAME" | sed -E 's/^(pxc-node[0-9]+).*/\1/')"
  address="${WSREP_CLUSTER_ADDRESS:-gcomm://}"
  if [ "$address" = gcomm:// ]; then
    for i in $(seq 1 "${NUM_NODES:-3}"); do
      host="PXC_NODE${i}_SERVICE_HOST"
      if [ "$self" != "pxc-node$i" ] && [ -n "${!host}" ]; then
        address="$address${separator}${!host}"
        separator=,
      fi
    done
  fi
  {
    echo "[mysqld]"
    echo "wsrep_cluster_name=${WSREP_CLUSTER_NAME:-pxc}"
    echo "wsrep_cluster_address=$address"
    echo "wsrep_node_name=$self"
    echo "wsrep_sst_method=xtrabackup-v2"
  } > /etc/my.cnf.d/cluster.cnf
  echo "wsrep_cluster_address=$address"
fi
exec "$@"
`
