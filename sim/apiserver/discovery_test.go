package apiserver

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/restmapper"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
)

// Every kind of the table is found by clients, in every release that serves it, and can be listed.
func TestDiscovery(t *testing.T) {
	for _, release := range api.Releases() {
		t.Run(release.String(), func(t *testing.T) {
			w := newWorld(t, sim.Options{Kubernetes: release.String()})
			groups, err := restmapper.GetAPIGroupResources(w.client.Discovery())
			if err != nil {
				t.Fatal(err)
			}
			mapper := restmapper.NewDiscoveryRESTMapper(groups)
			for _, served := range release.Served() {
				for _, name := range served.Kinds {
					kind := api.KindNamed(name)
					found, err := mapper.RESTMapping(schema.GroupKind{Group: served.Group, Kind: name}, served.Version)
					if err != nil || found.Resource.Resource != kind.Resource {
						t.Errorf("expected %s, found %v, %v", kind.Resource, found, err)
						continue
					}
					w.ask("GET", pathOf(served.GroupVersion)+"/"+kind.Resource, "").wants(t, 200, `"kind":"`+name+`List","apiVersion":"`+served.String()+`"`)
					w.ask("GET", pathOf(served.GroupVersion)+"/"+kind.Resource, "", "Accept: "+protobufType).wants(t, 200, "k8s\x00")
				}
			}
			version, err := w.client.Discovery().ServerVersion()
			if err != nil || version.GitVersion != release.Version() {
				t.Errorf("expected %s, found %v, %v", release.Version(), version, err)
			}
		})
	}
}

func TestAggregatedDiscovery(t *testing.T) {
	w := newWorld(t, sim.Options{})
	for _, version := range []string{"v2", "v2beta1"} {
		accept := "Accept: application/json;g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList,application/json"
		core := w.ask("GET", "/api", "", accept)
		core.wants(t, 200, `"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/`+version+`"`, `"resource":"pods"`, `"subresource":"exec"`)
		if found := core.header.Get("Content-Type"); found != "application/json;g=apidiscovery.k8s.io;v="+version+";as=APIGroupDiscoveryList" {
			t.Errorf("found %s", found)
		}
		w.ask("GET", "/apis", "", accept).wants(t, 200, `"name":"apps"`, `"resource":"statefulsets"`, `"resource":"selfsubjectaccessreviews"`)
		again := w.ask("GET", "/api", "", accept, "If-None-Match: "+core.header.Get("ETag"))
		again.wants(t, 304)
	}
	w.ask("GET", "/api", "").wants(t, 200, `"kind":"APIVersions"`)
	old := newWorld(t, sim.Options{Kubernetes: "1.9"})
	old.ask("GET", "/apis", "", "Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json").wants(t, 200, `"kind":"APIGroupList"`, `"apps/v1beta1"`)
}

