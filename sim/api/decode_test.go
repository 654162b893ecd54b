package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	appsv1beta1 "k8s.io/api/apps/v1beta1"
	corev1 "k8s.io/api/core/v1"
)

func TestDecodeReadsWhatKubectlReads(t *testing.T) {
	for _, c := range []struct{ name, text, objects string }{
		{"nothing", "", ""},
		{"comments only", "# nothing here\n---\n# nor here\n", ""},
		{"two documents", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: b}\n", "Pod/a Service/b"},
		{"a separator first and last", "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n", "Pod/a"},
		{"text after the separator", "--- # first\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", "Pod/a"},
		{"carriage returns", "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n---\r\napiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: b\r\n", "Pod/a Pod/b"},
		{"JSON", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, "Pod/a"},
		{"JSON after JSON", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}` + "\n" + `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}`, "Pod/a Pod/b"},
		{"YAML in braces", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", "Pod/a"},
		{"a List", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- apiVersion: apps/v1\n  kind: StatefulSet\n  metadata: {name: b}\n", "Pod/a StatefulSet/b"},
		{"a PodList", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n", "Pod/a"},
		{"an empty list", "apiVersion: v1\nkind: List\nitems: []\n", ""},
		{"dashes inside text", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  text: |\n    ---\n    more\n", "ConfigMap/a"},
		{"small numbers", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {hash: 7e-web}}\nspec: {containers: [{resources: {limits: {cpu: 1e-3, memory: 1e3}}}]}\n", "Pod/a"},
		{"a small alias", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &n a}\ndata: {x: *n}\n", "ConfigMap/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			objects, err := Decode([]byte(c.text), Release{})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, object := range objects {
				names = append(names, KindOf(object).Kind+"/"+object.GetName())
				if object.GetObjectKind().GroupVersionKind() != KindOf(object).GroupVersionKind() {
					t.Errorf("%s has apiVersion and kind %v", object.GetName(), object.GetObjectKind().GroupVersionKind())
				}
			}
			if got := strings.Join(names, " "); got != c.objects {
				t.Errorf("found %q, expected %q", got, c.objects)
			}
		})
	}
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	for _, c := range []struct{ name, release, text, want string }{
		{"unknown field", "1.36", "apiVersion: apps/v1\nkind: StatefulSet\nspec:\n  replicsa: 3\n",
			`document 1 (line 1): StatefulSet in version "v1" cannot be handled as a StatefulSet: strict decoding error: unknown field "spec.replicsa"`},
		{"unknown field deep", "1.36", pod + "spec:\n  containers:\n  - name: a\n    imagee: b\n", `unknown field "spec.containers[0].imagee"`},
		{"duplicate field", "1.36", pod + "spec:\n  nodeName: a\n  nodeName: b\n", `key "nodeName" already set in map`},
		{"duplicate field in JSON", "1.36", `{"apiVersion":"v1","kind":"Pod","spec":{"nodeName":"a","nodeName":"b"}}`, `strict decoding error: duplicate field "spec.nodeName"`},
		{"wrong type", "1.36", "apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: three}\n", "cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32"},
		{"version that is gone", "1.36", "apiVersion: apps/v1beta1\nkind: StatefulSet\n", "no matches for kind \"StatefulSet\" in version \"apps/v1beta1\"\nhint: Kubernetes 1.36 serves StatefulSet as apiVersion: apps/v1"},
		{"version to come", "1.9", "apiVersion: policy/v1\nkind: PodDisruptionBudget\n", "hint: Kubernetes 1.9 serves PodDisruptionBudget as apiVersion: policy/v1beta1"},
		{"custom resource", "1.36", "apiVersion: example.com/v1\nkind: Widget\n", "no matches for kind \"Widget\" in version \"example.com/v1\"\nhint: custom resources are not simulated"},
		{"second document", "1.36", pod + "---\n" + pod + "spec: {x: 1}\n", "document 2 (line 4): "},
		{"empty documents do not count", "1.36", "---\n\n---\n# nothing\n---\n" + pod + "x: 1\n", "document 1 (line 5): "},
		{"no kind", "1.36", "apiVersion: v1\n", "Object 'Kind' is missing"},
		{"no version", "1.36", "kind: Pod\n", "expected an apiVersion, found none"},
		{"no object", "1.36", "just text\n", "expected an object with apiVersion and kind"},
		{"bad YAML", "1.36", pod + "spec:\n\tx: 1\n", "yaml: line "},
		{"in a list", "1.36", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spek: 1\n", `items[0]: Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spek"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode([]byte(c.text), release(t, c.release))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("found\n%v\nexpected\n%s", err, c.want)
			}
			var place *DecodeError
			if !errors.As(err, &place) || place.Document < 1 || place.Line < 1 {
				t.Errorf("the error does not say where: %#v", err)
			}
		})
	}
}

