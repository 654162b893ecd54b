package sim_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// befall makes faults happen that are given as text.
func (s *story) befall(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		fault, err := sim.ParseFault(text)
		if err == nil {
			err = s.Befall(fault)
		}
		if err != nil {
			s.t.Fatalf("%s: %v", text, err)
		}
	}
}

// probes are put into the manifest of web, and a page for the first of them.
const probes = `
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5, failureThreshold: 2}
        livenessProbe: {tcpSocket: {port: 80}, periodSeconds: 10}
        lifecycle: {postStart: {exec: {command: [sh, -c, 'echo hello > /usr/share/nginx/html/index.html']}}}
        image:`

func probedWeb() string { return strings.Replace(spreadWeb(), "\n        image:", probes, 1) }

// A container that crashes runs again at once, the next time after ten seconds; one that runs out of memory as well.
func TestAContainerCrashes(t *testing.T) {
	s := newStory(t, sim.Options{})
	s.befall("crash web-1")
	s.RunFor(time.Minute)
	s.befall("oom web-1 nginx")
	s.RunFor(5 * time.Second)
	fault, _ := sim.ParseFault("crash web-1")
	if err := s.Befall(fault); err == nil || err.Error() != "expected a container that runs (nginx of Pod web-1), found one that has ended\nhint: let virtual time pass until it runs" {
		t.Error(err)
	}
	s.RunFor(time.Minute)
	status := s.pod("web-1").Status.ContainerStatuses[0]
	if last := status.LastTerminationState.Terminated; status.RestartCount != 2 || last == nil || last.Reason != "OOMKilled" || last.ExitCode != 137 {
		t.Errorf("%+v", status)
	}
	s.check("container-crashes")
}

// A readiness probe that fails takes the Pod out of its Service and holds up nothing else; the Pod after it has it too.
func TestAReadinessProbeFails(t *testing.T) {
	s := newStoryOf(t, sim.Options{}, probedWeb())
	s.befall("probe-fails web-1 readiness")
	s.RunFor(30 * time.Second)
	s.do("delete", s.deletePod("web-1", false))
	s.RunFor(30 * time.Second)
	if got := s.Faults(); len(got) != 1 || got[0].String() != "probe-fails web-1 nginx readiness" {
		t.Error(got)
	}
	s.befall("probe-heals web-1 readiness")
	s.RunFor(30 * time.Second)
	s.check("readiness-fails")
}

// A container whose liveness probe fails is stopped and runs again, with a longer wait each time, until the probe is well.
func TestALivenessProbeFails(t *testing.T) {
	s := newStoryOf(t, sim.Options{}, probedWeb())
	s.befall("probe-fails web-1 liveness")
	s.RunFor(2 * time.Minute)
	s.befall("heal")
	s.RunFor(2 * time.Minute)
	if got := s.Faults(); len(got) != 0 {
		t.Error(got)
	}
	s.check("liveness-fails")
}

