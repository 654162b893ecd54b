package apiserver

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/stsim/stsim/sim"
)

// An object's life, over JSON and over protobuf.
func TestLifeOfAnObject(t *testing.T) {
	for _, contentType := range []string{"application/json", "application/vnd.kubernetes.protobuf"} {
		t.Run(contentType, func(t *testing.T) {
			w := newWorld(t, sim.Options{})
			config := rest.CopyConfig(w.config)
			config.ContentType = contentType
			client := kubernetes.NewForConfigOrDie(config)
			pods := client.CoreV1().Pods("default")
			made := w.pod("web-0")
			if made.UID == "" || made.ResourceVersion == "" || made.Kind != "" {
				t.Errorf("expected a uid, a resource version and no kind, found %v", made.ObjectMeta)
			}
			found, err := pods.Get(w.ctx, "web-0", metav1.GetOptions{})
			if err != nil || found.Spec.Containers[0].Image != "nginx" || found.UID != made.UID {
				t.Fatalf("expected the Pod, found %v, %v", found, err)
			}
			found.Labels["tier"] = "front"
			updated, err := pods.Update(w.ctx, found, metav1.UpdateOptions{})
			if err != nil || updated.Labels["tier"] != "front" {
				t.Fatalf("expected the label, found %v, %v", updated, err)
			}
			if _, err := pods.Update(w.ctx, found, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
				t.Errorf("expected a conflict with the older version, found %v", err)
			}
			list, err := pods.List(w.ctx, metav1.ListOptions{LabelSelector: "tier=front"})
			if err != nil || len(list.Items) != 1 || list.ResourceVersion == "" {
				t.Errorf("expected one Pod, found %v, %v", list, err)
			}
			if err := pods.Delete(w.ctx, "web-0", metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := pods.Get(w.ctx, "web-0", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				t.Errorf("expected no Pod, found %v", err)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.configMap("a", nil)
	const maps = "/api/v1/namespaces/default/configmaps"
	cases := []struct {
		name, method, path, body string
		headers                  []string
		code                     int
		texts                    []string
	}{
		{"unknown path", "GET", "/nowhere", "", nil, 404, []string{`"kind":"Status"`, "the server could not find the requested resource"}},
		{"unknown group", "GET", "/apis/nobody.example/v1/things", "", nil, 404, []string{"could not find the requested resource"}},
		{"unknown resource", "GET", "/api/v1/namespaces/default/widgets", "", nil, 404, []string{"could not find the requested resource"}},
		{"no such object", "GET", maps + "/b", "", nil, 404, []string{`configmaps \"b\" not found`, `"reason":"NotFound"`}},
		{"no such namespace", "POST", "/api/v1/namespaces/nowhere/configmaps", `{"metadata":{"name":"b"}}`, nil, 404, []string{`namespaces \"nowhere\" not found`}},
		{"method", "POST", maps + "/a", "{}", nil, 405, []string{"MethodNotAllowed"}},
		{"not JSON", "POST", maps, "nonsense", nil, 400, []string{"the object provided is unrecognized (must be of type ConfigMap)"}},
		{"empty", "POST", maps, "", nil, 400, []string{"unexpected end of JSON input"}},
		{"another kind", "POST", maps, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"b"}}`, nil, 400, []string{`Secret in version \"v1\" cannot be handled as a ConfigMap`}},
		{"another version", "POST", "/apis/apps/v1/namespaces/default/statefulsets", `{"kind":"StatefulSet","apiVersion":"apps/v1beta1"}`, nil, 400,
			[]string{"the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)"}},
		{"another namespace", "POST", maps, `{"metadata":{"name":"b","namespace":"other"}}`, nil, 400, []string{"the namespace of the provided object does not match the namespace sent on the request"}},
		{"another name", "PUT", maps + "/a", `{"metadata":{"name":"b"}}`, nil, 400, []string{"the name of the object (b) does not match the name on the URL (a)"}},
		{"no name", "PUT", maps + "/a", `{"data":{}}`, nil, 400, []string{"the name of the object (a based on URL) was undeterminable: name must be provided"}},
		{"version set", "POST", maps, `{"metadata":{"name":"b","resourceVersion":"7"}}`, nil, 500, []string{"resourceVersion should not be set on objects to be created"}},
		{"in no namespace", "POST", "/api/v1/configmaps", `{"metadata":{"name":"b","namespace":"default"}}`, nil, 405, []string{"MethodNotAllowed"}},
		{"all namespaces", "DELETE", "/api/v1/configmaps", "", nil, 405, []string{"MethodNotAllowed"}},
		{"exists", "POST", maps, `{"metadata":{"name":"a"}}`, nil, 409, []string{`configmaps \"a\" already exists`}},
		{"body type", "POST", maps, "<a/>", []string{"Content-Type: application/xml"}, 415, []string{"the body of the request was in an unknown format - accepted media types include: application/json"}},
		{"answer type", "GET", maps, "", []string{"Accept: text/html"}, 406, []string{"only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"}},
		{"too large", "POST", maps, `{"data":{"a":"` + strings.Repeat("x", 10<<20) + `"}}`, nil, 413, []string{"limit is 3145728"}},
		{"selector", "GET", maps + "?labelSelector=a%3D%3D%3Db", "", nil, 400, []string{"BadRequest"}},
		{"field", "GET", maps + "?fieldSelector=spec.x%3D1", "", nil, 400, []string{`\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"`}},
		{"field of a Pod", "GET", "/api/v1/pods?fieldSelector=spec.x%3D1", "", nil, 400, []string{"field label not supported: spec.x"}},
		{"dry run", "POST", maps + "?dryRun=Some", `{"metadata":{"name":"b"}}`, nil, 422, []string{`Unsupported value: [\"Some\"]: supported values: \"All\"`}},
		{"match", "GET", maps + "?resourceVersionMatch=Exact", "", nil, 422, []string{"resourceVersionMatch is forbidden unless resourceVersion is provided"}},
		{"future", "GET", maps + "?resourceVersion=99999", "", nil, 504, []string{"Too large resource version: 99999, current: ", `"reason":"ResourceVersionTooLarge"`}},
		{"version", "GET", maps + "/a?resourceVersion=x", "", nil, 400, []string{"invalid syntax"}},
		{"precondition", "DELETE", maps + "/a", `{"preconditions":{"uid":"other"}}`, nil, 409, []string{"precondition (other) does not match", `"reason":"Conflict"`}},
		{"table", "GET", maps + "?includeObject=All", "", []string{"Accept: application/json;as=Table;v=v1;g=meta.k8s.io"}, 400, []string{`unrecognized includeObject value: \"All\"`}},
		{"not simulated", "PATCH", "/api/v1/namespaces/default/pods/a/ephemeralcontainers", "{}", []string{"Content-Type: application/merge-patch+json"}, 501, []string{"is not simulated (hint: "}},
		{"upgrade", "POST", "/api/v1/namespaces/default/pods/a/exec?command=ls&stdout=1", "", nil, 400, []string{"Upgrade request required"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.ask(c.method, c.path, c.body, c.headers...).wants(t, c.code, c.texts...)
		})
	}
}

func TestFieldValidation(t *testing.T) {
	w := newWorld(t, sim.Options{})
	const body = `{"metadata":{"name":"a"},"data":{"k":"1","k":"2"},"dta":{}}`
	const maps = "/api/v1/namespaces/default/configmaps?dryRun=All"
	w.ask("POST", maps+"&fieldValidation=Strict", body).wants(t, 400,
		`ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"data.k\", unknown field \"dta\"`)
	w.ask("POST", maps+"&fieldValidation=Ignore", body).wants(t, 201)
	warned := w.ask("POST", maps, body)
	warned.wants(t, 201)
	if found := strings.Join(warned.header["Warning"], "; "); found != `299 - "duplicate field \"data.k\""; 299 - "unknown field \"dta\""` {
		t.Errorf("expected two warnings, found %s", found)
	}
	if list, err := w.client.CoreV1().ConfigMaps("default").List(w.ctx, metav1.ListOptions{FieldSelector: "metadata.name=a"}); err != nil || len(list.Items) > 0 {
		t.Errorf("expected that dry runs leave nothing, found %v, %v", list.Items, err)
	}
}

func TestPatches(t *testing.T) {
	w := newWorld(t, sim.Options{})
	pods := w.client.CoreV1().Pods("default")
	w.pod("web-0")
	cases := []struct {
		name  string
		kind  types.PatchType
		patch string
		image string // afterwards; or
		wrong string // the error
	}{
		{"strategic", types.StrategicMergePatchType, `{"spec":{"containers":[{"name":"nginx","image":"nginx:1"}]}}`, "nginx:1", ""},
		{"strategic of nothing", types.StrategicMergePatchType, `{}`, "nginx:1", ""},
		{"merge", types.MergePatchType, `{"metadata":{"labels":{"a":"b"}}}`, "nginx:1", ""},
		{"JSON", types.JSONPatchType, `[{"op":"replace","path":"/spec/containers/0/image","value":"nginx:2"}]`, "nginx:2", ""},
		{"JSON test", types.JSONPatchType, `[{"op":"test","path":"/spec/containers/0/image","value":"x"}]`, "", "the server rejected our request due to an error in our request"},
		{"JSON nonsense", types.JSONPatchType, `{`, "", "error decoding patch"},
		{"merge nonsense", types.MergePatchType, `[`, "", "error decoding patch"},
		{"wrong type", types.MergePatchType, `{"spec":{"containers":"none"}}`, "", "patch: Invalid value"},
		{"renamed", types.MergePatchType, `{"metadata":{"name":"other"}}`, "", "the name of the object (other) does not match the name on the URL (web-0)"},
		{"old version", types.MergePatchType, `{"metadata":{"resourceVersion":"1"},"spec":{"activeDeadlineSeconds":3}}`, "", "the object has been modified"},
		{"unknown type", "application/unknown", `{}`, "", "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			pod, err := pods.Patch(w.ctx, "web-0", c.kind, []byte(c.patch), metav1.PatchOptions{})
			switch {
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("expected the error %q, found %v", c.wrong, err)
			case c.wrong == "" && (err != nil || pod.Spec.Containers[0].Image != c.image):
				t.Errorf("expected the image %s, found %v, %v", c.image, pod, err)
			}
		})
	}
	if _, err := pods.Patch(w.ctx, "web-1", types.MergePatchType, []byte("{}"), metav1.PatchOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("expected that a patch makes nothing, found %v", err)
	}
}

func TestDeletions(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.configMap("plain", nil)
	w.ask("DELETE", "/api/v1/namespaces/default/configmaps/plain", "").wants(t, 200, `"status":"Success","details":{"name":"plain","kind":"configmaps","uid":"`)
	w.pod("web-0")
	w.ask("DELETE", "/api/v1/namespaces/default/pods/web-0", "").wants(t, 200, `"kind":"Pod"`)
	held := w.configMap("held", nil)
	held.Finalizers = []string{"example.com/held"}
	if _, err := w.client.CoreV1().ConfigMaps("default").Update(w.ctx, held, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.ask("DELETE", "/api/v1/namespaces/default/configmaps/held?propagationPolicy=Foreground", "").wants(t, 200, `"deletionTimestamp":"`, `"kind":"ConfigMap"`)
	w.ask("DELETE", "/api/v1/namespaces/default/configmaps/held", `{"orphanDependents":false}`).wants(t, 202, `"kind":"ConfigMap"`)
	for _, name := range []string{"a", "b"} {
		w.configMap(name, map[string]string{"some": "label"})
	}
	w.ask("DELETE", "/api/v1/namespaces/default/configmaps?labelSelector=some%3Dlabel", "").wants(t, 200, `"kind":"ConfigMapList"`, `"name":"a"`, `"name":"b"`)
	left, err := w.client.CoreV1().ConfigMaps("default").List(w.ctx, metav1.ListOptions{LabelSelector: "some"})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("expected nothing left, found %v, %v", left.Items, err)
	}
	if err := w.client.CoreV1().Namespaces().Delete(w.ctx, "default", metav1.DeleteOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("expected that the default namespace stays, found %v", err)
	}
}

func TestTable(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.pod("web-0")
	const accept = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
	table := w.ask("GET", "/api/v1/namespaces/default/pods", "", accept)
	table.wants(t, 200, `"kind":"Table","apiVersion":"meta.k8s.io/v1"`, `"name":"Ready"`, `"cells":["web-0","0/1","Pending"`, `"kind":"PartialObjectMetadata"`)
	w.ask("GET", "/api/v1/namespaces/default/pods/web-0?includeObject=Object", "", accept).wants(t, 200, `"kind":"Pod"`)
	w.ask("GET", "/api/v1/pods?includeObject=None", "", "Accept: application/json;as=Table;v=v1beta1;g=meta.k8s.io").wants(t, 200, `"meta.k8s.io/v1beta1"`, `"object":null`)
	w.ask("GET", "/api/v1/pods", "", "Accept: application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").wants(t, 200, `"kind":"PartialObjectMetadataList"`, `"name":"web-0"`)
	w.ask("GET", "/api/v1/namespaces/default/pods/web-0", "", "Accept: application/yaml").wants(t, 200, "apiVersion: v1\nkind: Pod\n")
}

// A large answer is compressed for who can read it.
func TestCompression(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.ask("POST", "/api/v1/namespaces/default/configmaps", `{"metadata":{"name":"large"},"data":{"a":"`+strings.Repeat("x", 200<<10)+`"}}`).wants(t, 201)
	plain := w.ask("GET", "/api/v1/configmaps", "")
	packed := w.ask("GET", "/api/v1/configmaps", "", "Accept-Encoding: gzip")
	if packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) > len(plain.body)/10 {
		t.Errorf("expected a compressed answer, found %d of %d bytes", len(packed.body), len(plain.body))
	}
}

// A dry run answers as the real request would, without a version that never came to be.
func TestDryRunOfUpdate(t *testing.T) {
	w := newWorld(t, sim.Options{})
	made := w.configMap("a", nil)
	made.Data["key"] = "other"
	dry, err := w.client.CoreV1().ConfigMaps("default").Update(w.ctx, made, metav1.UpdateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil || dry.Data["key"] != "other" || dry.ResourceVersion != made.ResourceVersion {
		t.Errorf("expected the change and the same version, found %v, %v", dry, err)
	}
	if real, err := w.client.CoreV1().ConfigMaps("default").Get(w.ctx, "a", metav1.GetOptions{}); err != nil || real.Data["key"] != "value" {
		t.Errorf("expected no change, found %v, %v", real, err)
	}
}

func TestDeprecationWarning(t *testing.T) {
	w := newWorld(t, sim.Options{})
	found := w.ask("GET", "/api/v1/endpoints", "").header.Get("Warning")
	if found != `299 - "v1 Endpoints is deprecated in v1.33+"` && found != `299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"` {
		t.Errorf("found %s", found)
	}
	older := newWorld(t, sim.Options{Kubernetes: "1.32"})
	if found := older.ask("GET", "/api/v1/endpoints", "").header.Get("Warning"); found != "" {
		t.Errorf("expected no warning in 1.32, found %s", found)
	}
}
