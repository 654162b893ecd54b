package kubectl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kubectl drain sleeps by the wall clock before it evicts a Pod again that a disruption budget protects, and gives up by the wall clock. Here
// both happen in virtual time: drain is answered when the eviction has succeeded, and what it would have printed in between is printed
// here (upstream: kubectl/pkg/drain/drain.go, evictPods).

// evictionRetry is drain's EvictErrorRetryDelay.
const evictionRetry = 5 * time.Second

// refusedEviction says whether an answer is that a budget is in the way.
func refusedEviction(request *http.Request, response *http.Response) bool {
	return strings.HasSuffix(request.URL.Path, "/eviction") && response.StatusCode == http.StatusTooManyRequests
}

// evictLater is called with a refused eviction. When it returns neither an answer nor an error, the eviction is to be tried again.
func (t *transport) evictLater(request *http.Request, refused *http.Response) (*http.Response, error) {
	_, pod := objectAt(strings.TrimSuffix(request.URL.Path, "/eviction"))
	body, err := io.ReadAll(refused.Body)
	_ = refused.Body.Close()
	var status metav1.Status
	if err != nil || json.Unmarshal(body, &status) != nil || request.GetBody == nil {
		refused.Body = io.NopCloser(bytes.NewReader(body))
		return refused, err
	}
	fmt.Fprintf(t.warn, "error when evicting pods/%q -n %q (will retry after %v): %v\n", pod.Name, pod.Namespace, evictionRetry, status.Message)
	if err := t.pass(t.now().Add(evictionRetry)); err != nil {
		return nil, err
	}
	if err := t.door.Settle(t.ctx, "POST "+request.URL.String()); err != nil {
		return nil, err
	}
	sent, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	content, _ := io.ReadAll(sent) // from memory
	dry := ""
	if bytes.Contains(content, []byte(`"dryRun":["All"]`)) {
		dry = " (server dry run)"
	}
	fmt.Fprintf(t.say, "%s%s/%s%s\n", evicting, pod.Namespace, pod.Name, dry)
	if t.drainTimedOut(t.now()) {
		return t.globalTimeout(request), nil
	}
	request.Body = io.NopCloser(bytes.NewReader(content))
	return nil, nil
}

// drainTimedOut says whether kubectl drain has taken as long as it may.
func (t *transport) drainTimedOut(now time.Time) bool {
	deadline := t.drainDeadline()
	return !deadline.IsZero() && !now.Before(deadline)
}

// drainDeadline is when kubectl drain gives up; zero: never.
func (t *transport) drainDeadline() (deadline time.Time) {
	if timeout := flagDuration(t.args, "--timeout", 0); timeout > 0 && t.called == "drain" {
		deadline = t.began.Add(timeout)
	}
	return deadline
}

// globalTimeout is an answer that makes drain say that it gives up.
func (t *transport) globalTimeout(request *http.Request) *http.Response {
	status := metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: http.StatusInternalServerError,
		Message: fmt.Sprintf("global timeout reached: %v", flagDuration(t.args, "--timeout", 0)),
	}
	content, err := json.Marshal(status)
	if err != nil {
		panic(err) // a struct of texts
	}
	return &http.Response{
		Status: "500 Internal Server Error", StatusCode: http.StatusInternalServerError, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content)),
	}
}
