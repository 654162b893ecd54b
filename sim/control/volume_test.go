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
	"github.com/stsim/stsim/sim/container"
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
	_, _ = fmt.Sscan(object.GetResourceVersion(), &number) // the store writes numbers
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

func TestClaimWaitsForItsFirstConsumer(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 3})
	w.create(claimOf("data", "local"))
	w.run(time.Minute)
	equal(t, "phase without a Pod", w.claim("data").Status.Phase, corev1.ClaimPending)
	w.create(podOf("db-0", uses("data")))
	w.run(100 * time.Millisecond)
	selected := w.claim("data").Annotations[storage.AnnotationSelectedNode]
	equal(t, "the Pod waits for the volume", w.outcome("db-0"), "waiting")
	w.run(2 * time.Second)
	volume := w.volume(w.claim("data").Spec.VolumeName)
	equal(t, "the Pod is where the volume was made", w.outcome("db-0"), selected)
	equal(t, "the volume is bound to the node", volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0].Values, "["+selected+"]")
	equalLines(t, "events", w.events("PersistentVolumeClaim", "data"),
		"Normal WaitForFirstConsumer persistentvolume-controller: waiting for first consumer to be created before binding",
		"Normal ExternalProvisioning persistentvolume-controller: Waiting for a volume to be created either by the external provisioner 'local.stsim.io' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
		`Normal Provisioning local.stsim.io: External provisioner is provisioning volume for claim "default/data"`,
		"Normal ProvisioningSucceeded local.stsim.io: Successfully provisioned volume "+volume.Name)
	equalLines(t, "the Pod's events", w.events("Pod", "db-0"), "Normal Scheduled default-scheduler: Successfully assigned default/db-0 to "+selected)
}

func TestVolumeIsMadeElsewhereWhenTheSelectedNodeGoes(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 2})
	w.create(claimOf("data", "local"), podOf("db-0", uses("data")))
	w.run(100 * time.Millisecond)
	first := w.claim("data").Annotations[storage.AnnotationSelectedNode]
	node, _ := store.Get[*corev1.Node](w.View(), "", first)
	w.remove(node)
	w.run(5 * time.Second)
	if second := w.outcome("db-0"); second == first || !strings.HasPrefix(second, "node-") {
		t.Errorf("the Pod is at %q, the node that went is %q", second, first)
	}
}

func TestPodsOfOneInstantShareTheVolumesMadeByHand(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 3})
	reachable := func(node string) func(*corev1.PersistentVolume) {
		return func(volume *corev1.PersistentVolume) {
			volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}}}}}}
		}
	}
	w.create(volumeOf("disk-1", "by-hand", "1Gi", reachable("node-1")), volumeOf("disk-2", "by-hand", "5Gi", reachable("node-2")))
	w.create(claimOf("data-0", "by-hand"), claimOf("data-1", "by-hand"), claimOf("data-2", "by-hand"))
	for i := range 3 {
		w.create(podOf(fmt.Sprint("db-", i), uses(fmt.Sprint("data-", i))))
	}
	w.run(2 * time.Second)
	for i := range 2 {
		volume := w.claim(fmt.Sprint("data-", i)).Spec.VolumeName
		equal(t, "the Pod is where its volume is", strings.Replace(volume, "disk", "node", 1), w.outcome(fmt.Sprint("db-", i)))
	}
	equal(t, "the third", w.outcome("db-2"), "Unschedulable: 0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind. "+
		"no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.")
	equalLines(t, "the third's claim", w.events("PersistentVolumeClaim", "data-2"),
		"Normal WaitForFirstConsumer persistentvolume-controller: waiting for first consumer to be created before binding",
		"Normal WaitForPodScheduled persistentvolume-controller: waiting for pod db-2 to be scheduled")
}

