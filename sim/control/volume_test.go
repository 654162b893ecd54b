package control_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// town is a cluster in which only volumes are looked after and Pods are put on nodes: nothing runs.
type town struct {
	t testing.TB
	*sim.Cluster
}

func newTown(t testing.TB, options sim.Options) *town {
	t.Helper()
	options.Without = append(options.Without, "kubelet", "statefulset", "endpointslice", "endpoints", "garbagecollector", "namespace")
	options.History = -1
	if options.StorageClasses == nil {
		options.StorageClasses = []*storagev1.StorageClass{storage.StandardClass(), storage.LocalClass(), storage.GlusterClass(), class("retained", func(c *storagev1.StorageClass) {
			c.Provisioner, c.ReclaimPolicy = storage.StandardProvisioner, new(corev1.PersistentVolumeReclaimRetain)
		}), class("by-hand", func(c *storagev1.StorageClass) {
			c.Provisioner, c.VolumeBindingMode = storage.NoProvisioner, new(storagev1.VolumeBindingWaitForFirstConsumer)
		}), class("foreign", func(c *storagev1.StorageClass) { c.Provisioner = "ebs.csi.aws.com" })}
	}
	w := &town{t, sim.New(options)}
	for _, namespace := range []string{"default", "kube-public"} { // nobody makes them here
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "default"}}
		if _, err := w.Create(account, false); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	return w
}

func class(name string, edit func(*storagev1.StorageClass)) *storagev1.StorageClass {
	c := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}}
	edit(c)
	return c
}

func (w *town) create(objects ...api.Object) {
	w.t.Helper()
	for _, object := range objects {
		if _, err := w.Create(object, false); err != nil {
			w.t.Fatalf("create %s %s: %v", api.KindOf(object).Kind, api.NameOf(object), err)
		}
	}
}

func (w *town) remove(object api.Object) {
	w.t.Helper()
	if _, _, err := w.Delete(api.KindOf(object), api.NameOf(object), metav1.DeleteOptions{}); err != nil {
		w.t.Fatalf("delete: %v", err)
	}
}

func (w *town) run(duration time.Duration) { w.RunFor(duration) }

func (w *town) claim(name string) *corev1.PersistentVolumeClaim {
	claim, _ := store.Get[*corev1.PersistentVolumeClaim](w.View(), "default", name)
	return claim
}

func (w *town) pod(name string) *corev1.Pod {
	pod, _ := store.Get[*corev1.Pod](w.View(), "default", name)
	return pod
}

func (w *town) volume(name string) *corev1.PersistentVolume {
	volume, _ := store.Get[*corev1.PersistentVolume](w.View(), "", name)
	return volume
}

// events are what an object has heard, oldest first: "Type Reason source: message (xN)".
func (w *town) events(kind, name string) []string {
	var found []*corev1.Event
	for event := range store.List[*corev1.Event](w.View(), "") {
		if event.InvolvedObject.Kind == kind && event.InvolvedObject.Name == name {
			found = append(found, event)
		}
	}
	slices.SortStableFunc(found, func(a, b *corev1.Event) int {
		return revision(a) - revision(b)
	})
	var lines []string
	for _, event := range found {
		line := fmt.Sprintf("%s %s %s: %s", event.Type, event.Reason, event.Source.Component, event.Message)
		if event.Count > 1 {
			line += fmt.Sprintf(" (x%d)", event.Count)
		}
		lines = append(lines, line)
	}
	return lines
}

func revision(object api.Object) (number int) {
	fmt.Sscan(object.GetResourceVersion(), &number)
	return number
}

func claimOf(name, class string, edits ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, StorageClassName: &class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	for _, edit := range edits {
		edit(claim)
	}
	return claim
}

func volumeOf(name, class, size string, edits ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}, StorageClassName: class,
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeSource: corev1.PersistentVolumeSource{NFS: &corev1.NFSVolumeSource{Server: "192.0.2.1", Path: "/" + name}},
		},
	}
	for _, edit := range edits {
		edit(volume)
	}
	return volume
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func equalLines(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestVolumeIsMadeForClaimOfImmediateClass(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", "standard"))
	w.run(500 * time.Millisecond)
	equal(t, "phase while the volume is being made", w.claim("data").Status.Phase, corev1.ClaimPending)
	w.run(time.Second)
	claim := w.claim("data")
	name := "pvc-" + string(claim.UID)
	equal(t, "phase", claim.Status.Phase, corev1.ClaimBound)
	equal(t, "volume", claim.Spec.VolumeName, name)
	equal(t, "capacity", claim.Status.Capacity.Storage(), "1Gi")
	equal(t, "annotations", claim.Annotations, map[string]string{
		"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes",
		"volume.beta.kubernetes.io/storage-provisioner": storage.StandardProvisioner, "volume.kubernetes.io/storage-provisioner": storage.StandardProvisioner,
	})
	equal(t, "volume's phase", w.volume(name).Status.Phase, corev1.VolumeBound)
	equalLines(t, "events", w.events("PersistentVolumeClaim", "data"),
		"Normal ExternalProvisioning persistentvolume-controller: Waiting for a volume to be created either by the external provisioner 'standard.stsim.io' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
		`Normal Provisioning standard.stsim.io: External provisioner is provisioning volume for claim "default/data"`,
		"Normal ProvisioningSucceeded standard.stsim.io: Successfully provisioned volume "+name)
}
