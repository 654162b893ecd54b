package apiserver

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
)

// logTime is how the kubelet prints the time of a line.
const logTime = "2006-01-02T15:04:05.000000000Z07:00"

// logOptions are the parameters of pods/log.
type logOptions struct {
	container                    string
	follow, previous, timestamps bool
	stream                       string // All, Stdout or Stderr
	since                        time.Time
	sinceSeconds                 *int64
	tail, limit                  *int64
}

func parseLogOptions(query url.Values) (logOptions, error) {
	options := logOptions{
		container: query.Get("container"), stream: corev1.LogStreamAll,
		follow: isTrue(query.Get("follow")), previous: isTrue(query.Get("previous")), timestamps: isTrue(query.Get("timestamps")),
	}
	if stream := query.Get("stream"); stream != "" {
		options.stream = stream
	}
	numbers := []struct {
		name  string
		value **int64
	}{{"sinceSeconds", &options.sinceSeconds}, {"tailLines", &options.tail}, {"limitBytes", &options.limit}}
	for _, number := range numbers {
		text := query.Get(number.name)
		if text == "" {
			continue
		}
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return options, apierrors.NewBadRequest(fmt.Sprintf("%s: expected a number, found %q", number.name, text))
		}
		*number.value = &value
	}
	if text := query.Get("sinceTime"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return options, apierrors.NewBadRequest(fmt.Sprintf("sinceTime: expected a time such as 2026-01-01T00:00:00Z, found %q", text))
		}
		options.since = since
	}
	return options, options.check()
}

func (o logOptions) check() error {
	refuse := func(name string, value any, why string) error {
		return apierrors.NewBadRequest(fmt.Sprintf("PodLogOptions is invalid: %s: Invalid value: %v: %s", name, value, why))
	}
	switch {
	case o.tail != nil && *o.tail < 0:
		return refuse("tailLines", *o.tail, "must be greater than or equal to 0")
	case o.limit != nil && *o.limit < 1:
		return refuse("limitBytes", *o.limit, "must be greater than 0")
	case o.sinceSeconds != nil && *o.sinceSeconds < 1:
		return refuse("sinceSeconds", *o.sinceSeconds, "must be greater than 0")
	case o.sinceSeconds != nil && !o.since.IsZero():
		return apierrors.NewBadRequest("PodLogOptions is invalid: <nil>: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified")
	case o.stream != corev1.LogStreamAll && o.stream != corev1.LogStreamStdout && o.stream != corev1.LogStreamStderr:
		return refuse("stream", fmt.Sprintf("%q", o.stream), "supported values: \"All\", \"Stderr\", \"Stdout\"")
	}
	return nil
}

// log answers kubectl logs. Following goes on until the container has ended or the client has gone.
func (r *request) log() error {
	options, err := parseLogOptions(r.query)
	if err != nil {
		return err
	}
	seen := r.server.look()
	name, err := r.containerOf(seen, options.container)
	if err != nil {
		return err
	}
	if options.sinceSeconds != nil {
		options.since = seen.now.Add(-time.Duration(*options.sinceSeconds) * time.Second)
	}
	lines, next, ended, err := container.Logs(seen.view, r.object(), name, options.previous, 0)
	switch {
	case err != nil && strings.HasPrefix(err.Error(), "Get "): // the node does not answer: the words of the transport, and no reason
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}}
	case err != nil:
		return apierrors.NewBadRequest(err.Error())
	}
	out := &logWriter{options: options, out: r.writer}
	r.writer.Header().Set("Content-Type", "text/plain")
	r.writer.WriteHeader(http.StatusOK)
	more := out.write(out.tail(lines))
	for options.follow && more && !ended {
		err := r.server.door.Wait(r.http.Context(), func(cluster *sim.Cluster) bool {
			var failure error
			lines, next, ended, failure = container.Logs(cluster.View(), r.object(), name, options.previous, next)
			ended = ended || failure != nil // the Pod is gone
			return len(lines) > 0 || ended
		})
		if err != nil {
			return nil
		}
		more = out.write(out.wanted(lines))
	}
	return nil
}

// containerOf is the container of a Pod that a request means: the one named, else the only one
// (upstream: pkg/registry/core/pod/strategy.go).
func (r *request) containerOf(seen moment, name string) (string, error) {
	object, err := seen.find(r.kind, r.object())
	if err != nil {
		return "", err
	}
	pod := object.(*corev1.Pod)
	var names, initNames []string
	for i := range pod.Spec.Containers {
		names = append(names, pod.Spec.Containers[i].Name)
	}
	for i := range pod.Spec.InitContainers {
		initNames = append(initNames, pod.Spec.InitContainers[i].Name)
	}
	switch {
	case name == "" && len(names) == 1 && len(initNames) == 0:
		return names[0], nil
	case name == "":
		message := fmt.Sprintf("a container name must be specified for pod %s, choose one of: [%s]", pod.Name, strings.Join(names, " "))
		if len(initNames) > 0 {
			message += fmt.Sprintf(" or one of the init containers: [%s]", strings.Join(initNames, " "))
		}
		return "", apierrors.NewBadRequest(message)
	case contains(names, name) || contains(initNames, name):
		return name, nil
	}
	return "", apierrors.NewBadRequest(fmt.Sprintf("container %s is not valid for pod %s", name, pod.Name))
}

// logWriter writes the lines that were asked for.
type logWriter struct {
	options logOptions
	out     *trackedWriter
	written int64
}

// tail are the lines at the end that tailLines leaves.
func (w *logWriter) tail(lines []container.Line) []container.Line {
	lines = w.wanted(lines)
	if tail := w.options.tail; tail != nil && int64(len(lines)) > *tail {
		lines = lines[int64(len(lines))-*tail:]
	}
	return lines
}

// wanted are the lines of the stream and the time that were asked for.
func (w *logWriter) wanted(lines []container.Line) []container.Line {
	if w.options.stream == corev1.LogStreamAll && w.options.since.IsZero() {
		return lines
	}
	var kept []container.Line
	for _, line := range lines {
		mine := w.options.stream == corev1.LogStreamAll || (w.options.stream == corev1.LogStreamStderr) == (line.Stream == container.Stderr)
		if mine && !line.At.Before(w.options.since) {
			kept = append(kept, line)
		}
	}
	return kept
}

// write is false when no more is wanted: limitBytes is reached, or the client has gone.
func (w *logWriter) write(lines []container.Line) bool {
	var text bytes.Buffer
	for _, line := range lines {
		if w.options.timestamps {
			text.WriteString(line.At.UTC().Format(logTime) + " ")
		}
		text.WriteString(line.Text)
		text.WriteByte('\n')
	}
	data := text.Bytes()
	full := false
	if limit := w.options.limit; limit != nil && w.written+int64(len(data)) >= *limit {
		data, full = data[:*limit-w.written], true
	}
	w.written += int64(len(data))
	if _, err := w.out.Write(data); err != nil {
		return false
	}
	w.out.Flush()
	return !full
}
