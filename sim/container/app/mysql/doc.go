// Package mysql is MySQL (and, in the same form, MariaDB and Percona Server): one server, or a primary with asynchronous replicas; and the tools by which
// the official StatefulSet example copies it: xtrabackup, xbstream and ncat.
//
// # The server
//
// mysqld reads the usual option files and its arguments, keeps its data in files of its data directory ([sql.Save]), and serves the client of package sql. What it needs to go on
// after a restart is in these files. It listens a moment after it has started, as a real one does.
//
// # Replication
//
// A server with log-bin writes its changes into files HOST-bin.000001 and so on, and a position in them is a number of bytes. A replica (CHANGE MASTER TO, START SLAVE) finds its source
// by name and asks for what follows its own position; from then on the source sends what comes, until the connection breaks. The replica looks every few seconds
// whether it still stands. Replicas lag behind while they are out of reach, and a source does not wait for them: what it had not sent when its volume was lost is lost.
//
// # The clone
//
// xtrabackup --backup copies the files of the data directory and asks the server for its position; --prepare makes the copy one that a server can start from. The
// stream has the form of a real xbstream. ncat --listen runs one program (without a shell) for every connection.
//
// # Not simulated
//
// The protocol of real MySQL clients, semi-synchronous and group replication, GTIDs, TLS, relay logs, and the time that copies take.
package mysql
