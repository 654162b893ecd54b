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
		if err == nil || !strings.HasPrefix(err.Error(), "expected a scenario (one of ") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("Open(%q): %v", name, err)
		}
	}
}

// The page nginx holds every command of the tutorial that it follows, in its order, and every claim in its prose.
func TestNginxFollowsTheTutorial(t *testing.T) {
	source, err := tutorials.ReadFile("tutorials/nginx/page.md")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(source)
	for _, piece := range []string{
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
	} {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("%q is not in the page, or not in its place", piece)
		}
		rest = after
	}
}
