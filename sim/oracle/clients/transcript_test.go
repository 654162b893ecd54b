package clients

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/sim/oracle/served"
)

var (
	install  = flag.Bool("clients.install", false, "build other people's programs (helm, kubectl of other releases) from their modules, and run the transcripts of them")
	kubectls = flag.String("clients.kubectl", "0.27.16", "versions of the module k8s.io/kubectl to build, with commas between")
)

// helmVersion is of the module helm.sh/helm/v3.
const helmVersion = "v3.18.6"

// What helm prints of a chart with a StatefulSet, a Job that must complete before an install and an upgrade, and a Pod that tests a release.
func TestHelm(t *testing.T) {
	programs := folderOfPrograms(t)
	run(t, programs, "", []string{"GOBIN=" + programs}, "go", "install", "helm.sh/helm/v3/cmd/helm@"+helmVersion)
	playAll(t, served.Start(t, "--pace", "10x"), "helm.txt", programs)
}

// What kubectl of other releases prints.
func TestOtherKubectls(t *testing.T) {
	for version := range strings.SplitSeq(*kubectls, ",") {
		t.Run(version, func(t *testing.T) {
			programs := folderOfPrograms(t)
			buildKubectl(t, programs, version)
			playAll(t, served.Start(t, "--pace", "10x"), "kubectl.txt", programs)
		})
	}
}

func folderOfPrograms(t *testing.T) string {
	t.Helper()
	if !*install {
		t.Skip("-clients.install was not given")
	}
	return t.TempDir()
}

// buildKubectl builds kubectl from a module of its own, since its release must have its release's dependencies.
func buildKubectl(t *testing.T, programs, version string) {
	t.Helper()
	source := t.TempDir()
	minor := strings.Split(version, ".")[1]
	for name, content := range map[string]string{
		"main.go": "package main\n\nimport (\n\t\"k8s.io/component-base/cli\"\n\t\"k8s.io/kubectl/pkg/cmd\"\n\t\"k8s.io/kubectl/pkg/cmd/util\"\n)\n\n" +
			"func main() {\n\tif err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {\n\t\tutil.CheckErr(err)\n\t}\n}\n",
		"go.mod": fmt.Sprintf("module kubectl\n\ngo 1.20\n\nrequire (\n\tk8s.io/component-base v%s\n\tk8s.io/kubectl v%s\n)\n", version, version),
	} {
		if err := os.WriteFile(filepath.Join(source, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, source, "", nil, "go", "mod", "tidy")
	release := "k8s.io/component-base/version."
	run(t, source, "", nil, "go", "build", "-ldflags", fmt.Sprintf("-X %sgitVersion=v1.%s -X %sgitMajor=1 -X %sgitMinor=%s", release, version[2:], release, release, minor),
		"-o", filepath.Join(programs, "kubectl"), ".")
}

// playAll plays a transcript of testdata: lines that begin with "$ " are commands of a shell, the lines below what they print, to both ends.
// In them [...] stands for any text.
func playAll(t *testing.T, cluster *served.Cluster, name, programs string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	path := programs + string(filepath.ListSeparator) + filepath.Dir(cluster.Kubectl(t)) + string(filepath.ListSeparator) + os.Getenv("PATH")
	environment := []string{"KUBECONFIG=" + cluster.Kubeconfig, "HOME=" + t.TempDir(), "PATH=" + path, "NO_COLOR=1", "TERM=dumb"}
	for _, block := range strings.Split("\n"+string(content), "\n$ ")[1:] {
		command, expected, _ := strings.Cut(block, "\n")
		found := strings.TrimRight(run(t, folder, "sh", environment, "sh", "-c", command), "\n")
		if expected = strings.TrimRight(expected, "\n"); !matches(expected, found) {
			t.Errorf("$ %s\nexpected\n%s\nfound\n%s", command, expected, found)
		}
	}
}

func matches(expected, found string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(expected), regexp.QuoteMeta("[...]"), ".*")
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(found)
}

// run runs a program and gives what it printed. Only those of a shell may fail.
func run(t *testing.T, folder, shell string, environment []string, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir, command.Env = folder, append(os.Environ(), environment...)
	out, err := command.CombinedOutput()
	if err != nil && shell == "" {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
