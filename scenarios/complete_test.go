package scenarios

import (
	"strings"
	"testing"
)

// What Tab offers follows from what is typed and what there is.
func TestComplete(t *testing.T) {
	page, err := Open("nginx-today")
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRunner(page, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { r.session.close() }()
	person := &script{lines: []string{"1/1 > cat > web.yaml"}, out: &strings.Builder{}}
	for _, command := range []string{"kubectl create namespace shop; sleep 1", "kubectl run web-0 --image=nginx -n shop", "kubectl run web-1 --image=nginx", "kubectl create service clusterip nginx --tcp=80", "echo > notes.txt"} {
		if _, err := r.session.own(t.Context(), command, person, r.printer); err != nil {
			t.Fatal(err)
		}
	}
	for begun, want := range map[string]string{
		"kub":                             "kubectl",
		"hi":                              "hint",
		"kubectl ro":                      "rollout",
		"kubectl get state":               "statefulsets.apps",
		"kubectl get pods w":              "web-1",
		"kubectl -n shop get pods w":      "web-0",
		"kubectl get pods -n sh":          "shop",
		"kubectl get pod/w":               "pod/web-1",
		"kubectl delete --gr":             "--grace-period",
		"kubectl apply -f not":            "notes.txt",
		"kubectl get pods | gre":          "grep",
		"why pod/":                        "pod/web-1",
		"stsim why -n shop pod/":          "pod/web-0",
		"stsim ":                          "why",
		"dig ng":                          "nginx.default.svc.cluster.local",
		"cat no":                          "notes.txt",
		"kubectl exec web-1 -- cat nothi": "",
	} {
		from, got := r.session.complete(begun, []string{"hint"})
		if joined := strings.Join(got, " "); !strings.HasPrefix(joined, want) || want == "" && joined != "" || from > len(begun) {
			t.Errorf("%q: from %d %q, wanted %q", begun, from, joined, want)
		}
	}
}
