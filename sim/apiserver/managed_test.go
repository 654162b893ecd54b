package apiserver

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/stsim/stsim/sim"
)

// managersOf writes managed fields as lines: manager, operation, subresource, seconds after the beginning, fields.
func managersOf(w *world, object metav1.Object) string {
	w.Helper()
	var lines strings.Builder
	for _, entry := range object.GetManagedFields() {
		fields := strings.NewReplacer(`"f:`, "", `"`, "", `:{}`, "", `\`, "").Replace(entry.FieldsV1.GetRawString())
		begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		fmt.Fprintf(&lines, "%s %s %s %s +%d %s\n", entry.Manager, entry.Operation, entry.APIVersion, entry.Subresource, int(entry.Time.Sub(begun).Seconds()), fields)
	}
	return lines.String()
}

func wantsManagers(t *testing.T, what, found, expected string) {
	t.Helper()
	if found != expected {
		t.Errorf("%s: expected\n%sfound\n%s", what, expected, found)
	}
}

// A Pod of a set is the controller's, its status the kubelet's; who bound it is not noted, as upstream's binding notes nobody.
func TestManagersOfComponents(t *testing.T) {
	w := newWorld(t, sim.Options{})
	sets := w.client.AppsV1().StatefulSets("default")
	if _, err := sets.Apply(w.ctx, setOf(1, "nginx:1"), metav1.ApplyOptions{FieldManager: "me"}); err != nil {
		t.Fatal(err)
	}
	w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(time.Minute) })
	pod, err := w.client.CoreV1().Pods("default").Get(w.ctx, "web-0", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := managersOf(w, pod)
	made, status, _ := strings.Cut(found, "\n")
	if !strings.HasPrefix(made, "kube-controller-manager Update v1  +0 {metadata:{generateName,labels:{.,app,apps.kubernetes.io/pod-index,controller-revision-hash,") || strings.Contains(made, "nodeName") {
		t.Errorf("found %s", made)
	}
	wantsManagers(t, "the status of a Pod", status, "kubelet Update v1 status +3 {status:{conditions:{k:{type:ContainersReady}:{.,lastProbeTime,lastTransitionTime,observedGeneration,status,type},"+
		"k:{type:Initialized}:{.,lastProbeTime,lastTransitionTime,observedGeneration,status,type},k:{type:PodReadyToStartContainers}:{.,lastProbeTime,lastTransitionTime,observedGeneration,status,type},"+
		"k:{type:PodScheduled}:{observedGeneration},k:{type:Ready}:{.,lastProbeTime,lastTransitionTime,observedGeneration,status,type}},"+
		"containerStatuses,hostIP,hostIPs,observedGeneration,phase,podIP,podIPs:{.,k:{ip:10.244.64.2}:{.,ip}},startTime}}\n")
	node, err := w.client.CoreV1().Nodes().Get(w.ctx, "node-1", metav1.GetOptions{})
	if err != nil || !strings.HasPrefix(managersOf(w, node), "kubelet Update v1  +0 ") {
		t.Errorf("found %v, %s", err, managersOf(w, node))
	}
	set, err := sets.Get(w.ctx, "web", metav1.GetOptions{})
	if err != nil || len(set.ManagedFields) != 2 || set.ManagedFields[0].Manager != "me" || set.ManagedFields[1].Subresource != "status" {
		t.Errorf("found %v, %s", err, managersOf(w, set))
	}
}

// Clients change an object in turns, each in its own way.
func TestManagersOfClients(t *testing.T) {
	w := newWorld(t, sim.Options{})
	maps := w.client.CoreV1().ConfigMaps("default")
	made, err := maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"x": "1", "y": "1"}}, metav1.CreateOptions{FieldManager: "one"})
	if err != nil {
		t.Fatal(err)
	}
	wantsManagers(t, "made", managersOf(w, made), "one Update v1  +0 {data:{.,x,y}}\n")
	later := func() { w.door.Do(func(cluster *sim.Cluster) { cluster.RunFor(10 * time.Second) }) }
	later()
	made.Data["x"] = "2"
	changed, err := maps.Update(w.ctx, made, metav1.UpdateOptions{FieldManager: "two"})
	if err != nil {
		t.Fatal(err)
	}
	const both = "one Update v1  +0 {data:{.,y}}\ntwo Update v1  +10 {data:{x}}\n"
	wantsManagers(t, "updated", managersOf(w, changed), both)
	dry, err := maps.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"data":{"z":"1"}}`), metav1.PatchOptions{FieldManager: "three", DryRun: []string{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	wantsManagers(t, "a dry run", managersOf(w, dry), strings.Replace(both, "two", "three Update v1  +10 {data:{z}}\ntwo", 1))
	later()
	if _, err := maps.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"data":{"y":null}}`), metav1.PatchOptions{FieldManager: "three"}); err != nil {
		t.Fatal(err)
	}
	seen, err := maps.Get(w.ctx, "a", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantsManagers(t, "what is taken away is nobody's", managersOf(w, seen), "one Update v1  +0 {data}\ntwo Update v1  +10 {data:{x}}\n")
	list, err := maps.List(w.ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) != 2 { // one is made by the cluster
		t.Fatal(list, err)
	}
	wantsManagers(t, "a list", managersOf(w, &list.Items[0]), managersOf(w, seen))
	w.ask("GET", "/api/v1/namespaces/default/configmaps/a", "", "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").wants(t, 200, `"manager":"two"`)
	if quiet := w.ask("GET", "/api/v1/namespaces/default/configmaps/a", "", WithoutManagers+": yes"); strings.Contains(quiet.body, "managedFields") {
		t.Errorf("found %s", quiet.body)
	}
}

// Replicas that were set through the scale subresource are noted so.
func TestManagerOfScale(t *testing.T) {
	w := newWorld(t, sim.Options{})
	sets := w.client.AppsV1().StatefulSets("default")
	if _, err := sets.Apply(w.ctx, setOf(1, "nginx:1"), metav1.ApplyOptions{FieldManager: "me"}); err != nil {
		t.Fatal(err)
	}
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}, Spec: autoscalingv1.ScaleSpec{Replicas: 2}}
	if _, err := sets.UpdateScale(w.ctx, "web", scale, metav1.UpdateOptions{FieldManager: "kubectl"}); err != nil {
		t.Fatal(err)
	}
	set, err := sets.Get(w.ctx, "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if found := managersOf(w, set); !strings.Contains(found, "kubectl Update apps/v1 scale +0 {spec:{replicas}}\n") {
		t.Errorf("found %s", found)
	}
	_, err = sets.Apply(w.ctx, setOf(1, "nginx:1"), metav1.ApplyOptions{FieldManager: "me"})
	if expected := `Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas`; err == nil || err.Error() != expected {
		t.Errorf("expected %s, found %v", expected, err)
	}
}

// kubectl apply --server-side takes over what kubectl apply has made, with a patch of the managed fields themselves; they can be emptied, too.
func TestManagersAreChanged(t *testing.T) {
	w := newWorld(t, sim.Options{})
	maps := w.client.CoreV1().ConfigMaps("default")
	made, err := maps.Create(w.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Data: map[string]string{"x": "1"}}, metav1.CreateOptions{FieldManager: "kubectl-client-side-apply"})
	if err != nil {
		t.Fatal(err)
	}
	entries := made.ManagedFields
	entries[0].Manager, entries[0].Operation = "kubectl", metav1.ManagedFieldsOperationApply
	value, err := json.Marshal(entries)
	if err != nil {
		t.Fatal(err)
	}
	patch := fmt.Sprintf(`[{"op":"replace","path":"/metadata/managedFields","value":%s},{"op":"replace","path":"/metadata/resourceVersion","value":%q}]`, value, made.ResourceVersion)
	upgraded, err := maps.Patch(w.ctx, "a", types.JSONPatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl"})
	if err != nil {
		t.Fatal(err)
	}
	wantsManagers(t, "upgraded", managersOf(w, upgraded), "kubectl Apply v1  +0 {data:{.,x}}\n")
	if upgraded.ResourceVersion == made.ResourceVersion {
		t.Error("expected that a change of the managers is a change of the object")
	}
	gone, err := maps.Apply(w.ctx, applycorev1.ConfigMap("a", "default"), metav1.ApplyOptions{FieldManager: "kubectl"})
	if err != nil || len(gone.Data) != 0 {
		t.Errorf("expected that what is applied no more is removed, found %v, %v", gone, err)
	}
	emptied, err := maps.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"metadata":{"managedFields":[{}]}}`), metav1.PatchOptions{})
	if err != nil || len(emptied.ManagedFields) != 0 {
		t.Errorf("expected no managers, found %v, %v", emptied, err)
	}
	after, err := maps.Patch(w.ctx, "a", types.MergePatchType, []byte(`{"data":{"x":"1"}}`), metav1.PatchOptions{})
	if err != nil || len(after.ManagedFields) != 0 {
		t.Errorf("expected that nobody is noted any more, found %v, %v", after, err)
	}
}

func TestOldReleasesHaveNoManagers(t *testing.T) {
	w := newWorld(t, sim.Options{Kubernetes: "1.9"})
	if made := w.configMap("a", nil); len(made.ManagedFields) != 0 {
		t.Errorf("found %v", made.ManagedFields)
	}
}
