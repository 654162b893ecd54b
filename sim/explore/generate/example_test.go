package generate_test

import (
	"fmt"
	"log"
	"testing"

	"pgregory.net/rapid"

	"github.com/stsim/stsim/sim/explore"
	"github.com/stsim/stsim/sim/explore/generate"
	"github.com/stsim/stsim/sim/property"
)

const web = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: nginx}]
`

// ExampleLife is a whole property test: rapid draws the histories of a set, and shrinks one in which the property breaks. In a test, t is what the test is given.
func ExampleLife() {
	one, err := property.Parse("one: count(ready(web)) >= 1")
	if err != nil {
		log.Fatal(err)
	}
	w, err := explore.NewWorld(explore.Setting{Manifests: []byte(web), Properties: []property.Property{one}, Verbs: []string{"restart"}})
	if err != nil {
		log.Fatal(err)
	}
	test := func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			if outcome := generate.Life(w).Draw(t, "life"); outcome.Breach != nil {
				t.Fatalf("%s: %s", outcome.Breach.Sentence, outcome.Breach.Found)
			}
		})
	}
	fmt.Println(testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "TestOne", F: test}}))
	// Output:
	// true
}
