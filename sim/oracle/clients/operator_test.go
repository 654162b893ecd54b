package clients

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/stsim/stsim/sim/oracle/served"
)

// operator makes a StatefulSet of each ConfigMap that says how many replicas it wants, writes into the ConfigMap how many are ready, and
// holds it with a finalizer until the Pods are gone.
type operator struct{ client.Client }

const (
	finalizer  = "operator.example.com/pods"
	readyField = "ready"
)

// Reconcile implements [ctrl.Reconciler].
func (o operator) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var wish corev1.ConfigMap
	if err := o.Get(ctx, request.NamespacedName, &wish); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	replicas, err := strconv.Atoi(wish.Data["replicas"])
	if err != nil {
		return ctrl.Result{}, nil // somebody else's
	}
	set := webSet("nginx:1.27")
	set.Namespace, set.Name = wish.Namespace, wish.Name
	if !wish.DeletionTimestamp.IsZero() {
		return o.end(ctx, &wish, set)
	}
	if controllerutil.AddFinalizer(&wish, finalizer) {
		if err := o.Update(ctx, &wish); err != nil {
			return ctrl.Result{}, err
		}
	}
	_, err = controllerutil.CreateOrUpdate(ctx, o.Client, set, func() error {
		wanted := int32(replicas)
		set.Spec.Replicas = &wanted
		return controllerutil.SetControllerReference(&wish, set, o.Scheme())
	})
	if err != nil {
		return ctrl.Result{}, err
	}
	before := client.MergeFrom(wish.DeepCopy())
	wish.Data[readyField] = strconv.Itoa(int(set.Status.ReadyReplicas))
	return ctrl.Result{}, o.Patch(ctx, &wish, before)
}

// end takes the set down, and lets the ConfigMap go when its Pods have gone.
func (o operator) end(ctx context.Context, wish *corev1.ConfigMap, set *appsv1.StatefulSet) (ctrl.Result, error) {
	if err := o.Delete(ctx, set, client.PropagationPolicy(metav1.DeletePropagationForeground)); err == nil {
		return ctrl.Result{RequeueAfter: 20 * time.Millisecond}, nil
	} else if !apierrors.IsNotFound(err) {
		return ctrl.Result{}, err
	}
	if controllerutil.RemoveFinalizer(wish, finalizer) {
		return ctrl.Result{}, o.Update(ctx, wish)
	}
	return ctrl.Result{}, nil
}

// The operator reaches what is wished for, follows it when it changes, and takes everything down; its caches read each kind once, however long the
// cluster lives: a watch that ends is begun again from where it was.
func TestOperatorOnControllerRuntime(t *testing.T) {
	cluster := served.Start(t, "--pace", "100x")
	ctrl.SetLogger(logr.Discard())
	config, lists := cluster.Config(t), &counter{}
	direct := kubernetes.NewForConfigOrDie(cluster.Config(t))
	config.Wrap(func(inner http.RoundTripper) http.RoundTripper { return lists.around(inner) })
	manager, err := ctrl.NewManager(config, ctrl.Options{Metrics: server.Options{BindAddress: "0"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := ctrl.NewControllerManagedBy(manager).For(&corev1.ConfigMap{}).Owns(&appsv1.StatefulSet{}).Complete(operator{manager.GetClient()}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- manager.Start(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	wishes := direct.CoreV1().ConfigMaps("default")
	if _, err := wishes.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Data: map[string]string{"replicas": "3"}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	says := func(ready string) {
		t.Helper()
		eventually(t, "the ConfigMap says "+ready, func(ctx context.Context) (string, error) {
			wish, err := wishes.Get(ctx, "web", metav1.GetOptions{})
			if err != nil || wish.Data[readyField] == ready {
				return "", err
			}
			return fmt.Sprintf("it says %q", wish.Data[readyField]), nil
		})
	}
	says("3")
	wish, err := wishes.Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wish.Data["replicas"] = "5"
	if _, err := wishes.Update(t.Context(), wish, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	says("5")
	time.Sleep(7 * time.Second) // more than ten minutes of the cluster, after which every watch has ended once
	if err := wishes.Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "everything is gone", func(ctx context.Context) (string, error) {
		pods, err := direct.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})
		if err != nil || len(pods.Items) > 0 {
			return fmt.Sprintf("%d Pods are left", len(pods.Items)), err
		}
		if _, err := wishes.Get(ctx, "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return "the ConfigMap is left", err
		}
		return "", nil
	})
	if whole := lists.whole(); whole > 2 {
		t.Errorf("two kinds are watched, and were read as a whole %d times", whole)
	}
}

// counter counts the requests that read all objects of a kind.
type counter struct {
	mu    sync.Mutex
	count int
}

type tripper func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (f tripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func (c *counter) around(inner http.RoundTripper) http.RoundTripper {
	return tripper(func(request *http.Request) (*http.Response, error) {
		query := request.URL.Query()
		if list := query.Get("watch") == "" && query.Has("limit"); list || query.Get("sendInitialEvents") == "true" {
			c.mu.Lock()
			c.count++
			c.mu.Unlock()
		}
		return inner.RoundTrip(request)
	})
}

func (c *counter) whole() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}
