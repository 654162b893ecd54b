package scenarios

import (
	"strings"
	"testing"
)

const webOfThree = `---
nodes: 3
---

` + "```yaml file=web.yaml" + `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: nginx}]
` + "```\n\n"

// checked plays a page with a StatefulSet web of three Pods, then what is given.
func checked(t *testing.T, text string) played {
	t.Helper()
	return play(t, parsed(t, webOfThree+block("$ kubectl apply -f web.yaml", "...", "$ kubectl rollout status sts/web", "...")+"\n"+text), Options{})
}

func TestChecksHold(t *testing.T) {
	got := checked(t, "<!-- check count(ready(web)) == 3 -->\n\n<!-- check always quorum: count(ready(web)) >= 2 -->\n\n"+
		block("$ kubectl delete pod web-1", "...")+"\n<!-- advance 1m -->\n\n<!-- check statefulset(\"web\").status.readyReplicas == 3 -->\n")
	if got.Failed != 0 || got.Checks != 3 || got.BrokenChecks != 0 || !strings.Contains(got.text, "  check count(ready(web)) == 3\n✓ +") ||
		!strings.Contains(got.text, "✓ 3 commands and 3 checks verified") {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
}

// A check that does not hold is shown with its line and what was found, and the page goes on.
func TestChecksThatDoNotHold(t *testing.T) {
	for _, c := range []struct{ page, reason string }{
		{"<!-- check count(ready(web)) == 4 -->\n", "page.md:26: the check does not hold: count(ready(web)) is 3, ready(web) is [web-0, web-1, web-2]\n"},
		{"<!-- check always all three: count(ready(web)) == 3 -->\n\n" + block("$ kubectl delete pod web-1", "..."),
			"page.md:26: the check did not hold all the time: count(ready(web)) is 2, ready(web) is [web-0, web-2], after event "},
		{"<!-- check always count(ready(web)) == 3 -->\n\n<!-- node-down node-1 -->\n\n<!-- advance 2m -->\n",
			"page.md:26: the check did not hold all the time: count(ready(web)) is 2, ready(web) is ["},
		{"<!-- check statefulset(\"db\").status.replicas == 3 -->\n", "page.md:26: the check does not hold: there is no StatefulSet \"db\" in namespace default\n"},
	} {
		got := checked(t, c.page)
		if got.Failed != 1 || got.BrokenChecks != 1 || got.Checks != 0 || !strings.Contains(got.text, c.reason) {
			t.Errorf("wanted %s: %+v\n%s", c.reason, got.Report, got.text)
		}
	}
}
