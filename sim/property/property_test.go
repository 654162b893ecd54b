package property_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/property"
	"github.com/stsim/stsim/sim/store"
)

const manifest = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: http}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, labels: {tier: front, "example.com/team": blue}}
spec:
  serviceName: nginx
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 10
      containers: [{name: nginx, image: nginx, readinessProbe: {httpGet: {port: 80, path: /}}}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: front-end}
spec:
  replicas: 2
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: twice}
spec:
  replicas: 1
  selector: {matchLabels: {app: twice}}
  template:
    metadata: {labels: {app: twice}}
    spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: twice}
spec:
  serviceName: nginx
  replicas: 0
  selector: {matchLabels: {app: second}}
  template:
    metadata: {labels: {app: second}}
    spec: {containers: [{name: nginx, image: nginx}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: other}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
data: {key: value}
`

// view is a cluster in which all Pods run.
func view(t testing.TB) store.View {
	t.Helper()
	cluster := sim.New(sim.Options{Seed: 1})
	if err := cluster.Apply([]byte(manifest)); err != nil {
		t.Fatal(err)
	}
	if err := cluster.RunUntil(sim.Ready("StatefulSet", "default", "web")); err != nil {
		t.Fatal(err)
	}
	return cluster.View()
}

// TestHolds has properties that hold (the error is "") and what is found where they do not.
func TestHolds(t *testing.T) {
	view := view(t)
	for _, test := range []struct{ property, found string }{
		{`quorum: count(ready(web)) >= 2`, ``},
		{`count(ready(web)) == 4`, `count(ready(web)) is 3, ready(web) is [web-0, web-1, web-2]`},
		{`at most two: count(pods(web)) <= 2 && true`, `count(pods(web)) is 3, pods(web) is [web-0, web-1, web-2]`},
		{`count(pods(web)) > count(ready(web)) / 2 + 1`, ``},
		{`count(pods) == 6`, ``},
		{`count(ready(pods)) == count(running("app=nginx")) + count(pods(deploy/front-end)) + 1`, ``},
		{`count(ready(front-end)) == 2 && count(terminating(front-end)) == 0`, ``},
		{`count(pods(svc/nginx)) == 3 && count(ready(where(pods, it.metadata.name != "web-1"))) == 5`, ``},
		{`count(pods(twice)) == 1`, `both a StatefulSet and a Deployment are called "twice" (hint: statefulset/twice)`},
		{`count(pods(sts/twice)) == 0 && count(pods("deploy/twice")) == 1`, ``},
		{`count(ready(db)) == 0`, `there is no StatefulSet, Deployment or the like called "db" in namespace default`},
		{`exists(pvc/www-web-0) && exists(pvc("www-web-2")) && !exists(pvc/www-web-3)`, ``},
		{`exists(pvc/www-web-3)`, `exists(pvc/www-web-3) is false`},
		{`file(pod(web-0), "/etc/hostname") == "web-0\n" && file(pod("web-0"), "etc/../etc/hosts") != nil`, ``},
		{`file(pod(web-0), "/etc") == nil && file(pod(web-0), "/nowhere/at/all") == nil`, ``},
		{`any(pods(web), file(it, "/data/copy") != nil)`, `any(pods(web), file(it, "/data/copy") != nil) is false, pods(web) is [web-0, web-1, web-2]`},
		{`!exists(ns/other)`, `exists(ns/other) is true`},
		{`statefulset("web").status.readyReplicas == 3`, ``},
		{`statefulset(web).status.readyReplicas < sts(web).spec.replicas`, `statefulset(web).status.readyReplicas is 3, sts(web).spec.replicas is 3`},
		{`statefulset("db").status.readyReplicas == 3`, `there is no StatefulSet "db" in namespace default`},
		{`!exists(sts/db) || sts("db").status.readyReplicas == 3`, ``},
		{`statefulset("web").metadata.labels.tier == "front" && sts("web").metadata.labels["example.com/team"] == "blue"`, ``},
		{`sts("web").metadata.labels.missing == "x"`, `sts("web").metadata.labels.missing is not set`},
		{`sts("web").metadata.labels.missing > "x"`, `sts("web").metadata.labels.missing is not set`},
		{`pod("web-0").metadata.deletionTimestamp == nil && pod("web-0").status.startTime != nil`, ``},
		{`pod(web-0).spec.containers[0].image == "nginx" && pod(web-0).spec.containers[1].image == nil`, ``},
		{`any(pod(web-1).status.conditions, it.type == "Ready" && it.status == "True")`, ``},
		{`all(pods(web), it.status.phase == "Pending")`, `all(pods(web), it.status.phase == "Pending") is false, for web-0, it.status.phase is "Running"`},
		{`any(pods(web), it.status.phase == "Pending")`, `any(pods(web), it.status.phase == "Pending") is false, pods(web) is [web-0, web-1, web-2]`},
		{`count(distinct(pods(web), it.spec.nodeName)) == 3 && count(nodes) == 3`, ``},
		{`all(nodes, count(where(pods(web), it.spec.nodeName != "")) == 3)`, ``},
		{`pvc("www-web-0").spec.resources.requests.storage >= "1Gi" && "1025Mi" > pvc("www-web-0").spec.resources.requests.storage`, ``},
		{`pvc("www-web-0").spec.resources.requests.storage == "2Gi"`, `pvc("www-web-0").spec.resources.requests.storage is 1Gi`},
		{`contains(pvc("www-web-0").spec.accessModes, "ReadWriteOnce") && contains("a text", "tex")`, ``},
		{`contains(pvc("www-web-0").spec.accessModes, "ReadWriteMany")`, `pvc("www-web-0").spec.accessModes is ["ReadWriteOnce"]`},
		{`count(pods("app=nginx")) == 3 && count(pvc("app=nginx")) == 3 && count(statefulsets("app=nginx")) == 0`, ``},
		{`configmap("settings").data.key == "value" && count(configmap("settings").data) == 1 in other`, ``},
		{`exists(cm/settings)`, `exists(cm/settings) is false`},
		{`true || sts("db").status.readyReplicas == 1`, ``},
		{`count(pods(web)) * 3 - 1 == 8 && count(pods(web)) % 2 == 1 && -count(pods(web)) == -3`, ``},
		{`count(pods(web)) / 0 == 1`, `a division by 0`},
		{`9223372036854775807 + count(pods(web)) > 0`, `a number is too large: at most 2^63-1`},
		{`"web" + "-0" == pod("web-0").metadata.name`, ``},
		{`false`, `it is false`},
		{`any(pods, any(pods, any(pods, any(pods, any(pods, any(pods, any(pods, any(pods, it.metadata.name == "x"))))))))`,
			`it looks at more than 1048576 objects and elements (hint: ask about fewer)`},
		{"service(\"nginx\").spec.type ==\n\t\"ClusterIP\" &&\n\texists(sa/default)", ``},
		{`pdb: count(pdb) == 0`, ``},
	} {
		p, err := property.Parse(test.property)
		if err != nil {
			t.Errorf("%s:\n%v", test.property, err)
			continue
		}
		found := ""
		if err := p.Holds(view); err != nil {
			found = err.Error()
		}
		if found != test.found {
			t.Errorf("%s:\n found    %s\n expected %s", test.property, found, test.found)
		}
	}
}

func TestNameAndNamespace(t *testing.T) {
	p, err := property.Parse("  at least two serve: count(ready(web)) >= 2 in ns-statefulset ")
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "at least two serve" || p.Namespace != "ns-statefulset" || p.String() != "at least two serve: count(ready(web)) >= 2 in ns-statefulset" {
		t.Errorf("found %q, %q, %q", p.Name, p.Namespace, p)
	}
}

// TestMistakes has texts that are no properties, each with its message after the text itself.
func TestMistakes(t *testing.T) {
	for _, test := range []struct{ text, message string }{
		{``, "character 1: expected an expression, found nothing\nhint: write for example count(ready(web)) >= 2"},
		{`quorum:`, "character 8: expected an expression, found nothing\nhint: write for example count(ready(web)) >= 2"},
		{`count(redy(web)) >= 2`, "character 7: expected a function or a kind, found redy\nhint: did you mean \"ready\"?"},
		{`quorum: cuont(ready(web)) >= 2`, "character 9: expected a function or a kind, found cuont\nhint: did you mean \"count\"?"},
		{`count(ready(web))`, "character 1: expected something that is true or false, found a number: count(ready(web))\nhint: compare it, as in count(ready(web)) >= 2"},
		{`count(ready(web)) >= "2"`, "character 22: expected a number, because count(ready(web)) is one, found a text: \"2\"\nhint: write the number without quotes"},
		{`ready(web) >= 2`, "character 12: expected two numbers or two texts, found a list of Pods and a number\nhint: count(...) gives the number of what is in a list"},
		{`count(ready(web)) = 2`, "character 19: expected an operator, found =\nhint: equal is written =="},
		{`count(ready(web)`, "character 17: expected more, found the end\nhint: a bracket that is not closed?"},
		{`statefulset("web").status.readyReplica == 3`, "character 27: expected a field of StatefulSetStatus, found readyReplica\nhint: did you mean \"readyReplicas\"?"},
		{`statefulset("web").stats == 3`, "character 20: expected a field of StatefulSet, found stats\nhint: did you mean \"status\"?"},
		{`web.status.readyReplicas == 3`, "character 1: expected a kind such as pods, a function, a number or a text, found web\nhint: the name of an object stands in quotes, or in a question about it: ready(web), statefulset(web)"},
		{`pods(web).status.phase == "Running"`, "character 1: expected one object before .status, found a list of Pods: pods(web)\nhint: ask about each: all(pods(web), it.status == ...), or count, any, where"},
		{`statefulsets("web").status.replicas == 1`, "character 14: expected a label selector after a plural, found \"web\"\nhint: one object is statefulset(\"web\")"},
		{`exists(www-web-0)`, "character 8: expected KIND/NAME or an object, such as pvc/www-web-0, found www-web-0"},
		{`exists(pcv/www-web-0)`, "character 8: expected a kind before /, found pcv\nhint: did you mean \"pvc\"?"},
		{`exists(pods(web))`, "character 8: expected one object, such as pvc(\"www-web-0\"), found a list of Pods: pods(web)\nhint: count(...) > 0 asks whether a list has any"},
		{`pod("web-0") == nil`, "character 14: expected two numbers or two texts, found one Pod and nil\nhint: compare one of its fields, or ask exists(...)"},
		{`it.spec.nodeName == ""`, "character 1: expected it inside a condition, found it outside of one\nhint: write for example all(pods(web), it.spec.nodeName != \"\")"},
		{`file(web, "/data")`, "character 6: expected a kind such as pods, a function, a number or a text, found web\nhint: the name of an object stands in quotes, or in a question about it: ready(web), statefulset(web)"},
		{`file(pods(web), "/data") == nil`, "character 6: expected one Pod, found a list of Pods: pods(web)\nhint: it is the element: any(ready(web), file(it, \"/data/copy\") != nil)"},
		{`any(pods(web), file(it, 3) == nil)`, "character 25: expected a path, found a number: 3\nhint: it stands in quotes: \"/data/copy\""},
		{`all(pods(web))`, "character 1: expected a list and a condition: all(pods(web), it.spec.nodeName != \"\"), found 1 between the parentheses of all"},
		{`func() bool { return true }()`, "character 8: expected an expression as in Go, found a mistake: expected 'EOF', found bool\nhint: for example: count(ready(web)) >= 2 && exists(pvc/www-web-0)"},
		{`pods[0:1] == nil`, "character 1: expected names, fields, functions, numbers, texts and operators, found \"pods[0:1]\"\nhint: this part of Go means nothing here"},
		{`1.5 < 2`, "character 1: expected a whole number or a text in double quotes, found 1.5"},
		{`99999999999999999999 > 1`, "character 1: expected a number below 2^63, found 99999999999999999999"},
		{`pvc("a").spec.resources.requests.storage > "big"`, "character 42: expected a quantity such as \"1Gi\", found \"big\""},
		{`pods("=") == 1`, "character 6: expected a name, KIND/NAME or a label selector, found \"=\"\nhint: found '=', expected: !, identifier, or 'end of string'"},
		{`ready(nodes) == 1`, "character 7: expected Pods, or the name of what they belong to, found a list of Nodes: nodes\nhint: a name that is also a kind stands in quotes"},
		{`count(pods(web)) & 1 == 1`, "character 18: expected an operator that there is: == != < <= > >= && || + - * / %, found &"},
		{`count == 1`, "character 1: expected a kind such as pods, a function, a number or a text, found count\nhint: write what it is about behind it: count(...)"},
	} {
		_, err := property.Parse(test.text)
		var malformed *property.Error
		if !errors.As(err, &malformed) {
			t.Errorf("%s: expected an Error, found %v", test.text, err)
			continue
		}
		_, message, _ := strings.Cut(err.Error(), `", `)
		if at := strings.Index(err.Error(), "character "); at >= 0 {
			message = err.Error()[at:]
		}
		if message != test.message {
			t.Errorf("%s:\n found    %q\n expected %q", test.text, message, test.message)
		}
	}
	if _, err := property.Parse(strings.Repeat("(", property.MaxLength)); err == nil {
		t.Error("an endless expression was accepted")
	}
	if _, err := property.Parse(strings.Repeat("!", property.MaxLength+1)); err == nil || !strings.Contains(err.Error(), "at most 2048 bytes") {
		t.Errorf("a long expression: %v", err)
	}
}

// FuzzParse looks for texts that make Parse or Holds panic.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`quorum: count(ready(web)) >= 2 in default`, `exists(pvc/www-web-0) && !exists(pvc("x"))`, `all(pods(web), it.spec.containers[0].image == "nginx")`,
		`pvc("www-web-0").spec.resources.requests.storage >= "1Gi"`, `-1 + 2*3%4/5 == "a" + "b"`, `sts("web").metadata.labels["a"] == nil`, `type.func.range`,
	} {
		f.Add(seed)
	}
	view := view(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := property.Parse(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		_ = p.Holds(view)
		if _, err := property.Parse(p.String()); err != nil {
			t.Errorf("%q is read, and %q is not: %v", text, p, err)
		}
	})
}

func BenchmarkHolds(b *testing.B) {
	view := view(b)
	p, err := property.Parse("count(ready(web)) >= 2 && statefulset(\"web\").status.readyReplicas <= 3")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Holds(view); err != nil {
			b.Fatal(err)
		}
	}
}