func TestClaimOnlyOnePodMayUse(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 3})
	w.create(claimOf("data", "standard", func(c *corev1.PersistentVolumeClaim) {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
	}))
	w.run(2 * time.Second)
	w.create(podOf("a", uses("data")), podOf("b", uses("data")))
	w.run(time.Second)
	equal(t, "the second", w.outcome("b"), "Unschedulable: 0/3 nodes are available: 3 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod. "+
		"no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")
	w.forceDelete("a")
	w.run(time.Second)
	if got := w.outcome("b"); !strings.HasPrefix(got, "node-") {
		t.Errorf("the second, when the first is gone: %s", got)
	}
}

// forceDelete is kubectl delete pod --force --grace-period=0.
func (w *town) forceDelete(pod string) {
	w.t.Helper()
	now := int64(0)
	if _, _, err := w.Delete(api.KindNamed("Pod"), api.Name{Namespace: "default", Name: pod}, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		w.t.Fatal(err)
	}
}

func TestWhatClaimsAreBoundTo(t *testing.T) {
	reserved := func(claim string) func(*corev1.PersistentVolume) {
		return func(volume *corev1.PersistentVolume) {
			volume.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", APIVersion: "v1", Namespace: "default", Name: claim}
		}
	}
	named := func(volume string) func(*corev1.PersistentVolumeClaim) {
		return func(claim *corev1.PersistentVolumeClaim) { claim.Spec.VolumeName = volume }
	}
	for _, situation := range []struct {
		sentence string
		volumes  []*corev1.PersistentVolume
		claim    *corev1.PersistentVolumeClaim
		phase    corev1.PersistentVolumeClaimPhase
		volume   string
		events   []string
	}{
		{"the smallest that is large enough", []*corev1.PersistentVolume{volumeOf("big", "", "9Gi"), volumeOf("fit", "", "2Gi"), volumeOf("small", "", "1Mi")},
			claimOf("data", ""), corev1.ClaimBound, "fit", nil},
		{"the one reserved for it, though larger", []*corev1.PersistentVolume{volumeOf("fit", "", "1Gi"), volumeOf("mine", "", "9Gi", reserved("data"))},
			claimOf("data", ""), corev1.ClaimBound, "mine", nil},
		{"the one it names", []*corev1.PersistentVolume{volumeOf("fit", "", "1Gi"), volumeOf("big", "", "9Gi")}, claimOf("data", "", named("big")), corev1.ClaimBound, "big", nil},
		{"a volume of its class, rather than a new one", []*corev1.PersistentVolume{volumeOf("fit", "standard", "1Gi")}, claimOf("data", "standard"), corev1.ClaimBound, "fit", nil},
		{"no volume and no class", []*corev1.PersistentVolume{volumeOf("small", "", "1Mi")}, claimOf("data", ""), corev1.ClaimPending, "",
			[]string{"Normal FailedBinding persistentvolume-controller: no persistent volumes available for this claim and no storage class is set"}},
		{"a class that does not exist", nil, claimOf("data", "fast"), corev1.ClaimPending, "",
			[]string{`Warning ProvisioningFailed persistentvolume-controller: storageclass.storage.k8s.io "fast" not found`}},
		{"a provisioner that nobody runs", nil, claimOf("data", "foreign"), corev1.ClaimPending, "",
			[]string{"Normal ExternalProvisioning persistentvolume-controller: Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."}},
		{"a volume too small by name", []*corev1.PersistentVolume{volumeOf("small", "", "1Mi")}, claimOf("data", "", named("small")), corev1.ClaimPending, "small",
			[]string{`Warning VolumeMismatch persistentvolume-controller: Cannot bind to requested volume "small": requested PV is too small`}},
		{"a volume by name that is somebody else's", []*corev1.PersistentVolume{volumeOf("theirs", "", "1Gi", reserved("other"))}, claimOf("data", "", named("theirs")), corev1.ClaimPending, "theirs",
			[]string{`Warning FailedBinding persistentvolume-controller: volume "theirs" already bound to a different claim.`}},
		{"a volume by name that is not there", nil, claimOf("data", "", named("nowhere")), corev1.ClaimPending, "nowhere", nil},
		{"what the provisioner cannot make", nil, claimOf("data", "standard", func(c *corev1.PersistentVolumeClaim) {
			c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "gold"}}
		}), corev1.ClaimPending, "", []string{
			"Normal ExternalProvisioning persistentvolume-controller: Waiting for a volume to be created either by the external provisioner 'standard.stsim.io' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
			`Normal Provisioning standard.stsim.io: External provisioner is provisioning volume for claim "default/data"`,
			`Warning ProvisioningFailed standard.stsim.io: failed to provision volume with StorageClass "standard": claim Selector is not supported: a volume made on demand has no labels to select`}},
	} {
		t.Run(situation.sentence, func(t *testing.T) {
			w := newTown(t, sim.Options{})
			for _, volume := range situation.volumes {
				w.create(volume)
			}
			w.run(time.Second)
			w.create(situation.claim)
			w.run(5 * time.Second)
			claim := w.claim("data")
			equal(t, "phase", claim.Status.Phase, situation.phase)
			equal(t, "volume", claim.Spec.VolumeName, situation.volume)
			equalLines(t, "events", w.events("PersistentVolumeClaim", "data"), situation.events...)
			for _, volume := range situation.volumes {
				want := corev1.VolumeAvailable
				if situation.phase == corev1.ClaimBound && volume.Name == situation.volume {
					want = corev1.VolumeBound
				}
				equal(t, "phase of "+volume.Name, w.volume(volume.Name).Status.Phase, want)
			}
			if !w.Settle(time.Minute) {
				t.Error("the cluster does not come to rest")
			}
		})
	}
}

