package registry_test

import (
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
)

func TestCreateCompletesTheObject(t *testing.T) {
	w := newWorld(t)
	set := newSet(w)
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(string(set.UID)) {
		t.Errorf("uid %q is no UUID of version 4", set.UID)
	}
	if !set.CreationTimestamp.Time.Equal(start) || set.Generation != 1 || set.ResourceVersion == "" || set.Kind != "StatefulSet" {
		t.Errorf("metadata %+v %+v", set.TypeMeta, set.ObjectMeta)
	}
	if set.Spec.PodManagementPolicy != appsv1.OrderedReadyPodManagement || *set.Spec.Replicas != 1 {
		t.Errorf("defaults are missing: %+v", set.Spec)
	}
	if twin := newSet(newWorld(t)); twin.UID != set.UID {
		t.Error("the same seed gives another uid")
	}
}

// What a client says about the status, or about a deletion, does not count.
func TestCreateIgnoresWhatOnlyTheServerSays(t *testing.T) {
	w := newWorld(t)
	pod := apply(w, &corev1.Pod{}, `
metadata: {name: p, uid: mine, generation: 7, deletionTimestamp: "2020-01-01T00:00:00Z", deletionGracePeriodSeconds: 5}
spec: {containers: [{name: c, image: nginx, resources: {limits: {cpu: 1, memory: 1Gi}}}]}
status: {phase: Running, podIP: 10.0.0.1}
`)
	if pod.UID == "mine" || pod.Generation != 1 || pod.DeletionTimestamp != nil || pod.DeletionGracePeriodSeconds != nil {
		t.Errorf("metadata %+v", pod.ObjectMeta)
	}
	if pod.Status.Phase != corev1.PodPending || pod.Status.PodIP != "" {
		t.Errorf("status %+v", pod.Status)
	}
	if pod.Status.QOSClass != corev1.PodQOSGuaranteed { // requests default to the limits before the class is found
		t.Errorf("QoS class %s", pod.Status.QOSClass)
	}
}

func TestCreateRefusals(t *testing.T) {
	for _, c := range []struct {
		what, manifest, text string
		object               api.Object
		reason               metav1.StatusReason
	}{
		{"the name is taken", `{metadata: {name: taken}}`, `configmaps "taken" already exists`, &corev1.ConfigMap{}, metav1.StatusReasonAlreadyExists},
		{"the name belongs to an object that is being deleted", `{metadata: {name: leaving}}`,
			`object is being deleted: configmaps "leaving" already exists`, &corev1.ConfigMap{}, metav1.StatusReasonAlreadyExists},
		{"no name", `{}`, `ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required`, &corev1.ConfigMap{}, metav1.StatusReasonInvalid},
		{"a missing namespace", `{metadata: {namespace: nowhere, name: x}}`, `namespaces "nowhere" not found`, &corev1.ConfigMap{}, metav1.StatusReasonNotFound},
		{"a terminating namespace", `{metadata: {namespace: ending, name: x}}`,
			`configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated`, &corev1.ConfigMap{}, metav1.StatusReasonForbidden},
		{"a terminating namespace, generated name", `{metadata: {namespace: ending, generateName: x-}}`,
			`configmaps "x-" is forbidden: unable to create new content in namespace ending because it is being terminated`, &corev1.ConfigMap{}, metav1.StatusReasonForbidden},
		{"a version", `{metadata: {name: x, resourceVersion: "1"}}`, `resourceVersion should not be set on objects to be created`, &corev1.ConfigMap{}, ""},
		{"an invalid object", `{metadata: {name: x}, spec: {replicas: -1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}`,
			`StatefulSet.apps "x" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0`, &appsv1.StatefulSet{}, metav1.StatusReasonInvalid},
		{"an unknown service account", `{metadata: {name: x}, spec: {serviceAccountName: me, containers: [{name: c, image: i}]}}`,
			`pods "x" is forbidden: error looking up service account default/me: serviceaccount "me" not found`, &corev1.Pod{}, metav1.StatusReasonForbidden},
		{"an unknown priority class", `{metadata: {generateName: x-}, spec: {priorityClassName: vip, containers: [{name: c, image: i}]}}`,
			`pods "x-" is forbidden: no PriorityClass with name vip was found`, &corev1.Pod{}, metav1.StatusReasonForbidden},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld(t)
			apply(w, &corev1.ConfigMap{}, `{metadata: {name: taken}}`)
			apply(w, &corev1.ConfigMap{}, `{metadata: {name: leaving, finalizers: [example.com/hold]}}`)
			apply(w, &corev1.Namespace{}, `{metadata: {name: ending}}`)
			for kind, name := range map[string]string{"ConfigMap": "leaving", "Namespace": "ending"} {
				if _, err := w.delete(kind, name, metav1.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			_, err := w.Create(parse(t, c.object, c.manifest))
			expect(t, err, c.reason, c.text)
		})
	}
}

