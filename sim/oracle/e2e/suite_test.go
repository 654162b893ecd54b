package e2e

import (
	"flag"
	"os"
	"slices"
	"strconv"
	"testing"

	"k8s.io/kubernetes/test/e2e"
	_ "k8s.io/kubernetes/test/e2e/apps" // the specs
	"k8s.io/kubernetes/test/e2e/framework"
	"k8s.io/kubernetes/test/e2e/framework/config"
	_ "k8s.io/kubernetes/test/e2e/framework/debug/init" // what a spec says of a cluster in which it failed
	_ "k8s.io/kubernetes/test/e2e/framework/node/init"  // specs wait for nodes, and leave them as they were
	"k8s.io/kubernetes/test/e2e/framework/testfiles"
	e2etestingmanifests "k8s.io/kubernetes/test/e2e/testing-manifests"

	"github.com/stsim/stsim/sim/oracle/served"
)

// suiteFlag makes the test binary upstream's; all other flags are then upstream's too.
const suiteFlag = "-e2e.suite"

var (
	pace  = flag.String("e2e.pace", "2x", "virtual time against the wall clock")
	procs = flag.Int("e2e.procs", len(specs), "how many specs run at once")
)

func TestMain(m *testing.M) {
	at := slices.Index(os.Args, suiteFlag)
	if at < 0 {
		flag.Parse()
		_ = flag.Set("test.parallel", strconv.Itoa(*procs)) // they wait most of the time
		os.Exit(served.Main(m))
	}
	os.Args = slices.Delete(os.Args, at, at+1)
	config.CopyFlags(config.Flags, flag.CommandLine)
	framework.RegisterCommonFlags(flag.CommandLine)
	framework.RegisterClusterFlags(flag.CommandLine)
	flag.Parse()
	testfiles.AddFileSource(e2etestingmanifests.GetE2ETestingManifestsFS())
	framework.AfterReadingAllFlags(&framework.TestContext)
	_ = flag.Set("test.run", "^TestSuite$")
	os.Exit(m.Run())
}

// TestSuite is upstream's suite, when the binary was started as such.
func TestSuite(t *testing.T) {
	if flag.Lookup("kubeconfig") == nil {
		t.Skip("the suite is started by TestStatefulSet, once for each spec")
	}
	e2e.RunE2ETests(t)
}
