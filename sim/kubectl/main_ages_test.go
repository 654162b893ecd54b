package kubectl

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

// A served cluster is a day ahead of this machine; what describe computes ages from is shifted, and what get -o yaml prints is not.
func TestAgesOfAServedCluster(t *testing.T) {
	cluster := sim.New(sim.Options{Start: time.Now().UTC().Truncate(time.Second)})
	cluster.RunFor(24 * time.Hour)
	server := httptest.NewServer(apiserver.NewBeyond(door.New(cluster)))
	defer server.Close()
	for args, ahead := range map[string]bool{"describe pod web-0": false, "get pod -o yaml": true} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/api/v1/namespaces/default/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := cluster.Apply([]byte("apiVersion: v1\nkind: Event\nmetadata: {name: e, namespace: default}\ninvolvedObject: {namespace: default, name: x}\nlastTimestamp: " +
			cluster.Now().Add(-time.Minute).Format(time.RFC3339) + "\n")); err != nil {
			t.Fatal(err)
		}
		response, err := newServedAges(strings.Fields(args), http.DefaultTransport).RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(string(content), `"lastTimestamp":"`)
		told, _, _ := strings.Cut(after, `"`)
		instant, err := time.Parse(time.RFC3339, told)
		if err != nil {
			t.Fatalf("%v in %s", err, content)
		}
		if age := time.Since(instant); (age < 0) != ahead || !ahead && (age < 59*time.Second || age > 70*time.Second) {
			t.Errorf("%s: %s old", args, age)
		}
	}
}