func TestClaimWithoutAClassGetsTheDefaultOneLater(t *testing.T) {
	w := newTown(t, sim.Options{StorageClasses: []*storagev1.StorageClass{}})
	w.create(claimOf("data", "", func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil }))
	w.run(time.Second)
	equal(t, "phase", w.claim("data").Status.Phase, corev1.ClaimPending)
	w.create(storage.StandardClass())
	w.run(2 * time.Second)
	equal(t, "phase with a default class", w.claim("data").Status.Phase, corev1.ClaimBound)
	equal(t, "class", *w.claim("data").Spec.StorageClassName, "standard")
}

func TestTwoClaimsForOneVolume(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("a", ""), claimOf("b", ""), volumeOf("only", "", "1Gi"))
	w.run(time.Second)
	equal(t, "phases", []any{w.claim("a").Status.Phase, w.claim("b").Status.Phase}, []any{corev1.ClaimBound, corev1.ClaimPending})
	w.create(volumeOf("another", "", "1Gi"))
	w.run(time.Second)
	equal(t, "the second, with another volume", w.claim("b").Spec.VolumeName, "another")
}

func TestWhatBecomesOfVolumes(t *testing.T) {
	for _, situation := range []struct {
		sentence string
		volume   *corev1.PersistentVolume // nil: one is made
		class    string
		want     string // phase, or gone
		content  bool   // kept
		events   []string
	}{
		{"policy Delete of a volume that was made on demand", nil, "standard", "gone", false, nil},
		{"policy Retain of a volume that was made on demand", nil, "retained", "Released", true, nil},
		{"policy Retain, as volumes made by hand have it", volumeOf("pv", "", "1Gi"), "", "Released", true, nil},
		{"policy Delete of a volume that nobody can delete", volumeOf("pv", "", "1Gi", func(v *corev1.PersistentVolume) {
			v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
		}), "", "Failed", true, []string{`Warning VolumeFailedDelete persistentvolume-controller: error getting deleter volume plugin for volume "pv": no deletable volume plugin matched`}},
		{"policy Recycle", volumeOf("pv", "", "1Gi", func(v *corev1.PersistentVolume) {
			v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRecycle
		}), "", "Available", false, []string{"Normal VolumeRecycled persistentvolume-controller: Volume recycled"}},
	} {
		t.Run(situation.sentence, func(t *testing.T) {
			w := newTown(t, sim.Options{})
			if situation.volume != nil {
				w.create(situation.volume)
			}
			w.create(claimOf("data", situation.class))
			w.run(2 * time.Second)
			name := w.claim("data").Spec.VolumeName
			w.Act(func(world *container.World) { world.Tx.PutRow(container.Volumes, &container.Volume{Key: "pv/" + name}) })
			w.remove(w.claim("data"))
			w.run(time.Second)
			if w.claim("data") != nil {
				t.Error("the claim is still there")
			}
			got := "gone"
			if volume := w.volume(name); volume != nil {
				got = string(volume.Status.Phase)
			}
			equal(t, "the volume", got, situation.want)
			_, kept := store.GetRow[*container.Volume](w.View(), container.Volumes, "pv/"+name)
			equal(t, "content is kept", kept, situation.content)
			equalLines(t, "events", w.events("PersistentVolume", name), situation.events...)
		})
	}
}

