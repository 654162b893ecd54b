package scenarios

import (
	"strings"
	"testing"
)

func TestBuiltin(t *testing.T) {
	summaries := Builtin()
	if len(summaries) == 0 {
		t.Fatal("no built-in pages")
	}
	for i, summary := range summaries {
		if summary.Title == "" || summary.Level == "" || len(summary.Teaches) == 0 || summary.Kubernetes == "" || summary.Commands == 0 {
			t.Errorf("%s: a built-in page has a title and a level, says what it teaches and on which version, and has commands: %+v", summary.Name, summary)
		}
		if i > 0 && summaries[i-1].Name >= summary.Name {
			t.Errorf("%s is out of order", summary.Name)
		}
		page, err := Open(summary.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{40, 80} {
			if shown := printWhole(page, PrinterOptions{Width: width}); shown != printWhole(page, PrinterOptions{Width: width}) || strings.Contains(shown, "\x1b") {
				t.Errorf("%s: not the same bytes twice, or not plain", summary.Name)
			}
		}
	}
}

func TestOpenUnknown(t *testing.T) {
	for name, want := range map[string]string{
		"nginks": "found \"nginks\"\nhint: did you mean \"nginx\"?",
		"":       "found nothing\nhint: \"stsim list\" shows all scenarios",
		"../x":   "found \"../x\"\nhint: \"stsim list\" shows all scenarios",
	} {
		_, err := Open(name)
		if err == nil || err.Error() != "expected a built-in scenario or the path of a Markdown page, "+want {
			t.Errorf("Open(%q): %v", name, err)
		}
	}
}

// The page nginx holds every command of the tutorial that it follows, in its order, and every claim in its prose.
func TestNginxFollowsTheTutorial(t *testing.T) {
	inOrder(t, "nginx", []string{
		"kubectl create namespace ns-statefulset",
		"nodePort: 30080",
		"clusterIP: None",
		"apiVersion: apps/v1beta1",
		"gcr.io/google_containers/nginx-slim:0.8",
		"volume.beta.kubernetes.io/storage-class: glusterfs-storage",
		"kubectl create -f nginx-statefulset-test.yaml",
		"one by one in the order of their ordinals",
		"kubectl get pods -n ns-statefulset -w",
		"kubectl get pods -n ns-statefulset",
		"kubectl get service -n ns-statefulset",
		"kubectl get pvc,pv -n ns-statefulset",
		"kubectl run -n ns-statefulset -it busybox --image=busybox",
		"/ # nslookup -type=a nginx-hs.ns-statefulset.svc.cluster.local",
		"/ # nslookup -type=a nginx-ss-0.nginx-hs.ns-statefulset.svc.cluster.local",
		"`SERVICE.NAMESPACE.svc.cluster.local`",
		"`STATEFULSET-ORDINAL`",
		"`STATEFULSET-ORDINAL.SERVICE.NAMESPACE.svc.cluster.local`",
		"`clusterIP: None` that makes",
		"-- sh -c 'echo $(hostname -f) > /usr/share/nginx/html/index.html'",
		"-- sh -c 'curl -s localhost'",
		"-- sh -c 'cat /usr/share/nginx/html/index.html'",
		"kubectl scale -n ns-statefulset statefulset nginx-ss --replicas=4",
		"kubectl get pods -n ns-statefulset -w",
		"kubectl exec nginx-ss-3 -n ns-statefulset",
		"curl -s http://10.255.10.170:30080",
		"kubectl delete -n ns-statefulset pod nginx-ss-1",
		"kubectl get pods -n ns-statefulset -w",
		"-- sh -c 'wget -qO- nginx-ss-1.nginx-hs.ns-statefulset.svc.cluster.local'",
		"kubectl delete service -n ns-statefulset nginx-svc",
		"kubectl delete service -n ns-statefulset nginx-hs",
		"kubectl delete statefulset -n ns-statefulset nginx-ss",
		"if we had only scaled in",
		"kubectl get pv",
		"for i in $(seq 0 3); do kubectl delete pvc -n ns-statefulset www-pvc-nginx-ss-$i; done",
		"graceful scale-down",
	})
}

// The page statefulset-basics holds every command of the official tutorial in its order, and says where that is wrong.
func TestBasicsFollowTheTutorial(t *testing.T) {
	inOrder(t, "statefulset-basics", []string{
		"no persistent volumes available for this claim and no storage class is set",
		"kubectl apply -f web.yaml",
		"kubectl get pods --watch -l app=nginx",
		"kubectl get service nginx",
		"kubectl get statefulset web",
		"Running *and* Ready",
		"spec.ordinals.start",
		"kubectl get pods -l app=nginx",
		`for i in 0 1; do kubectl exec "web-$i" -- sh -c 'hostname'; done`,
		"kubectl run -i --tty --image busybox:1.28 dns-test --restart=Never --rm",
		"/ # nslookup web-0.nginx",
		"CNAME. There is none",
		"kubectl delete pod -l app=nginx",
		"for i in 0 1; do kubectl exec web-$i -- sh -c 'hostname'; done",
		"addresses are not",
		"kubectl get pvc -l app=nginx",
		`echo "$(hostname)" > /usr/share/nginx/html/index.html`,
		`kubectl exec -i -t "web-$i" -- curl http://localhost/`,
		"403 Forbidden",
		"kubectl delete pod -l app=nginx",
		`kubectl exec -i -t "web-$i" -- curl http://localhost/`,
		"kubectl scale sts web --replicas=5",
		"kubectl patch sts web -p '{\"spec\":{\"replicas\":3}}'",
		"kubectl get pvc -l app=nginx",
		"www-web-4   Bound",
		`"path":"/spec/template/spec/containers/0/image","value":"registry.k8s.io/nginx-slim:0.24"}]'`,
		"*Differs:*", "always the last",
		"{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}",
		"kubectl rollout status sts/web",
		"*Differs:*", "a slip",
		"*Differs:*", "gets the *new* one",
		`"partition":3`,
		"kubectl delete pod web-2",
		`"partition":2`,
		"kubectl delete pod web-1",
		`"partition":0`,
		`{"spec":{"updateStrategy":{"type":"OnDelete"}}}`,
		"only allowed for updateStrategy 'RollingUpdate'",
		"kubectl delete statefulset web --cascade=orphan",
		"kubectl delete pod web-0",
		"kubectl apply -f web.yaml",
		"service/nginx unchanged",
		"kubectl delete statefulset web",
		"*Differs:*", "all at once",
		"kubectl delete service nginx",
		"kubectl apply -f web.yaml",
		"curl http://localhost/",
		"kubectl delete statefulset web",
		"*Differs:*", "kind with its group",
		"kubectl apply -f web-parallel.yaml",
		"kubectl scale statefulset/web --replicas=5",
		"*Differs:*", "only affects scaling",
		"kubectl delete sts web",
		"kubectl delete svc nginx",
		"kubectl get pvc",
		"kubectl get pv",
		"kubectl delete pvc www-web-0 www-web-1 www-web-2 www-web-3 www-web-4",
	})
}

// inOrder demands that a built-in page has all the pieces, one behind the other.
func inOrder(t *testing.T, name string, pieces []string) {
	t.Helper()
	source, err := tutorials.ReadFile("tutorials/" + name + "/page.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(source)
	for _, piece := range pieces {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("%q is not in the page, or not in its place", piece)
		}
		rest = after
	}
}
