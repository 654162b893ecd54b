package scenarios

import (
	"strings"
	"testing"
)

const splitBrain = "at most one container of a name runs per Pod identity"

// forced makes two Pods of one name run at the same time: the first on a node that is cut off.
func forced(front, below string) string {
	return strings.Replace(webOfThree, "nodes: 3\n", "nodes: 3\nthink-time: 0s\n"+front, 1) + block("$ kubectl apply -f web.yaml", "...") +
		"\n<!-- at 30s -->\n\n<!-- node-cut node-1 -->\n\n" +
		block("$ kubectl cordon node-1", "...", "$ kubectl delete pods --all --force --grace-period=0 --wait=false", "...") +
		"\n<!-- at 1m30.5s -->\n" + below
}

// A promise that breaks where promises are checked fails the page, and is told where it happened, with what to do.
func TestBrokenPromiseFailsThePage(t *testing.T) {
	got := play(t, parsed(t, forced("check: true\n", "")), Options{})
	if len(got.Broken) == 0 || !strings.Contains(got.text, "\n  page.md:37: 2026-01-01 00:00:3") || !strings.Contains(got.text, ": promise broken after event ") ||
		!strings.Contains(got.text, "✗ 3 commands verified, "+count(len(got.Broken), "promise")+" did not hold, 1m30s of virtual time") || !strings.Contains(got.text, "hint: if the page is to show this, write below: <!-- breaks "+splitBrain+" -->") {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
	if got := play(t, parsed(t, forced("", "")), Options{}); len(got.Broken) != 0 {
		t.Errorf("nobody asked, and promises were checked: %v", got.Broken)
	}
}

// A page that says what breaks is verified when it does, and fails when it does not.
func TestPageThatShowsABreach(t *testing.T) {
	got := play(t, parsed(t, forced("", "\n<!-- breaks "+splitBrain+" -->\n")), Options{})
	if len(got.Broken) != 0 || got.Failed != 0 || got.Checks != 1 || !strings.Contains(got.text, "  breaks "+splitBrain+"\n✓ +1m30s") {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
	got = checked(t, "<!-- breaks "+splitBrain+" -->\n")
	if got.Failed != 1 || got.BrokenChecks != 1 || !strings.Contains(got.text, "page.md:26: it has not broken up to here\n  hint: if it no longer breaks, take this line out") {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
}

func TestCheckThatIsToBreak(t *testing.T) {
	got := checked(t, "<!-- check always all: count(ready(web)) == 3 -->\n\n"+block("$ kubectl delete pod web-1", "...")+"\n<!-- breaks all: count(ready(web)) == 3 -->\n")
	if got.Failed != 0 || got.Checks != 1 {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
}

// What has passed cannot be waited for.
func TestAtAnInstantThatIsOver(t *testing.T) {
	page := parsed(t, "---\nthink-time: 0s\n---\n\n<!-- at 14s -->\n\n<!-- at 13s -->\n")
	_, err := Run(t.Context(), page, Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "page.md:7: expected at to name an instant that has not come yet, found 13s, and it is 14s\nhint: ") {
		t.Error(err)
	}
}

// Odd answers make the same difference every time: here the Pods of the set are made three seconds late.
func TestDisorderOfAPage(t *testing.T) {
	const page = "---\nthink-time: 0s\ndisorder: usual\nodd:\n- 1st late statefulset default/web = 3\n---\n"
	text := page + strings.TrimPrefix(webOfThree, "---\nnodes: 3\n---\n") + block("$ kubectl apply -f web.yaml", "...") +
		"\n<!-- at 3s -->\n\n<!-- check count(pods(web)) == 0 -->\n\n<!-- at 3.1s -->\n\n<!-- check count(pods(web)) == 1 -->\n"
	if got := play(t, parsed(t, text), Options{}); got.Failed != 0 || got.Checks != 2 {
		t.Errorf("%+v\n%s", got.Report, got.text)
	}
}
