// Package sql is a small SQL database, for the models of those applications that speak the SQL of MySQL.
//
// # The data
//
// A [Store] is an immutable value: schemas, tables, rows. A statement gives a new Store and the list of [Change] that leads to it, which is what a
// server writes into its binary log or sends to the other members of its cluster. [Save] and [Load] keep a Store in a data directory, a file for each table, so that what
// survives a restart is what lies on the volume and nothing else.
//
// # The language
//
// [Session.Execute] reads and executes one statement: create, alter (add and drop columns), drop, truncate, rename, use, insert (also with select, ignore, on duplicate key update),
// replace, select (columns, expressions, where, order by, limit, distinct, group by, the usual functions), update, delete, begin, commit, rollback, set, show, describe,
// users and grants. What belongs to one kind of server (replication, plug-ins) the [Server] answers itself. The messages are MySQL's with MySQL's numbers.
//
// # Transactions
//
// A transaction reads the Store as it was when it began, and its own changes. Who commits first wins: a change to a row that somebody else has changed
// meanwhile makes the commit fail with error 1213. A real InnoDB would let the second writer wait for the first one's lock.
//
// # Between client and server
//
// A connection is a call, so a client sends a [Request] with one or more statements and gets a [Response]: lines of JSON, a protocol of our own. Real MySQL clients from outside of the cluster are
// not served. [Client] is the mysql command.
//
// # Not simulated
//
// Joins, subqueries, unions, views, stored routines, triggers, foreign keys, character sets, locks, and types beyond numbers, texts and times. Using one is
// error 1235, which says so.
package sql
