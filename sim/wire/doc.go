// Package wire carries what a real client sends over a connection to a simulated server, and the answers back.
//
// A simulated server answers a whole request at once (app.Server). So what looks like HTTP/1 is read request by request: its body is
// collected, chunks are put together, "Expect: 100-continue" is answered, and the connection ends when the client asked for that or the server said
// so. Anything else is passed on as it comes, a segment at a time.
//
// A request is bounded: [MaxHeader] for its head, [MaxBody] for its body. A connection may be idle for [Idle], and a request that has begun must be
// complete within [Patience].
package wire
