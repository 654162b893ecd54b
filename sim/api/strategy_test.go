package api

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api/field"
)

// A client writes either the wish or the observation, never both at once.
func TestSpecAndStatusAreApart(t *testing.T) {
	set := statefulSetFrom(t, goodSet)
	kind := KindOf(set)
	set.Status.Replicas, set.Generation = 9, 7
	kind.PrepareForCreate(set)
	if set.Status.Replicas != 0 || set.Generation != 1 {
		t.Errorf("a new set has %d replicas in its status and generation %d", set.Status.Replicas, set.Generation)
	}
	for _, c := range []struct {
		name, subresource string
		edit              func(*appsv1.StatefulSet)
		generation        int64
		replicas, status  int32
	}{
		{"nothing", "", func(*appsv1.StatefulSet) {}, 1, 3, 0},
		{"labels", "", func(set *appsv1.StatefulSet) { set.Labels = map[string]string{"a": "b"} }, 1, 3, 0},
		{"replicas", "", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](5) }, 2, 5, 0},
		{"replicas through scale", "scale", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To[int32](5) }, 2, 5, 0},
		{"status in the set", "", func(set *appsv1.StatefulSet) { set.Status.Replicas = 4 }, 1, 3, 0},
		{"status", "status", func(set *appsv1.StatefulSet) { set.Status.Replicas, set.Spec.Replicas = 4, ptr.To[int32](5) }, 1, 3, 4},
		{"a made-up generation", "", func(set *appsv1.StatefulSet) { set.Generation = 77 }, 1, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			updated := set.DeepCopy()
			c.edit(updated)
			kind.PrepareForUpdate(updated, set, c.subresource)
			if updated.Generation != c.generation || *updated.Spec.Replicas != c.replicas || updated.Status.Replicas != c.status {
				t.Errorf("generation %d, replicas %d, status %d", updated.Generation, *updated.Spec.Replicas, updated.Status.Replicas)
			}
		})
	}
}

func TestDeletionCannotBeTakenBack(t *testing.T) {
	old := statefulSetFrom(t, goodSet)
	now := Timestamp(time.Unix(1000, 5))
	old.DeletionTimestamp, old.UID, old.CreationTimestamp = &now, "u", now
	set := statefulSetFrom(t, goodSet)
	KindOf(set).PrepareForUpdate(set, old, "")
	if set.DeletionTimestamp == nil || set.UID != "u" || !set.CreationTimestamp.Equal(&now) {
		t.Errorf("found %+v", set.ObjectMeta)
	}
	if now.Nanosecond() != 0 || now.Location() != time.UTC {
		t.Errorf("the timestamp %v is not in whole seconds of UTC", now)
	}
}

// A manifest that is applied again does not know the addresses that were handed out.
func TestServiceKeepsWhatItWasGiven(t *testing.T) {
	old := objectFrom(t, "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: default, resourceVersion: '1'}\nspec: {type: NodePort, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80, nodePort: 30080}]}\n").(*corev1.Service)
	kind := KindOf(old)
	kind.Default(old)
	kind.PrepareForCreate(old)
	for _, c := range []struct{ name, spec, address, refusal string }{
		{"applied again", "{type: NodePort, ports: [{port: 80}]}", "10.96.0.7/30080", ""},
		{"another port", "{type: NodePort, ports: [{port: 81}]}", "10.96.0.7/30080", ""},
		{"a port of another name", "{type: NodePort, ports: [{name: b, port: 80}]}", "10.96.0.7/0", ""},
		{"cluster IP only", "{type: ClusterIP, ports: [{port: 80, nodePort: 30080}]}", "10.96.0.7/0", ""},
		{"another address", "{type: NodePort, clusterIP: 10.96.0.8, ports: [{port: 80}]}", "10.96.0.8/30080", `spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set`},
		{"made headless", "{type: ClusterIP, clusterIP: None, ports: [{port: 80}]}", "None/0", `spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set`},
		{"external name", "{type: ExternalName, externalName: a.example.com, clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ports: [{port: 80}]}", "/0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := objectFrom(t, "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: default, resourceVersion: '1'}\nspec: "+c.spec+"\n").(*corev1.Service)
			kind.Default(service)
			kind.PrepareForUpdate(service, old, "")
			if got := service.Spec.ClusterIP + "/" + strconv.Itoa(int(service.Spec.Ports[0].NodePort)); got != c.address {
				t.Errorf("found %s, expected %s", got, c.address)
			}
			got := ""
			if errs := kind.ValidateUpdate(service, old, ""); len(errs) > 0 {
				got = errs.ToAggregate().Error()
			}
			if got != c.refusal {
				t.Errorf("\nfound    %s\nexpected %s", got, c.refusal)
			}
		})
	}
}

