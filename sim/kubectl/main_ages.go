package kubectl

import (
	"net/http"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/apiserver"
)

// servedAges has the commands that compute ages themselves compute them in the virtual time of a served cluster. What other servers answer is left as it is.
type servedAges struct {
	*transport
	next http.RoundTripper
}

func newServedAges(args []string, next http.RoundTripper) http.RoundTripper {
	called, _ := calledCommand(args)
	a := &servedAges{transport: &transport{args: args, called: called}, next: next}
	if !a.tellsAges() {
		return next
	}
	return a
}

// RoundTrip implements [http.RoundTripper].
func (a *servedAges) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set(apiserver.TellTime, "yes")
	if strings.Contains(request.Header.Get("Accept"), "protobuf") {
		request.Header.Set("Accept", "application/json")
	}
	response, err := a.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	virtual, err := time.Parse(time.RFC3339Nano, response.Header.Get(apiserver.TellTime))
	if err != nil || response.StatusCode != http.StatusOK {
		return response, nil //nolint:nilerr // the server has no time of its own
	}
	told := time.Now()
	response.Body = &shifted{
		body: response.Body, virtual: func() time.Time { return virtual.Add(time.Since(told)) }, created: a.tellsCreation(request.URL.Path),
	}
	response.ContentLength = -1
	response.Header.Del("Content-Length")
	return response, nil
}