// What is not there cannot be befallen, and nothing happens.
func TestFaultsOfWhatIsNotThere(t *testing.T) {
	s := newStoryOf(t, sim.Options{}, probedWeb())
	before := s.View().Meta()
	for text, want := range map[string]string{
		"crash wbe-1":                 "expected the name of a Pod of the namespace default, found \"wbe-1\"\nhint: did you mean \"web-1\"?",
		"crash shop/web-1":            "expected the name of a Pod of the namespace shop, found \"web-1\"\nhint: there is none",
		"crash web-1 apache":          "expected the name of a container of Pod web-1, found \"apache\"\nhint: there is nginx",
		"probe-fails web-1 startup":   "expected a probe that container nginx of Pod web-1 has, found \"startup\"\nhint: it has readiness, liveness",
		"probe-heals web-1 readiness": "expected a readiness probe of Pod web-1 that was made to fail, found none\nhint: nothing is wrong",
	} {
		fault, err := sim.ParseFault(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Befall(fault); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	if err := s.Befall(sim.Fault{Verb: "flood"}); err == nil {
		t.Error("a verb that is none")
	}
	if s.View().Meta() != before {
		t.Error("something happened")
	}
}

// A node that reaches no registry runs what it has; for an image it has not, the Pod waits, with upstream's texts and back-off.
func TestANodeReachesNoRegistry(t *testing.T) {
	s := newStory(t, sim.Options{})
	s.befall("pulls-fail "+s.home, "crash web-1")
	s.RunFor(10 * time.Second)
	s.do("update", s.Apply([]byte(strings.Replace(spreadWeb(), "nginx-slim:0.21", "nginx-slim:0.24", 1))))
	s.RunFor(2 * time.Minute)
	s.befall("pulls-heal " + s.home)
	s.RunFor(2 * time.Minute)
	s.check("no-registry")
}

// A slow pull takes as long as was said; when the node is well again what is under way ends.
func TestANodePullsSlowly(t *testing.T) {
	s := newNodes(t, sim.Options{Nodes: 1})
	s.befall("pulls-slow node-1 10m")
	pod := func(name, image string) {
		s.do(name, s.Apply([]byte("kind: Pod\napiVersion: v1\nmetadata: {name: "+name+"}\nspec: {containers: [{name: main, image: "+image+"}]}")))
	}
	pod("first", "nginx:1.27")
	s.RunFor(9 * time.Minute)
	if got := podLine(s.pod("first")); got != "ContainerCreating Pending on node-1" {
		t.Error(got)
	}
	s.RunFor(2 * time.Minute)
	pod("again", "nginx:1.27")
	pod("other", "nginx:1.25")
	s.RunFor(time.Minute)
	for name, want := range map[string]string{"first": "Running Running Ready on node-1", "again": "Running Running Ready on node-1", "other": "ContainerCreating Pending on node-1"} {
		if got := podLine(s.pod(name)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	s.befall("heal")
	s.RunFor(3 * time.Second)
	if got := podLine(s.pod("other")); got != "Running Running Ready on node-1" {
		t.Error(got)
	}
	events := 0
	for event := range store.List[*corev1.Event](s.View(), "default") {
		if event.InvolvedObject.Name == "first" && (event.Reason == "Pulling" || strings.HasPrefix(event.Message, `Successfully pulled image "nginx:1.27" in 10m0s (10m0s including waiting)`)) {
			events++
		}
	}
	if events != 2 {
		t.Errorf("%d events tell of the pull", events)
	}
}

// sh runs a line in web-1 and gives what it prints.
func (s *story) sh(line string) string {
	s.t.Helper()
	process, err := s.Exec(api.Name{Namespace: "default", Name: "web-1"}, "", []string{"sh", "-c", line}, false, false)
	if err != nil {
		s.t.Fatal(err)
	}
	chunks, _, _, _ := s.Output(process, 0)
	text := ""
	for _, chunk := range chunks {
		text += chunk.Data
	}
	return text
}

const site = "/usr/share/nginx/html"

// A volume that is full takes nothing more until something is deleted or it grows; what was in it can be read.
func TestAVolumeIsFull(t *testing.T) {
	s := newStory(t, sim.Options{})
	s.sh("echo hello > " + site + "/index.html")
	s.befall("volume-full www-web-1")
	for _, c := range []struct{ line, want string }{
		{"echo more >> " + site + "/index.html", "sh: echo: write error: No space left on device\n"},
		{"df -h " + site + " | tail -1", "/dev/vda1       1.0G  1.0G     0 100% " + site + "\n"},
		{"curl -s localhost", "hello\n"},
		{"rm " + site + "/index.html; echo short > " + site + "/index.html; cat " + site + "/index.html", "short\n"},
	} {
		if got := s.sh(c.line); got != c.want {
			t.Errorf("%s: %q", c.line, got)
		}
	}
	s.befall("volume-heals www-web-1")
	if got := s.sh("echo more >> " + site + "/index.html; cat " + site + "/index.html"); got != "short\nmore\n" {
		t.Error(got)
	}
}

// A volume that fails can be neither read nor written, and is as it was afterwards. It is the volume that fails, whoever uses it.
func TestAVolumeFails(t *testing.T) {
	s := newStory(t, sim.Options{})
	s.sh("echo hello > " + site + "/index.html")
	s.befall("volume-fails www-web-1")
	s.do("delete", s.deletePod("web-1", false))
	s.RunFor(10 * time.Second)
	for _, c := range []struct{ line, want string }{
		{"cat " + site + "/index.html", "cat: " + site + "/index.html: Input/output error\n"},
		{"ls " + site, "ls: cannot open directory '" + site + "': Input/output error\n"},
		{"echo x > " + site + "/new", "sh: can't create " + site + "/new: Input/output error\n"},
		{"curl -s -o /dev/null -w '%{http_code}' localhost", "500"},
	} {
		if got := s.sh(c.line); got != c.want {
			t.Errorf("%s: %q", c.line, got)
		}
	}
	if got := s.Faults(); len(got) != 1 || got[0].String() != "volume-fails www-web-1" {
		t.Error(got)
	}
	s.befall("heal")
	if got := s.sh("ls " + site + "; cat " + site + "/index.html"); got != "index.html\nhello\n" {
		t.Error(got)
	}
}

// When the clocks jump everything that was due is late at once, in its order, and life goes on.
func TestTheClocksJump(t *testing.T) {
	s := newStory(t, sim.Options{})
	s.do("delete", s.deletePod("web-1", false))
	s.befall("clock-jump 1h")
	if got := s.Now().Sub(s.begin); got != time.Hour {
		t.Error(got)
	}
	s.RunFor(time.Minute)
	s.check("clock-jump")
}

// While the API server is down containers run on and run again, and nothing is told of it; afterwards all is caught up with.
func TestTheAPIServerIsDown(t *testing.T) {
	s := newStoryOf(t, sim.Options{}, probedWeb())
	s.do("delete", s.deletePod("web-2", false))
	s.befall("api-down", "crash web-1")
	if err := s.deletePod("web-0", false); err == nil || !apierrors.IsServiceUnavailable(err) {
		t.Error(err)
	}
	s.RunFor(30 * time.Minute)
	s.befall("crash web-1")
	s.RunFor(30 * time.Minute)
	s.befall("api-up")
	s.RunFor(time.Minute)
	if got := s.pod("web-1").Status.ContainerStatuses[0].RestartCount; got != 2 {
		t.Errorf("web-1 was restarted %d times", got)
	}
	s.check("api-down")
}

// A kubelet that is short of memory evicts a Pod that asked for none; the Pod fails, its set makes another, which keeps away from the node for five minutes.
func TestANodeIsShortOfMemory(t *testing.T) {
	s := newStory(t, sim.Options{Nodes: 4})
	s.befall("evict-pressure " + s.home)
	s.RunFor(4 * time.Minute)
	s.do("by hand", s.Apply([]byte("kind: Pod\napiVersion: v1\nmetadata: {name: here}\nspec: {nodeName: "+s.home+", containers: [{name: main, image: nginx}]}")))
	s.RunFor(4 * time.Minute)
	if got := s.Faults(); len(got) != 0 {
		t.Error(got)
	}
	s.check("short-of-memory")
}