func TestClaimMayGrowOnceBound(t *testing.T) {
	manifest := "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a, namespace: default, resourceVersion: '1'}\nspec: {accessModes: [ReadWriteOnce], volumeName: v, resources: {requests: {storage: 2Gi}}}\n"
	const frozen = "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
	for _, c := range []struct {
		name  string
		phase corev1.PersistentVolumeClaimPhase
		change
		want string
	}{
		{"grow", corev1.ClaimBound, change{"2Gi", "3Gi"}, ""},
		{"grow before it is bound", corev1.ClaimPending, change{"2Gi", "3Gi"}, frozen},
		{"shrink below the volume", corev1.ClaimBound, change{"2Gi", "1Gi"}, "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"},
		{"another mode", corev1.ClaimBound, change{"ReadWriteOnce", "ReadWriteMany"}, frozen},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, claim := objectFrom(t, manifest).(*corev1.PersistentVolumeClaim), objectFrom(t, c.in(t, manifest)).(*corev1.PersistentVolumeClaim)
			kind := KindOf(old)
			kind.Default(old)
			kind.Default(claim)
			old.Status.Phase = c.phase
			old.Status.Capacity = old.Spec.Resources.Requests.DeepCopy()
			kind.PrepareForUpdate(claim, old, "")
			got := ""
			if errs := kind.ValidateUpdate(claim, old, ""); len(errs) > 0 {
				got = errs.ToAggregate().Error()
			}
			if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("\nfound    %s\nexpected %s", got, c.want)
			}
		})
	}
}

func TestAdmitPod(t *testing.T) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}
	class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "high"}, Value: 1000, PreemptionPolicy: ptr.To(corev1.PreemptNever)}
	pod := objectFrom(t, goodPod).(*corev1.Pod)
	KindOf(pod).Default(pod)
	if err := AdmitPod(pod, Admission{ServiceAccount: account, PriorityClass: class, TokenSuffix: "x7k2p"}); err != nil {
		t.Fatal(err)
	}
	spec := pod.Spec
	if spec.ServiceAccountName != "default" || spec.DeprecatedServiceAccount != "default" || *spec.Priority != 1000 || *spec.PreemptionPolicy != corev1.PreemptNever {
		t.Errorf("found %+v", spec)
	}
	if volume := spec.Volumes[1]; volume.Name != "kube-api-access-x7k2p" || len(volume.Projected.Sources) != 3 || *volume.Projected.Sources[0].ServiceAccountToken.ExpirationSeconds != 3607 {
		t.Errorf("the token's volume is %+v", volume)
	}
	if mount := spec.Containers[0].VolumeMounts[1]; !mount.ReadOnly || mount.MountPath != "/var/run/secrets/kubernetes.io/serviceaccount" {
		t.Errorf("the token is mounted as %+v", mount)
	}
	if len(spec.Tolerations) != 2 || spec.Tolerations[0].Key != "node.kubernetes.io/not-ready" || *spec.Tolerations[1].TolerationSeconds != 300 {
		t.Errorf("tolerations %+v", spec.Tolerations)
	}
	KindOf(pod).PrepareForCreate(pod)
	if errs := KindOf(pod).Validate(pod); len(errs) > 0 {
		t.Errorf("an admitted Pod is refused: %v", errs)
	}
	again := pod.DeepCopy()
	if err := AdmitPod(again, Admission{ServiceAccount: account, PriorityClass: class, TokenSuffix: "other"}); err != nil || !sameMeaning(again.Spec, pod.Spec) {
		t.Errorf("admitting twice changed the Pod (%v)", err)
	}
	for want, admission := range map[string]Admission{
		`error looking up service account default/default: serviceaccount "default" not found`: {PriorityClass: class},
		"the integer value of priority (1000) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name": {
			ServiceAccount: account, PriorityClass: &schedulingv1.PriorityClass{}},
		"no PriorityClass with name high was found": {ServiceAccount: account},
	} {
		if err := AdmitPod(pod.DeepCopy(), admission); err == nil || err.Error() != want {
			t.Errorf("\nfound    %v\nexpected %s", err, want)
		}
	}
}