func TestGeneratedNames(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for range 50 {
		name := apply(w, &corev1.ConfigMap{}, `{metadata: {generateName: web-}}`).Name
		if !regexp.MustCompile(`^web-[bcdfghjklmnpqrstvwxz2456789]{5}$`).MatchString(name) || seen[name] {
			t.Errorf("name %q", name)
		}
		seen[name] = true
	}
	long := apply(w, &corev1.ConfigMap{}, `{metadata: {generateName: `+strings.Repeat("a", 70)+`}}`).Name
	if len(long) != 63 {
		t.Errorf("a long name has %d characters: %s", len(long), long)
	}
}

func TestPodsAreAdmitted(t *testing.T) {
	w := newWorld(t)
	apply(w, &schedulingv1.PriorityClass{}, `{metadata: {name: low}, value: 5, globalDefault: true}`)
	apply(w, &schedulingv1.PriorityClass{}, `{metadata: {name: lower}, value: 3, globalDefault: true}`)
	pod := apply(w, &corev1.Pod{}, `{metadata: {name: p}, spec: {containers: [{name: c, image: nginx}]}}`)
	if pod.Spec.ServiceAccountName != "default" || pod.Spec.PriorityClassName != "lower" || *pod.Spec.Priority != 3 {
		t.Errorf("account %q, class %q", pod.Spec.ServiceAccountName, pod.Spec.PriorityClassName)
	}
	if len(pod.Spec.Volumes) != 1 || !strings.HasPrefix(pod.Spec.Volumes[0].Name, "kube-api-access-") || len(pod.Spec.Tolerations) != 2 {
		t.Errorf("volumes %v tolerations %v", pod.Spec.Volumes, pod.Spec.Tolerations)
	}
}

func TestClaimsAndVolumesAreAdmitted(t *testing.T) {
	const claim = `{metadata: {name: %s}, spec: {%s accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`
	w := newWorld(t)
	for _, class := range []string{`{metadata: {name: plain}, provisioner: p}`,
		`{metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}, provisioner: p}`} {
		apply(w, &storagev1.StorageClass{}, class)
	}
	for text, want := range map[string]string{"": "standard", `storageClassName: plain,`: "plain", `storageClassName: "",`: ""} {
		created := apply(w, &corev1.PersistentVolumeClaim{}, strings.Replace(strings.Replace(claim, "%s", "c"+want, 1), "%s", text, 1))
		if created.Spec.StorageClassName == nil || *created.Spec.StorageClassName != want {
			t.Errorf("%q: class %v, want %q", text, created.Spec.StorageClassName, want)
		}
		if len(created.Finalizers) != 1 || created.Finalizers[0] != api.ClaimProtection || created.Status.Phase != corev1.ClaimPending {
			t.Errorf("finalizers %v phase %s", created.Finalizers, created.Status.Phase)
		}
	}
	volume := apply(w, &corev1.PersistentVolume{}, `
metadata: {name: pv}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /data}}`)
	if volume.Finalizers[0] != api.VolumeProtection || volume.Status.LastPhaseTransitionTime == nil {
		t.Errorf("volume %+v", volume)
	}
	w.Settings.Release, _ = api.ParseRelease("1.9") // protection was off then
	if old := apply(w, &corev1.PersistentVolumeClaim{}, strings.Replace(strings.Replace(claim, "%s", "old", 1), "%s", "", 1)); len(old.Finalizers) != 0 {
		t.Errorf("finalizers %v in 1.9", old.Finalizers)
	}
}

func TestNamespacesAreLabelledAndFinalized(t *testing.T) {
	w := newWorld(t)
	namespace := apply(w, &corev1.Namespace{}, `{metadata: {name: web}}`)
	if namespace.Labels[corev1.LabelMetadataName] != "web" || namespace.Status.Phase != corev1.NamespaceActive ||
		len(namespace.Spec.Finalizers) != 1 || namespace.Spec.Finalizers[0] != corev1.FinalizerKubernetes {
		t.Errorf("namespace %+v", namespace)
	}
}
