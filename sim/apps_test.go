package sim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// greeter is an application of somebody's own: it counts its callers.
type greeter struct{}

func (greeter) Start(r *app.Run) {
	if err := r.Listen(7777); err != nil {
		r.Exit(1)
	}
	r.State = 0
}

func (greeter) Serve(r *app.Run, _ uint16, request []byte) []byte {
	r.State = r.State.(int) + 1
	return fmt.Appendf(nil, "%s greets %s, caller %d\n", r.System().Hostname(), strings.TrimSpace(string(request)), r.State)
}

func (greeter) Wake(*app.Run) {}

func (greeter) Signal(r *app.Run, signal int) { r.TerminateOn(signal, 0) }

// TestOwnApplication: Options.Apps brings a model, and its state forks with the cluster.
func TestOwnApplication(t *testing.T) {
	model := app.Model{Fits: app.Named("greeter"), Make: func(app.Reference) *app.Image {
		return &app.Image{
			Root:       func() storage.Tree { return app.FullRoot().With("/usr/bin/greeter", shell.Stub("greeter"), 0o755) },
			Entrypoint: []string{"greeter"},
			Servers:    map[string]app.Server{"greeter": greeter{}},
		}
	}}
	c := sim.New(sim.Options{Apps: []app.Model{model}})
	err := c.Apply([]byte(`
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers: [{name: greeter, image: example.com/greeter}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.RunUntil(sim.Ready("Pod", "default", "one")); err != nil {
		t.Fatal(err)
	}
	ask := func(c *sim.Cluster, want string) {
		t.Helper()
		process, err := c.Exec(api.Name{Namespace: "default", Name: "one"}, "", []string{"sh", "-c", "echo you | nc 127.0.0.1 7777"}, false, false)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		chunks, _, _, _ := container.Output(c.View(), process, 0)
		for _, chunk := range chunks {
			got += chunk.Data
		}
		if got != want {
			t.Errorf("expected %q, found %q", want, got)
		}
	}
	ask(c, "one greets you, caller 1\n")
	fork := c.Fork()
	ask(c, "one greets you, caller 2\n")
	ask(fork, "one greets you, caller 2\n")
	ask(fork, "one greets you, caller 3\n")
}