func TestAdmitClaimChoosesTheDefaultClass(t *testing.T) {
	class := func(name, mark string, age int64) *storagev1.StorageClass {
		return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.Unix(age, 0),
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": mark}}}
	}
	classes := []*storagev1.StorageClass{class("old", "true", 1), class("b", "true", 2), class("a", "true", 2), class("none", "false", 3)}
	claim := &corev1.PersistentVolumeClaim{}
	AdmitClaim(claim, classes)
	if *claim.Spec.StorageClassName != "a" || claim.Finalizers[0] != ClaimProtection {
		t.Errorf("found %+v", claim)
	}
	for name, claim := range map[string]*corev1.PersistentVolumeClaim{
		"empty":     {Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: ptr.To("")}},
		"annotated": {ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{corev1.BetaStorageClassAnnotation: "glusterfs-storage"}}},
	} {
		AdmitClaim(claim, classes)
		if class := claim.Spec.StorageClassName; class != nil && *class != "" {
			t.Errorf("%s: the claim got class %s", name, *class)
		}
	}
}

func TestErrorsAreStatuses(t *testing.T) {
	pods := KindNamed("Pod")
	for _, c := range []struct {
		err  error
		want string
		is   func(error) bool
	}{
		{pods.NotFound("web-9"), `pods "web-9" not found`, apierrors.IsNotFound},
		{KindNamed("StatefulSet").NotFound("web"), `statefulsets.apps "web" not found`, apierrors.IsNotFound},
		{pods.AlreadyExists("web-0"), `pods "web-0" already exists`, apierrors.IsAlreadyExists},
		{pods.Conflict("web-0"), `Operation cannot be fulfilled on pods "web-0": the object has been modified; please apply your changes to the latest version and try again`, apierrors.IsConflict},
		{pods.Invalid("web-0", field.ErrorList{field.Required(specPath, "")}), `Pod "web-0" is invalid: spec: Required value`, apierrors.IsInvalid},
		{pods.Forbidden("web-0", errors.New("why")), `pods "web-0" is forbidden: why`, apierrors.IsForbidden},
		{pods.NamespaceTerminating("web-0", "a"), `pods "web-0" is forbidden: unable to create new content in namespace a because it is being terminated`, apierrors.IsForbidden},
		{DisruptionBudgetExceeded("zk-pdb", 2, 2), "Cannot evict pod as it would violate the pod's disruption budget.", apierrors.IsTooManyRequests},
		{Gone("too old resource version: 1 (2)"), "too old resource version: 1 (2)", apierrors.IsResourceExpired},
		{NoSuchPath(), "the server could not find the requested resource", apierrors.IsNotFound},
		{BadRequest("what"), "what", apierrors.IsBadRequest},
	} {
		if c.err.Error() != c.want || !c.is(c.err) {
			t.Errorf("\nfound    %v\nexpected %s", c.err, c.want)
		}
	}
	if pods.Invalid("web-0", nil) != nil {
		t.Error("no errors are an error")
	}
	causes := DisruptionBudgetExceeded("zk-pdb", 2, 1).ErrStatus.Details.Causes
	if causes[0].Message != "The disruption budget zk-pdb needs 2 healthy pods and has 1 currently" {
		t.Errorf("causes %+v", causes)
	}
}

func TestGracePeriod(t *testing.T) {
	running := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n", TerminationGracePeriodSeconds: ptr.To[int64](30)}}
	failed := running.DeepCopy()
	failed.Status.Phase = corev1.PodFailed
	for _, c := range []struct {
		pod    *corev1.Pod
		wished *int64
		want   int64
	}{{running, nil, 30}, {running, ptr.To[int64](0), 0}, {running, ptr.To[int64](-5), 1}, {failed, nil, 0}, {&corev1.Pod{}, ptr.To[int64](9), 0}} {
		if got := TerminationGracePeriod(c.pod, c.wished); got != c.want {
			t.Errorf("found %d seconds, expected %d", got, c.want)
		}
	}
}