func TestWhatIsInUseIsNotDeleted(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 1})
	w.create(claimOf("data", "standard"))
	w.run(2 * time.Second)
	w.create(podOf("db-0", uses("data")))
	w.run(time.Second)
	name := w.claim("data").Spec.VolumeName
	w.remove(w.claim("data"))
	w.remove(w.volume(name))
	w.run(time.Minute)
	if w.claim("data") == nil || w.volume(name) == nil {
		t.Fatal("deleted while the Pod has it")
	}
	equal(t, "claim keeps", w.claim("data").Finalizers, []string{"kubernetes.io/pvc-protection"})
	w.forceDelete("db-0")
	w.run(time.Second)
	if w.claim("data") != nil || w.volume(name) != nil {
		t.Error("still there though nobody uses them")
	}
}

func TestPodWithoutANodeDoesNotHoldAClaim(t *testing.T) {
	w := newTown(t, sim.Options{Nodes: 1})
	w.create(claimOf("data", "standard"))
	w.run(2 * time.Second)
	w.create(podOf("db-0", uses("data"), requests("cpu=99")))
	w.run(time.Second)
	w.remove(w.claim("data"))
	w.run(time.Second)
	if w.claim("data") != nil {
		t.Error("the claim is still there")
	}
	equal(t, "the Pod", w.outcome("db-0"), `Unschedulable: 0/1 nodes are available: persistentvolumeclaim "data" not found. not found`)
}

func TestClaimIsLostWithItsVolume(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", "standard"))
	w.run(2 * time.Second)
	volume := w.volume(w.claim("data").Spec.VolumeName).DeepCopy()
	w.remove(volume)
	volume.Finalizers, volume.ResourceVersion = nil, ""
	if _, err := w.Update(volume, "", false); err != nil { // by force
		t.Fatal(err)
	}
	w.run(time.Second)
	equal(t, "phase", w.claim("data").Status.Phase, corev1.ClaimLost)
	events := w.events("PersistentVolumeClaim", "data")
	equal(t, "last event", events[len(events)-1], "Warning ClaimLost persistentvolume-controller: Bound claim has lost its PersistentVolume. Data on the volume is lost!")
	w.create(podOf("db-0", uses("data")))
	w.run(time.Second)
	equal(t, "a Pod", w.outcome("db-0"), fmt.Sprintf("Unschedulable: 0/3 nodes are available: persistentvolumeclaim %q bound to non-existent persistentvolume %q. not found", "data", volume.Name))
}

func TestGlusterMakesAServiceBesideTheVolume(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", "glusterfs-storage"))
	w.run(2 * time.Second)
	name := w.claim("data").Spec.VolumeName
	there := func() []bool {
		_, service := store.Get[*corev1.Service](w.View(), "default", "glusterfs-dynamic-data")
		_, endpoints := store.Get[*corev1.Endpoints](w.View(), "default", "glusterfs-dynamic-data")
		return []bool{service, endpoints, w.volume(name) != nil}
	}
	equal(t, "Service, Endpoints, volume", there(), []bool{true, true, true})
	equalLines(t, "events", w.events("PersistentVolumeClaim", "data"),
		"Normal ProvisioningSucceeded persistentvolume-controller: Successfully provisioned volume "+name+" using kubernetes.io/glusterfs")
	w.remove(w.claim("data"))
	w.run(time.Second)
	equal(t, "Service, Endpoints, volume without the claim", there(), []bool{false, false, false})
}

