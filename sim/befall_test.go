package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
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
