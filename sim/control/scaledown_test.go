package control

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// The Pod of the annotation gets the member's name and claims. What it cannot be made from is told.
func TestCleanupPod(t *testing.T) {
	set := &appsv1.StatefulSet{}
	set.Namespace, set.Name = "default", "datastore"
	for _, name := range []string{"data", "logs"} {
		claim := corev1.PersistentVolumeClaim{}
		claim.Name = name
		set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, claim)
	}
	for _, c := range []struct{ template, want string }{
		{`{"spec": {"restartPolicy": "Always"}}`, "Scaledown pod template must use restartPolicy: OnFailure"},
		{`{"spec": `, "Can't unmarshal ScaledownPodTemplate JSON from annotation"},
		{`{"spec": {"containers": 1}}`, "Can't unmarshal ScaledownPodTemplate JSON from annotation"},
	} {
		set.Annotations = map[string]string{scaledownTemplate: c.template}
		if _, err := cleanupPod(set, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.template, err)
		}
	}
	set.Annotations[scaledownTemplate] = `{"metadata": {"labels": {"app": "cleanup"}}, "spec": {"containers": [{"name": "main", "image": "busybox"}]}}`
	pod, err := cleanupPod(set, 2)
	if err != nil {
		t.Fatal(err)
	}
	claims := ""
	for _, volume := range pod.Spec.Volumes {
		claims += volume.Name + "=" + volume.PersistentVolumeClaim.ClaimName + " "
	}
	if pod.Name != "datastore-2" || pod.Labels["app"] != "cleanup" || pod.Labels[scaledownLabel] != "datastore-2" || pod.Annotations[scaledownOwner] != "datastore" ||
		pod.Spec.RestartPolicy != corev1.RestartPolicyOnFailure || claims != "data=data-datastore-2 logs=logs-datastore-2 " {
		t.Errorf("%+v: claims %s", pod, claims)
	}
}
