package apiserver

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/stsim/stsim/sim/api"
)

// minGzip is the size of the smallest answer that is compressed (upstream: responsewriters, defaultGzipThresholdBytes).
const minGzip = 128 << 10

// fail answers with the Status of an error. Once an answer has begun nothing can be added to it: the connection ends.
func (r *request) fail(err error) {
	if r.writer.begun {
		return
	}
	how := r.media
	how.form = asObject
	if how.mediaType == "" {
		how.mediaType = jsonType
		if found, ok := negotiateMedia(r.http.Header.Get("Accept")); ok {
			how.mediaType = found.mediaType
		}
	}
	status := statusOf(err)
	if seconds := status.Details; seconds != nil && seconds.RetryAfterSeconds > 0 {
		r.writer.Header().Set("Retry-After", strconv.Itoa(int(seconds.RetryAfterSeconds)))
	}
	data, encodeErr := encode(status, how)
	if encodeErr != nil {
		http.Error(r.writer, err.Error(), http.StatusInternalServerError)
		return
	}
	r.write(int(status.Code), how.mediaType, data)
}

// warn adds a Warning header to the answer, which kubectl prints.
func (r *request) warn(text string) {
	if header, err := utilnet.NewWarningHeader(299, "-", text); err == nil && !contains(r.warnings, header) {
		r.warnings = append(r.warnings, header)
	}
}

// respond answers with a stored object, in the form asked for.
func (r *request) respond(code int, object api.Object, view moment) error {
	switch r.media.form {
	case asTable:
		table, err := r.table([]api.Object{object}, view, true)
		if err != nil {
			return err
		}
		table.ResourceVersion = object.GetResourceVersion()
		return r.respondWith(code, table)
	case asMetadata:
		return r.respondWith(code, r.metadata(object, view.view))
	}
	data, err := r.encoded(change{object: object}, view.view)
	if err != nil {
		return err
	}
	r.write(code, r.media.mediaType, data)
	return nil
}

// respondWith answers with an object that is not in the store.
func (r *request) respondWith(code int, object runtime.Object) error {
	data, err := encode(object, r.media)
	if err != nil {
		return err
	}
	r.write(code, r.media.mediaType, data)
	return nil
}

// respondStatus answers that a request without a result has succeeded.
func (r *request) respondStatus(code int, details *metav1.StatusDetails) error {
	status := &metav1.Status{TypeMeta: statusType, Status: metav1.StatusSuccess, Details: details}
	if code != http.StatusOK {
		status.Code = int32(code)
	}
	return r.respondWith(code, status)
}

func (r *request) write(code int, mediaType string, data []byte) {
	header := r.writer.Header()
	for _, warning := range r.warnings {
		header.Add("Warning", warning)
	}
	header.Set("Content-Type", mediaType)
	header.Set("Cache-Control", "no-cache, private")
	header.Set("Vary", "Accept-Encoding, Accept")
	if len(data) >= minGzip && strings.Contains(r.http.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		r.writer.WriteHeader(code)
		if compressed, err := gzip.NewWriterLevel(r.writer, gzip.BestSpeed); err == nil {
			_, _ = compressed.Write(data) // a client that went away gets no answer
			_ = compressed.Close()
		}
		return
	}
	header.Set("Content-Length", strconv.Itoa(len(data)))
	r.writer.WriteHeader(code)
	if r.http.Method != http.MethodHead {
		_, _ = r.writer.Write(data) // a client that went away gets no answer
	}
}
