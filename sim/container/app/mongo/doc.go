// Package mongo is a model of MongoDB 3.4 and later: mongod as a member of a replica set (or alone), and the mongo shell with a small JavaScript.
//
// The members are those of package quorum. rs.initiate makes the first entry of the log after every named member has answered; the others learn of it from the first primary. A primary is
// elected by a majority of the votes when it was silent for ten seconds; a new one has the newest data, then the highest priority, then the lowest _id. A write is acknowledged by the
// primary alone, as up to version 4.4, unless it asks for writeConcern majority: what a primary that is cut off acknowledges is rolled back when it meets its successor. Members are found by the names
// in the configuration. A member knows itself by that name; rs.initiate fails when a name does not resolve, which is why the Service of a StatefulSet needs publishNotReadyAddresses.
//
// Members share the name of the set and the key file. With --auth (or a key file) nobody does anything before logging in; while there is no user, clients on the same host may set up the set and make the
// first user.
//
// The shell knows expressions, var, if and while, the objects db and rs, and of their methods those of the common tutorials; what it does not know it names. Documents are compared by whole values and a few
// operators. Indexes, aggregation, sharding, roles (a user may do everything), TLS, delayed and hidden members and real drivers (the wire protocol is not BSON) are not simulated. Copies are made at once: a secondary
// lags only when it cannot be reached.
package mongo