// An old manifest works with an old release, and shows in the new version too.
func TestOldVersions(t *testing.T) {
	w := newWorld(t, sim.Options{Kubernetes: "1.9"})
	const manifest = "apiVersion: apps/v1beta1\nkind: StatefulSet\nmetadata: {name: web}\nspec:\n  serviceName: nginx\n  replicas: 2\n" +
		"  template:\n    metadata: {labels: {app: nginx}}\n    spec: {containers: [{name: nginx, image: nginx}]}\n"
	w.ask("POST", "/apis/apps/v1beta1/namespaces/default/statefulsets", manifest, "Content-Type: application/yaml").wants(t, 201, `"apiVersion":"apps/v1beta1"`)
	w.ask("GET", "/apis/apps/v1/namespaces/default/statefulsets/web", "").wants(t, 200, `"apiVersion":"apps/v1"`, `"matchLabels":{"app":"nginx"}`)
	w.ask("PATCH", "/apis/apps/v1beta1/namespaces/default/statefulsets/web", `{"spec":{"replicas":3}}`, "Content-Type: application/strategic-merge-patch+json").wants(t, 200, `"replicas":3`)
	watching, err := w.client.AppsV1beta1().StatefulSets("default").Watch(w.ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Stop()
	if found := events(t, watching, 1); found != "ADDED web" {
		t.Error(found)
	}
	w.ask("POST", "/apis/apps/v1beta1/namespaces/default/statefulsets", manifest, "Content-Type: application/yaml").wants(t, 409)
	newer := newWorld(t, sim.Options{})
	newer.ask("POST", "/apis/apps/v1beta1/namespaces/default/statefulsets", manifest).wants(t, 404, "could not find the requested resource")
}

// kubectl asks the schema whether the server checks fields, and explains fields from it.
func TestOpenAPI(t *testing.T) {
	w := newWorld(t, sim.Options{})
	root := openapi3.NewRoot(w.client.Discovery().OpenAPIV3())
	for _, kind := range api.Kinds() {
		gvk := kind.GroupVersionKind()
		document, err := root.GVSpec(gvk.GroupVersion())
		if err != nil {
			t.Errorf("%s: %v", gvk, err)
			continue
		}
		checks := false
		for path, item := range document.Paths.Paths {
			if item.Patch == nil || strings.HasSuffix(path, "/status") || !strings.HasSuffix(path, "/"+kind.Resource+"/{name}") {
				continue
			}
			for _, parameter := range item.Patch.Parameters {
				checks = checks || parameter.Name == "fieldValidation"
			}
		}
		described := false
		for _, model := range document.Components.Schemas {
			var kinds []map[string]string
			if model.Extensions.GetObject("x-kubernetes-group-version-kind", &kinds) == nil {
				described = described || slices.ContainsFunc(kinds, func(k map[string]string) bool { return k["kind"] == kind.Kind && k["group"] == kind.Group }) && model.Description != ""
			}
		}
		if !checks || !described {
			t.Errorf("expected that the schema has a description and a PATCH with fieldValidation for %s: %t, %t", gvk, described, checks)
		}
	}
	document, err := w.client.Discovery().OpenAPISchema()
	if err != nil || len(document.Definitions.AdditionalProperties) < 200 {
		t.Errorf("expected the older form too, found %v, %v", document, err)
	}
	w.ask("GET", "/openapi/v2", "").wants(t, 200, `"swagger":"2.0"`, `"x-kubernetes-patch-merge-key":"name"`)
}

func TestReviewsAndTokens(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"spec":{"resourceAttributes":{"verb":"delete","resource":"pods"}}}`).
		wants(t, 201, `"kind":"SelfSubjectAccessReview"`, `"allowed":true`)
	w.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", `{"spec":{"namespace":"default"}}`).wants(t, 201, `"resourceRules":[{"verbs":["*"]`)
	const path = "/api/v1/namespaces/default/serviceaccounts/default/token"
	first := w.ask("POST", path, `{"spec":{}}`)
	first.wants(t, 201, `"kind":"TokenRequest"`, `"expirationTimestamp":"2026-01-01T01:00:00Z"`)
	var token struct{ Status struct{ Token string } }
	if err := json.Unmarshal([]byte(first.body), &token); err != nil || strings.Count(token.Status.Token, ".") != 2 {
		t.Errorf("expected a token of three parts, found %v, %v", token, err)
	}
	if again := w.ask("POST", path, `{"spec":{}}`); again.body != first.body {
		t.Errorf("expected the same token at the same time")
	}
}

func TestEvictionAndBinding(t *testing.T) {
	w := newWorld(t, sim.Options{})
	pods := w.client.CoreV1().Pods("default")
	w.pod("web-0")
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "web-0"}, Target: corev1.ObjectReference{Kind: "Node", Name: "node-1"}}
	if err := pods.Bind(w.ctx, binding, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
	if pod, err := pods.Get(w.ctx, "web-0", metav1.GetOptions{}); err != nil || pod.Spec.NodeName != "node-1" {
		t.Errorf("expected the Pod on node-1, found %v, %v", pod.Spec.NodeName, err)
	}
	if err := pods.EvictV1(w.ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "web-0"}}); err != nil {
		t.Error(err)
	}
	if pod, err := pods.Get(w.ctx, "web-0", metav1.GetOptions{}); err != nil || pod.DeletionTimestamp == nil {
		t.Errorf("expected that the Pod is being deleted, found %v, %v", pod, err)
	}
}

// Status cannot be changed through the main resource, nor spec through status.
func TestStatus(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.pod("web-0")
	const path, merge = "/api/v1/namespaces/default/pods/web-0", "Content-Type: application/merge-patch+json"
	w.ask("PATCH", path, `{"status":{"message":"hello"}}`, merge).wants(t, 200, `"name":"web-0"`)
	if found := w.ask("GET", path, ""); strings.Contains(found.body, "hello") {
		t.Errorf("expected no message, found %s", found.body)
	}
	w.ask("PATCH", path+"/status", `{"status":{"message":"hello"},"metadata":{"labels":{"app":"other"}}}`, merge).wants(t, 200, `"message":"hello"`)
	w.ask("GET", path+"/status", "").wants(t, 200, `"message":"hello"`)
}

// A panic is answered, and the server goes on.
func TestPanic(t *testing.T) {
	w := newWorld(t, sim.Options{})
	s := newServer(w.door)
	s.encoded = nil // the next GET of an object fails
	w.config.Transport = &roundTripper{s}
	w.configMap("a", nil)
	w.ask("GET", "/api/v1/namespaces/default/configmaps/a", "").wants(t, 500, "Internal error occurred: panic: ")
	w.ask("GET", "/version", "").wants(t, 200)
}

func FuzzAccept(f *testing.F) {
	for _, accept := range []string{"", "*/*", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.9", "application/yaml, text/html;q=x", ";;;,,=", "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io"} {
		f.Add(accept)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		found, ok := negotiateMedia(accept)
		if ok && !slices.Contains(mediaTypes, found.mediaType) {
			t.Errorf("%q: found the media type %q", accept, found.mediaType)
		}
	})
}

func FuzzContinue(f *testing.F) {
	f.Add(formatContinue(position{Version: 7, after: "default/a"}))
	f.Add(formatContinue(position{after: "/a"}))
	f.Add("nonsense")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseContinue(text)
		if err != nil {
			return
		}
		again, err := parseContinue(formatContinue(found))
		if err != nil || again != found {
			t.Errorf("%v becomes %v, %v", found, again, err)
		}
	})
}

// Whatever the path, the answer is a Status or a result, and never a panic.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/status", "/apis/apps/v1/watch/statefulsets", "/api/v1//", "/apis//", "/api/v1/nodes/a/proxy/b/c", "/api/v1/namespaces/a/pods/b/log/c"} {
		f.Add(path)
	}
	w := newServer(door.New(sim.New(sim.Options{})))
	f.Fuzz(func(t *testing.T, path string) {
		version, rest, found := w.versionOf(path)
		if served, known := w.versions[version]; found && known {
			w.route(served, rest)
		}
	})
}
