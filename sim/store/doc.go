// Package store keeps the whole state of a simulated cluster at one instant, as immutable rows in immutable ordered maps.
//
// There are three sorts of rows:
//
//   - API objects, a table per kind of [api.Kinds], keyed by namespace and name, with indexes: all by their owners, Pods by
//     their node and by the claims they use;
//   - rows of the world behind the API: containers, processes, file trees, images. Their packages declare the tables
//     ([Table]) and the row types ([Row]);
//   - pending events and [Meta]: clock, counters.
//
// Read with a [View]: a read-only snapshot that costs nothing and never changes. Write with a [Tx]. A row that was put is
// immutable from then on; whoever wants to change one puts a changed copy. That is why [DB.Fork] is free, and why an old View
// is a faithful picture of the past.
//
// Every write of an API object gets the next resource version and is noted in the change log, which is what watches are
// served from ([DB.Since]). The log is bounded: asking for changes that are no longer in it is [ErrCompacted], the
// "410 Gone" of the API.
package store