func TestDecodeRefusesBombs(t *testing.T) {
	laughs := "apiVersion: v1\nkind: ConfigMap\ndata:\n  a0: &a0 lol\n"
	for i := 1; i < 12; i++ {
		laughs += fmt.Sprintf("  a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	long := "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: &a " + strings.Repeat("x", 100_000) + "\n"
	for i := range 1000 {
		long += fmt.Sprintf("  b%d: *a\n", i)
	}
	for name, text := range map[string]string{
		"a billion laughs": laughs, "a long text often": long, "an alias of itself": "apiVersion: v1\nkind: ConfigMap\ndata: &a {x: *a}\n",
		"a long document":      "apiVersion: v1\nkind: ConfigMap\ndata: {x: " + strings.Repeat("y", MaxDocument) + "}\n",
		"a tiny quantity":      "apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {cpu: \"1e-1000000000\"}}}]}\n",
		"a quantity of digits": "apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {cpu: \"0." + strings.Repeat("0", 100_000) + "1\"}}}]}\n",
		"a deep document":      "apiVersion: v1\nkind: ConfigMap\ndata: " + strings.Repeat("[", 100_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode([]byte(text), Release{}); err == nil {
				t.Error("was accepted")
			} else if len(err.Error()) > 1000 {
				t.Errorf("the error has %d characters", len(err.Error()))
			}
		})
	}
}

// The tutorial's set is written for apps/v1beta1, where the selector comes from the template and Pods are updated
// only when they are deleted.
func TestDecodeAppliesOldDefaults(t *testing.T) {
	text := "apiVersion: apps/v1beta1\nkind: StatefulSet\nmetadata: {name: nginx-ss}\nspec:\n  serviceName: nginx-hs\n  template:\n    metadata: {labels: {role: nginxrs}}\n"
	objects, err := Decode([]byte(text), release(t, "1.9"))
	if err != nil {
		t.Fatal(err)
	}
	set := objects[0].(*appsv1.StatefulSet)
	KindOf(set).Default(set)
	if set.APIVersion != "apps/v1" || set.Spec.Selector.MatchLabels["role"] != "nginxrs" || set.Labels["role"] != "nginxrs" ||
		set.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType || *set.Spec.Replicas != 1 {
		t.Errorf("found %+v", set)
	}
	served, err := FromStored(set, appsv1beta1.SchemeGroupVersion)
	if err != nil || served.GetObjectKind().GroupVersionKind().GroupVersion() != appsv1beta1.SchemeGroupVersion {
		t.Errorf("served as %v: %v", served, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		revisionManifest, "---\n---\n", `{"apiVersion":"v1","kind":"List","items":[{"kind":"Pod","apiVersion":"v1"}]}`,
		"apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}}]", "a: &a [*a]", "{", "[]", "\xff\xfe", "? a\n: b",
		"apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nspec: {selector: {}}",
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {cpu: 1e3, memory: -1}}, ports: [{hostPort: 1}]}], hostNetwork: true}",
	} {
		f.Add([]byte(seed), uint8(36))
	}
	f.Fuzz(func(t *testing.T, data []byte, minor uint8) {
		releases := Releases()
		r := releases[int(minor)%len(releases)]
		objects, err := Decode(data, r)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		for _, object := range objects {
			r.Default(object)
			r.PrepareForCreate(object)
			r.Validate(object)
			if pod, ok := object.(*corev1.Pod); ok {
				_ = AdmitPod(pod, Admission{ServiceAccount: &corev1.ServiceAccount{}})
			}
			copied := Copy(object)
			r.PrepareForUpdate(copied, object, "")
			r.ValidateUpdate(copied, object, "")
		}
	})
}
