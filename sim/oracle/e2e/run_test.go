package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2/types"

	"github.com/stsim/stsim/sim/oracle/served"
)

const prefix = "[sig-apps] StatefulSet "

// limit is how long one spec may take. Upstream's own limits are below it.
const limit = 15 * time.Minute

// TestStatefulSet runs each of the specs in a process of its own, all at once.
func TestStatefulSet(t *testing.T) {
	clusters := map[string]*served.Cluster{}
	for _, spec := range specs {
		if clusters[special(spec)] == nil {
			clusters[special(spec)] = served.Start(t, "--pace", *pace, "--feature-gates", strings.Join(gates(spec), ","))
		}
	}
	for _, spec := range specs {
		t.Run(strings.ReplaceAll(spec, "/", "_"), func(t *testing.T) {
			t.Parallel()
			runSpec(t, clusters[special(spec)], prefix+spec)
		})
	}
}

// TestEverySpecIsRun compares the list of specs with upstream's, so that none is forgotten when upstream has more.
func TestEverySpecIsRun(t *testing.T) {
	t.Parallel()
	report := suite(t, t.Context(), "--ginkgo.dry-run", "--ginkgo.focus="+regexp.QuoteMeta(prefix), "--ginkgo.skip=Deploy clustered applications")
	var found []string
	for _, spec := range report.SpecReports {
		if spec.LeafNodeType == types.NodeTypeIt && spec.State != types.SpecStateSkipped {
			found = append(found, strings.TrimPrefix(spec.FullText(), prefix))
		}
	}
	listed := slices.Sorted(slices.Values(specs))
	if slices.Sort(found); !slices.Equal(found, listed) {
		t.Errorf("upstream has\n%s\nlisted are\n%s", strings.Join(found, "\n"), strings.Join(listed, "\n"))
	}
}

// runSpec runs one spec, which must have run: one that was skipped has shown nothing.
func runSpec(t *testing.T, cluster *served.Cluster, spec string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	report := suite(t, ctx, "--kubeconfig="+cluster.Kubeconfig, "--kubectl-path="+cluster.Kubectl(t), "--ginkgo.focus="+regexp.QuoteMeta(spec), "--ginkgo.timeout="+limit.String())
	ran := 0
	for _, one := range report.SpecReports {
		if one.LeafNodeType != types.NodeTypeIt || one.FullText() != spec {
			continue
		}
		ran++
		if one.State != types.SpecStatePassed {
			t.Errorf("%s after %s: %s\n%s\n%s", one.State, one.RunTime.Round(time.Second), one.FailureMessage(), one.FailureLocation(), one.CapturedGinkgoWriterOutput)
		} else {
			t.Logf("passed in %s", one.RunTime.Round(time.Second))
		}
	}
	if ran != 1 {
		t.Errorf("the spec ran %d times", ran)
	}
}

// suite runs this binary as upstream's and gives ginkgo's report.
func suite(t *testing.T, ctx context.Context, args ...string) types.Report {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	args = append([]string{suiteFlag, "--provider=skeleton", "--ginkgo.no-color", "--ginkgo.json-report=" + file}, args...)
	command := exec.CommandContext(ctx, self, args...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	var exit *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	var reports []types.Report
	if err == nil {
		err = json.Unmarshal(content, &reports)
	}
	if err == nil && len(reports) != 1 {
		err = fmt.Errorf("expected one report, found %d", len(reports))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return reports[0]
}

var gate = regexp.MustCompile(`\[FeatureGate:(\w+)\].*\[Feature:OffByDefault\]`)

// special is what a spec wants of its cluster that others must not have; empty: nothing.
func special(spec string) string {
	if strings.Contains(spec, "[Serial]") {
		return spec
	}
	return strings.Join(gates(spec), ",")
}

// gates are the feature gates that a spec needs beyond those of the release.
func gates(spec string) (all []string) {
	if match := gate.FindStringSubmatch(spec); match != nil {
		all = append(all, match[1]+"=true")
	}
	return all
}
