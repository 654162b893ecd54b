package apiserver

import (
	"net/http"
	"time"
)

// slowReader is how long (by the wall clock) a client may take to read what is sent to it at a time before it is cut off. A watcher that is
// cut off comes back with a resource version that the log may no longer go back to, and is told so with 410.
const slowReader = 30 * time.Second

// trackedWriter knows whether the answer has begun, and cuts off clients that do not read.
type trackedWriter struct {
	http.ResponseWriter
	begun bool
	limit *time.Timer // runs while the client has to read
}

// WriteHeader implements [http.ResponseWriter].
func (w *trackedWriter) WriteHeader(code int) {
	w.begun = true
	w.ResponseWriter.WriteHeader(code)
}

// Write implements [http.ResponseWriter].
func (w *trackedWriter) Write(data []byte) (int, error) {
	w.begun = true
	defer w.patiently().Stop()
	return w.ResponseWriter.Write(data)
}

// Flush implements [http.Flusher].
func (w *trackedWriter) Flush() {
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		defer w.patiently().Stop()
		flusher.Flush()
	}
}

// patiently starts the time within which the client must read. When it is over, what waits for it fails.
func (w *trackedWriter) patiently() *time.Timer {
	if w.limit == nil {
		w.limit = time.AfterFunc(slowReader, func() {
			_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(time.Unix(1, 0)) // an answer within the process has no deadline
		})
	} else {
		w.limit.Reset(slowReader)
	}
	return w.limit
}

// Unwrap lets an [http.ResponseController] and the stream protocols reach the connection.
func (w *trackedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
