package clients

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/controller/statefulset"

	"github.com/stsim/stsim/sim/oracle/served"
)

// Upstream's controller is the only one for StatefulSets in this cluster. It brings a set up in order, rolls it from the highest ordinal down, scales it
// down, and everything else (scheduler, kubelets, volumes, garbage collection) is the simulator's.
func TestUpstreamsControllerTakesThePlaceOfOurs(t *testing.T) {
	cluster := served.Start(t, "--without", "statefulset", "--pace", "20x")
	client := kubernetes.NewForConfigOrDie(cluster.Config(t))
	sets, pods := client.AppsV1().StatefulSets("default"), client.CoreV1().Pods("default")
	if _, err := sets.Create(t.Context(), webSet("nginx:1.27"), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // ten seconds of the cluster
	if _, err := pods.Get(t.Context(), "web-0", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Fatalf("without a controller nothing makes Pods, found %v", err)
	}
	order := runUpstream(t, client)

	settled(t, client, 3, "nginx:1.27")
	if _, err := sets.Patch(t.Context(), "web", types.StrategicMergePatchType, image("nginx:1.28"), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	settled(t, client, 3, "nginx:1.28")
	if _, err := sets.Patch(t.Context(), "web", types.MergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	settled(t, client, 1, "nginx:1.28")
	eventually(t, "both Pods beyond the first are gone", func(ctx context.Context) (string, error) {
		left, err := pods.List(ctx, metav1.ListOptions{})
		if err != nil || len(left.Items) == 1 {
			return "", err
		}
		return fmt.Sprintf("%d Pods are left", len(left.Items)), nil
	})
	claims, err := client.CoreV1().PersistentVolumeClaims("default").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(claims.Items) != 3 || claims.Items[2].Status.Phase != corev1.ClaimBound {
		t.Errorf("the claims stay: %v, %v", claims.Items, err)
	}
	want := "+web-0 +web-1 +web-2 -web-2 +web-2 -web-1 +web-1 -web-0 +web-0 -web-2 -web-1"
	eventually(t, "the order of Pods", func(context.Context) (string, error) {
		if found := order(); found != want {
			return fmt.Sprintf("expected %s, found %s", want, found), nil
		}
		return "", nil
	})
}

// runUpstream runs upstream's controller until the test ends. What it gives tells in which order Pods came and went.
func runUpstream(t *testing.T, client kubernetes.Interface) (order func() string) {
	t.Helper()
	factory := informers.NewSharedInformerFactory(client, 12*time.Hour)
	controller := statefulset.NewStatefulSetController(t.Context(), factory.Core().V1().Pods(), factory.Apps().V1().StatefulSets(),
		factory.Core().V1().PersistentVolumeClaims(), factory.Apps().V1().ControllerRevisions(), client)
	watcher, err := client.CoreV1().Pods("default").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	events := make(chan string, 1000)
	go func() {
		for event := range watcher.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok && event.Type != "MODIFIED" {
				events <- map[string]string{"ADDED": "+", "DELETED": "-"}[string(event.Type)] + pod.Name
			}
		}
	}()
	t.Cleanup(watcher.Stop)
	factory.Start(t.Context().Done())
	go controller.Run(t.Context(), 5)
	return func() string {
		for len(events) > 0 {
			seen = append(seen, <-events)
		}
		return strings.Join(seen, " ")
	}
}

// settled waits until the set has come to rest with so many Pods of an image.
func settled(t *testing.T, client kubernetes.Interface, replicas int32, image string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d Pods of %s", replicas, image), func(ctx context.Context) (string, error) {
		set, err := client.AppsV1().StatefulSets("default").Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return "", err
		}
		if s := set.Status; s.ObservedGeneration != set.Generation || s.Replicas != replicas || s.AvailableReplicas != replicas || s.CurrentRevision != s.UpdateRevision {
			return fmt.Sprintf("status %+v", s), nil
		}
		pods, err := client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=nginx"})
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(pods.Items, func(pod corev1.Pod) bool {
			return pod.DeletionTimestamp == nil && pod.Spec.Containers[0].Image != image
		}) {
			return "Pods have another image", nil
		}
		return "", nil
	})
}

func image(name string) []byte {
	return fmt.Appendf(nil, `{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":%q}]}}}}`, name)
}

// webSet is a set of three Pods with a claim each.
func webSet(image string) *appsv1.StatefulSet {
	labels := map[string]string{"app": "nginx"}
	replicas := int32(3)
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: "nginx", Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "nginx", Image: image, VolumeMounts: []corev1.VolumeMount{{Name: "www", MountPath: "/usr/share/nginx/html"}},
				}}},
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "www"},
				Spec: corev1.PersistentVolumeClaimSpec{
					AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}
}
