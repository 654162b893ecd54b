package apiserver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
)

const fuzzed = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 2
  serviceName: nginx
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec: {containers: [{name: nginx, image: nginx, ports: [{containerPort: 80}], volumeMounts: [{name: www, mountPath: /www}]}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// FuzzHandler asks for anything at all: nothing may panic, hang or have no answer.
func FuzzHandler(f *testing.F) {
	for _, seed := range []struct{ method, path, query, accept, contentType, body string }{
		{"GET", "/api/v1/namespaces/default/pods", "limit=1&labelSelector=app%3Dnginx", "application/json;as=Table;v=v1;g=meta.k8s.io", "", ""},
		{"GET", "/api/v1/pods", "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1", "application/vnd.kubernetes.protobuf;stream=watch", "", ""},
		{"GET", "/apis/apps/v1/namespaces/default/statefulsets/web/scale", "", "application/yaml", "", ""},
		{"GET", "/api/v1/namespaces/default/pods/web-0/log", "follow=true&tailLines=3&sinceSeconds=1&timestamps=true", "", "", ""},
		{"GET", "/api/v1/namespaces/default/pods/web-0/exec", "command=ls&stdout=true", "", "", ""},
		{"GET", "/api/v1/namespaces/default/services/nginx:web/proxy/index.html", "a=b", "", "", ""},
		{"GET", "/openapi/v3/apis/apps/v1", "hash=1", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf", "", ""},
		{"GET", "/apis", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "", ""},
		{"POST", "/api/v1/namespaces/default/configmaps", "fieldValidation=Strict&dryRun=All", "", "application/json", `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"generateName":"c-"}}`},
		{"POST", "/api/v1/namespaces/default/pods", "", "", "application/yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: busybox}]}\n"},
		{"POST", "/api/v1/namespaces/default/pods/web-0/eviction", "", "", "application/json", `{"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":"web-0"}}`},
		{"POST", "/api/v1/namespaces/default/pods/web-0/binding", "", "", "application/json", `{"kind":"Binding","apiVersion":"v1","metadata":{"name":"web-0"},"target":{"kind":"Node","name":"node-1"}}`},
		{"POST", "/api/v1/namespaces/default/serviceaccounts/default/token", "", "", "application/json", `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{}}`},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "", "", "application/json", `{"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{}}`},
		{"PUT", "/apis/apps/v1/namespaces/default/statefulsets/web", "", "", "application/json", `{"kind":"StatefulSet","apiVersion":"apps/v1","metadata":{"name":"web"},"spec":{"replicas":3}}`},
		{"PUT", "/apis/apps/v1/namespaces/default/statefulsets/web/scale", "", "", "application/json", `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"web","namespace":"default"},"spec":{"replicas":1}}`},
		{"PATCH", "/apis/apps/v1/namespaces/default/statefulsets/web", "", "", "application/strategic-merge-patch+json", `{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.27"},{"$patch":"delete","name":"x"}]}}}}`},
		{"PATCH", "/api/v1/namespaces/default/configmaps/settings", "", "", "application/json-patch+json", `[{"op":"replace","path":"/data/a","value":"c"}]`},
		{"PATCH", "/api/v1/namespaces/default/configmaps/settings", "", "", "application/merge-patch+json", `{"data":null}`},
		{"PATCH", "/api/v1/namespaces/default/configmaps/settings", "fieldManager=f&force=true", "", "application/apply-patch+yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: d}}"},
		{"PATCH", "/api/v1/namespaces/default/pods/web-0/status", "", "", "application/merge-patch+json", `{"status":{"phase":"Failed"}}`},
		{"DELETE", "/api/v1/namespaces/default/pods/web-0", "gracePeriodSeconds=0&propagationPolicy=Foreground", "", "application/json", `{"preconditions":{"uid":"x"}}`},
		{"DELETE", "/api/v1/namespaces/default/persistentvolumeclaims", "fieldSelector=metadata.name%3Dwww-web-0", "", "", ""},
		{"OPTIONS", "/api/v1/nodes/node-1/proxy/pods", "", "", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.accept, seed.contentType, []byte(seed.body))
	}
	base := sim.New(sim.Options{Nodes: 2})
	if err := base.Apply([]byte(fuzzed)); err != nil {
		f.Fatal(err)
	}
	base.RunFor(30 * time.Second)
	f.Fuzz(func(t *testing.T, method, path, query, accept, contentType string, body []byte) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		d := door.New(base.Fork())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		long, _ := url.ParseQuery(query)
		if long.Has("watch") || long.Has("follow") || strings.Contains(path, "/watch/") {
			cancel() // it would wait for the cluster; it looks at what there is, and ends
		}
		request := (&http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost",
			Header: http.Header{"Accept": {accept}, "Content-Type": {contentType}}, Body: http.NoBody,
		}).WithContext(ctx)
		if len(body) > 0 {
			request.Body, request.ContentLength = readCloser{strings.NewReader(string(body))}, int64(len(body))
		}
		answer := httptest.NewRecorder()
		New(d).ServeHTTP(answer, request)
		if text := answer.Body.String(); answer.Code == http.StatusInternalServerError && strings.Contains(text, "panic: ") {
			t.Fatalf("%s %s?%s: %s", method, path, query, text)
		}
		d.Do(func(cluster *sim.Cluster) { cluster.RunFor(time.Second) }) // what was accepted must not stop the control loops
		if ctx.Err() == context.DeadlineExceeded {
			t.Fatalf("%s %s?%s takes longer than a request may", method, path, query)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
