#!/bin/bash
home=/opt/zookeeper
config=${ZOOCFGDIR:-${ZOO_CONF_DIR:-$home/bin/../conf}}/zoo.cfg
[ -f "${config%/*}/java.env" ] && . "${config%/*}/java.env"
echo "ZooKeeper JMX enabled by default" >&2
echo "Using config: $config" >&2
case $1 in
  start-foreground)
    exec java -Dzookeeper.log.dir=/var/log/zookeeper -Dzookeeper.root.logger=INFO,CONSOLE $SERVER_JVMFLAGS -Dcom.sun.management.jmxremote org.apache.zookeeper.server.quorum.QuorumPeerMain "$config" ;;
  status)
    port=$(grep "^ *clientPort=" "$config" | sed -e 's/.*=//')
    mode=$(echo srvr | nc localhost "${port:-2181}" 2>/dev/null | grep Mode)
    if [ -z "$mode" ]; then
      echo "Error contacting service. It is probably not running."
      exit 1
    fi
    echo "$mode" ;;
  stop)
    echo -n "Stopping zookeeper ... "
    pkill java
    echo STOPPED ;;
  *)
    echo "Usage: $0 {start|start-foreground|stop|restart|status|upgrade|print-cmd}" >&2
    exit 1 ;;
esac
