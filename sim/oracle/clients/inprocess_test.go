package clients

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

// TestOperatorInProcess is how an operator is tested against a cluster whose StatefulSets really come up, in one process, without a port and without waiting:
// its manager runs as it is, and virtual time passes whenever it has nothing to do.
func TestOperatorInProcess(t *testing.T) {
	cluster := sim.New(sim.Options{Check: true})
	d := door.New(cluster)
	ctrl.SetLogger(logr.Discard())
	manager, err := ctrl.NewManager(apiserver.RESTConfig(d), ctrl.Options{
		Metrics: server.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: ptr.To(true)}, // other tests have one of the name
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&appsv1.StatefulSet{}).Complete(operator{manager.GetClient()}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(ctx) }()

	api, err := client.NewWithWatch(apiserver.RESTConfig(d), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// reach lets time pass until the ConfigMap says how many Pods are ready, at most a minute of the cluster's. When nothing is left to happen there, it is the
	// operator's turn, which keeps to the clock on the wall (its queues, and the polling of its caches when they begin).
	reach := func(ready string) {
		t.Helper()
		for give := time.Now().Add(patience); ; {
			one, end := context.WithCancel(ctx)
			rest, done := d.Drive(func() {
				changes, err := api.Watch(one, &corev1.ConfigMapList{}, client.InNamespace("default"))
				if err != nil {
					return
				}
				defer changes.Stop()
				for change := range changes.ResultChan() {
					if wish, is := change.Object.(*corev1.ConfigMap); is && wish.Data[readyField] == ready {
						return
					}
				}
			}, time.Minute, func() bool { return false })
			end()
			<-done
			switch {
			case rest == door.Done:
				return
			case rest != door.Idle || time.Now().After(give):
				t.Fatalf("waiting until %s Pods are ready: %s", ready, rest)
			}
		}
	}
	begun := time.Now()
	wish := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "web"}, Data: map[string]string{"replicas": "3"}}
	if err := api.Create(ctx, wish); err != nil {
		t.Fatal(err)
	}
	reach("3")
	d.Do(func(c *sim.Cluster) { err = c.Befall(sim.Fault{Verb: sim.Crash, Namespace: "default", Name: "web-1"}) }) // all that a cluster can suffer, as data
	if err != nil {
		t.Fatal(err)
	}
	reach("2")
	reach("3")
	d.Do(func(c *sim.Cluster) {
		t.Logf("%s of the cluster's time in %s", c.Now().Sub(c.Options().Start), time.Since(begun))
		for _, broken := range c.BrokenPromises() {
			t.Error(broken)
		}
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
