package sim_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim"
)

// The text of a fault is read back as the same fault, and mistakes are told with what is meant.
func TestFaultsAreText(t *testing.T) {
	for _, c := range []struct {
		text string
		want sim.Fault
	}{
		{"node-down node-2", sim.Fault{Verb: sim.NodeDown, Node: "node-2"}},
		{"node-cut node-2", sim.Fault{Verb: sim.NodeCut, Node: "node-2"}},
		{"node-up  node-2 ", sim.Fault{Verb: sim.NodeUp, Node: "node-2"}},
		{"crash web-0", sim.Fault{Verb: sim.Crash, Namespace: "default", Name: "web-0"}},
		{"crash default/web-0", sim.Fault{Verb: sim.Crash, Namespace: "default", Name: "web-0"}},
		{"oom shop/web-0 nginx", sim.Fault{Verb: sim.OOM, Namespace: "shop", Name: "web-0", Container: "nginx"}},
		{"probe-fails web-0 readiness", sim.Fault{Verb: sim.ProbeFails, Namespace: "default", Name: "web-0", Probe: "readiness"}},
		{"probe-heals web-0 readiness liveness", sim.Fault{Verb: sim.ProbeHeals, Namespace: "default", Name: "web-0", Container: "readiness", Probe: "liveness"}},
		{"pulls-slow node-1 36h0m90s", sim.Fault{Verb: sim.PullsSlow, Node: "node-1", Duration: 36*time.Hour + 90*time.Second}},
		{"pulls-fail node-1", sim.Fault{Verb: sim.PullsFail, Node: "node-1"}},
		{"volume-full shop/data", sim.Fault{Verb: sim.VolumeFull, Namespace: "shop", Name: "data"}},
		{"clock-jump 1.5s", sim.Fault{Verb: sim.ClockJump, Duration: 1500 * time.Millisecond}},
		{"api-down", sim.Fault{Verb: sim.APIDown}},
		{"heal", sim.Fault{Verb: sim.Heal}},
	} {
		got, err := sim.ParseFault(c.text)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
		again, err := sim.ParseFault(got.String())
		if err != nil || again != got {
			t.Errorf("%s is written %q, which is %+v, %v", c.text, got, again, err)
		}
	}
}

func TestFaultsThatCannotBeRead(t *testing.T) {
	verbs := strings.Join(sim.FaultVerbs(), ", ")
	for text, want := range map[string]string{
		"":                          "expected one of " + verbs + ", found nothing\nhint: write for example crash web-0",
		"crush web-0":               "expected one of " + verbs + ", found \"crush\"\nhint: did you mean \"crash\"?",
		"crash":                     "expected POD [CONTAINER] after crash, found nothing\nhint: write for example crash web-0",
		"crash a b c":               "expected POD [CONTAINER] after crash, found \"a b c\"\nhint: write for example crash web-0",
		"crash a/b/c":               "expected the name of a Pod, such as web-0 or shop/web-0 after crash, found \"a/b/c\"\nhint: write for example crash web-0",
		"crash web-0 Nginx":         "expected the name of a container after crash, found \"Nginx\"\nhint: write for example crash web-0",
		"node-down a b":             "expected the name of one node after node-down, found \"a b\"\nhint: write for example node-down node-2",
		"probe-fails web-0":         "expected POD [CONTAINER] PROBE after probe-fails, found \"web-0\"\nhint: write for example probe-fails web-0 readiness",
		"probe-fails web-0 livenes": "expected one of readiness, liveness, startup after probe-fails, found \"livenes\"\nhint: did you mean \"liveness\"?",
		"clock-jump -5m":            "expected a duration above 0 and of at most 3650d after clock-jump, found \"-5m\"\nhint: write for example clock-jump 10m",
		"clock-jump 3651d":          "expected a duration above 0 and of at most 3650d after clock-jump, found \"3651d\"\nhint: write for example clock-jump 10m",
		"heal all":                  "expected nothing after heal, found \"all\"\nhint: write for example heal",
	} {
		fault, err := sim.ParseFault(text)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v\nwant %s", text, fault, err, want)
		}
	}
}

// Every word has an example that can be read, and says what happens.
func TestFaultWords(t *testing.T) {
	for _, word := range sim.FaultWords() {
		fault, err := sim.ParseFault(word.Example)
		if err != nil || fault.String() != word.Example {
			t.Errorf("%s: %q, %v", word.Usage, fault, err)
		}
		for _, part := range strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(word.Usage))[1:] {
			if told := fault.Told(); strings.Contains(told, part) {
				t.Errorf("%s: told as %q", word.Usage, told)
			}
		}
	}
}

func FuzzParseFault(f *testing.F) {
	for _, word := range sim.FaultWords() {
		f.Add(word.Example)
		f.Add(word.Usage)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := sim.ParseFault(text)
		var wrong *sim.FaultError
		if err != nil && (!errors.As(err, &wrong) || len(err.Error()) > 1000) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		if again, err := sim.ParseFault(fault.String()); err != nil || again != fault {
			t.Fatalf("%q is %+v, written %q, read as %+v, %v", text, fault, fault, again, err)
		}
	})
}
