package generate_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/explore"
	"github.com/stsim/stsim/sim/explore/generate"
)

// TestMain draws the same on every machine, unless it is told to draw otherwise: -rapid.seed 0 is another seed each time.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// TestSetsKeepPromises lives short histories of sets of all sorts on clusters of all sorts.
func TestSetsKeepPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := generate.Sets("web").Draw(t, "set")
		if grace := set.Spec.Template.Spec.TerminationGracePeriodSeconds; *grace == 0 {
			*grace = 1 // without a grace period every deletion is a forced one, and breaks "at most one"
		}
		manifest := manifestOf(t, generate.Service("web"), set)
		w, err := explore.NewWorld(explore.Setting{
			Manifests: manifest, Options: generate.Clusters().Draw(t, "cluster"), Except: explore.Expectations(),
			Verbs: []string{"restart", "delete-pod", "node-down", "node-up"},
		})
		if err != nil {
			t.Fatalf("%v\n%s", err, manifest)
		}
		if outcome := generate.Life(w).Draw(t, "life"); outcome.Breach != nil {
			t.Fatalf("%s: %s\n%v\n%s", outcome.Breach.Sentence, outcome.Breach.Found, outcome.Actions, manifest)
		}
	})
}

func manifestOf(t *rapid.T, objects ...api.Object) []byte {
	var documents []string
	for _, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return []byte(strings.Join(documents, "---\n"))
}
