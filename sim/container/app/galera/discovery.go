package galera

import "github.com/stsim/stsim/sim/container/app"

// EtcdDiscovery is the image of the form with etcd (severalnines/mariadb and its copies): members tell each other through etcd who they are and how far they are.
func EtcdDiscovery(app.Reference) *app.Image { return image(mariadb, etcdRoot, "/entrypoint.sh") }

// WithEtcd fits its images.
func WithEtcd(r app.Reference) bool {
	return r.Repository == "severalnines/mariadb" || r.Repository == "drlee001/mariadb"
}

var etcdRoot = root(prepareScript,
	script{"/entrypoint.sh", etcdEntrypoint},
	script{"/report_status.sh", reportStatus},
	script{"/healthcheck.sh", healthcheck})

// etcdEntrypoint decides from what etcd has: nobody there, so begin; somebody Synced, so join; others that are there but not Synced, so compare how far each is, and begin if nobody is
// further and nobody as far was earlier.
const etcdEntrypoint = `#!/bin/bash
# stsim's entry point of the Galera image that finds its peers in etcd.
set -e
if [ "${1:0:1}" = "-" ]; then
  set -- mysqld "$@"
fi
if [ "$1" != mysqld ]; then
  exec "$@"
fi
if [ -z "$CLUSTER_NAME" ]; then
  echo >&2 'Error:  You need to specify CLUSTER_NAME'
  exit 1
fi
prepare-datadir
TTL="${TTL:-10}"
ip="$(hostname -i)"
address=""
new=""
if [ -z "$DISCOVERY_SERVICE" ]; then
  address="$CLUSTER_JOIN"
else
  base="http://$DISCOVERY_SERVICE/v2/keys/galera/$CLUSTER_NAME"
  echo ">> Registering in http://$DISCOVERY_SERVICE"
  if ! curl -s "http://$DISCOVERY_SERVICE/health" | grep -q true; then
    echo ">> Couldn't reach the etcd cluster. Exiting."
    exit 1
  fi
  # Each line: KEY VALUE CREATED, of the leaves of this cluster.
  leaves() {
    curl -s "$base?recursive=true&sorted=true" | sed 's/{"key"/\n{"key"/g' | sed -n -E 's/^\{"key":"([^"]*)","value":"([^"]*)".*"createdIndex":([0-9]+).*/\1 \2 \3/p'
  }
  synced() { leaves | grep '/wsrep_local_state_comment Synced ' | cut -d/ -f4 | grep -v "^$ip\$" | paste -sd, -; }
  nodes() { leaves | grep '/ipaddress ' | cut -d/ -f4 | grep -v "^$ip\$" | paste -sd, -; }
  publish() { curl -s -X PUT "$base/$ip/$1" -d "value=$2" -d "ttl=$3" > /dev/null; }
  sleep "$TTL"
  running="$(nodes)"
  ready="$(synced)"
  if [ -z "$running" ]; then
    echo ">> No other node of $CLUSTER_NAME is registered: this is the first"
    new=yes
  elif [ -n "$ready" ]; then
    echo ">> Synced nodes: $ready"
    address="$ready"
  else
    position="$(mysqld --wsrep-recover 2>&1 | sed -n 's/.*Recovered position: //p')"
    mine="${position##*:}"
    [ "$mine" -ge 0 ] 2>/dev/null || mine=0
    echo ">> Registered nodes, none of them Synced: $running; this one has seqno $mine"
    publish ipaddress "$ip" "$((TTL * 3))"
    publish seqno "$mine" "$((TTL * 3))"
    sleep "$TTL"
    ready="$(synced)"
    if [ -z "$ready" ]; then
      # The greatest seqno comes first, of equal ones the earliest reporter.
      first="$(leaves | grep '/seqno ' | sort -k2,2nr -k3,3n | head -1)"
      if [ "$(echo "$first" | cut -d/ -f4)" = "$ip" ]; then
        echo ">> Nobody has more: this one begins"
        new=yes
      else
        echo ">> $(echo "$first" | cut -d/ -f4) is to begin"
        sleep "$TTL"
        sleep 5
        ready="$(synced)"
        if [ -z "$ready" ]; then
          echo ">> Still nobody is Synced. Exiting."
          exit 1
        fi
      fi
    fi
    address="$ready"
  fi
  /report_status.sh "$base/$ip" "$ip" "$TTL" &
fi
if [ -n "$new" ] && [ -f /var/lib/mysql/grastate.dat ]; then
  sed -i 's/safe_to_bootstrap: 0/safe_to_bootstrap: 1/' /var/lib/mysql/grastate.dat
fi
echo ">> Starting with gcomm://$address"
exec mysqld --wsrep_cluster_name="$CLUSTER_NAME" --wsrep_cluster_address="gcomm://$address" --wsrep_sst_method=xtrabackup-v2 ${new:+--wsrep-new-cluster}
`

const reportStatus = `#!/bin/bash
# stsim: tells etcd how this member is, before what it said last is forgotten.
base="$1" ip="$2" ttl="$3"
while true; do
  state="$(mysql -h 127.0.0.1 -uroot -p"$MYSQL_ROOT_PASSWORD" -N -e "SHOW STATUS LIKE 'wsrep_local_state_comment'" 2>/dev/null | cut -f2)"
  curl -s -X PUT "$base/ipaddress" -d "value=$ip" -d "ttl=$ttl" > /dev/null
  if [ -n "$state" ]; then
    curl -s -X PUT "$base/wsrep_local_state_comment" -d "value=$state" -d "ttl=$ttl" > /dev/null
  fi
  sleep $((ttl - 2))
done
`

const healthcheck = `#!/bin/bash
# stsim: --readiness asks for a Synced member that can be written to, --liveness for one that has got beyond its start.
status() { mysql -h 127.0.0.1 -uroot -p"$MYSQL_ROOT_PASSWORD" -N -e "$1" 2>/dev/null | cut -f2; }
case "$1" in
  --readiness) [ "$(status "SHOW STATUS LIKE 'wsrep_local_state'; SHOW VARIABLES LIKE 'read_only'" | paste -sd' ' -)" = "4 OFF" ] ;;
  --liveness) state="$(status "SHOW STATUS LIKE 'wsrep_local_state_comment'")"; [ -n "$state" ] && [ "$state" != Initialized ] ;;
  *) echo "usage: $0 --readiness|--liveness" >&2; exit 2 ;;
esac
`