func TestVolumeForAClaimThatHasAnotherIsFreed(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", "standard"))
	w.run(2 * time.Second)
	w.create(volumeOf("spare", "", "1Gi", func(v *corev1.PersistentVolume) {
		v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: "default", Name: "data", UID: w.claim("data").UID}
	}))
	w.run(time.Second)
	equal(t, "phase", w.volume("spare").Status.Phase, corev1.VolumeAvailable)
	equal(t, "reserved by name still, as people made it", []any{w.volume("spare").Spec.ClaimRef.Name, w.volume("spare").Spec.ClaimRef.UID}, []any{"data", ""})
}

func TestVolumeAndClaimOfDifferentModes(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", ""))
	w.create(volumeOf("raw", "", "1Gi", func(v *corev1.PersistentVolume) {
		v.Spec.VolumeMode = new(corev1.PersistentVolumeBlock)
		v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: "default", Name: "data", UID: w.claim("data").UID}
	}))
	w.run(time.Second)
	equal(t, "phase", w.claim("data").Status.Phase, corev1.ClaimPending)
	equalLines(t, "the volume's events", w.events("PersistentVolume", "raw"),
		`Warning VolumeMismatch persistentvolume-controller: Cannot bind PersistentVolume to requested PersistentVolumeClaim "data" due to incompatible volumeMode.`)
}

func TestVolumeMadeByHandServesAClaimThatNoneCanBeMadeFor(t *testing.T) {
	w := newTown(t, sim.Options{})
	gold := map[string]string{"tier": "gold"}
	w.create(claimOf("data", "standard", func(c *corev1.PersistentVolumeClaim) { c.Spec.Selector = &metav1.LabelSelector{MatchLabels: gold} }))
	w.run(5 * time.Second)
	w.create(volumeOf("plain", "standard", "1Gi"), volumeOf("golden", "standard", "1Gi", func(v *corev1.PersistentVolume) { v.Labels = gold }))
	w.run(time.Second)
	equal(t, "volume", w.claim("data").Spec.VolumeName, "golden")
	equal(t, "no note is left", w.claim("data").Annotations["stsim.io/provisioning-started"], "")
}

func TestClaimDeletedWhileItsVolumeIsMadeLeavesNothing(t *testing.T) {
	w := newTown(t, sim.Options{})
	w.create(claimOf("data", "standard"))
	w.run(500 * time.Millisecond)
	w.remove(w.claim("data"))
	w.run(5 * time.Second)
	for volume := range store.List[*corev1.PersistentVolume](w.View(), "") {
		t.Errorf("volume %s is left over", volume.Name)
	}
}

// BenchmarkClaims1000 binds 1000 claims of one instant; the figure to watch is µs/claim.
func BenchmarkClaims1000(b *testing.B) {
	const claims = 1000
	for _, provision := range []time.Duration{0, time.Second} {
		b.Run(fmt.Sprint("made within ", provision), func(b *testing.B) {
			timings := api.DefaultTimings()
			timings.Provision = provision
			for b.Loop() {
				b.StopTimer()
				w := newTown(b, sim.Options{Timings: &timings})
				for i := range claims {
					w.create(claimOf(fmt.Sprint("data-", i), "standard"))
				}
				b.StartTimer()
				w.run(2 * time.Second)
				b.StopTimer()
				for i := range claims {
					if phase := w.claim(fmt.Sprint("data-", i)).Status.Phase; phase != corev1.ClaimBound {
						b.Fatalf("data-%d is %s", i, phase)
					}
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/claims, "µs/claim")
		})
	}
}
