package oracle

import (
	"fmt"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/printers"
	"k8s.io/kubernetes/pkg/printers/internalversion"
	"sigs.k8s.io/randfill"

	"github.com/stsim/stsim/sim/api"
)

// TestDefaults compares what the API fills in, on random objects of all kinds.
func TestDefaults(t *testing.T) {
	eachObject(t, func(t *testing.T, _ *api.Kind, object api.Object) {
		ours, theirs := api.Copy(object), api.Copy(object)
		api.Release{}.Default(ours)
		legacyscheme.Scheme.Default(theirs)
		if !apiequality.Semantic.DeepEqual(ours, theirs) {
			t.Errorf("- ours, + upstream\n%s", cmp.Diff(ours, theirs))
		}
	})
}

// TestColumns compares what kubectl get shows, on random objects of all kinds.
func TestColumns(t *testing.T) {
	generator := printers.NewTableGenerator().With(internalversion.AddHandlers)
	eachObject(t, func(t *testing.T, kind *api.Kind, object api.Object) {
		legacyscheme.Scheme.Default(object)
		internal, err := legacyscheme.Scheme.ConvertToVersion(object.DeepCopyObject(), schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
		if err != nil {
			return // upstream has no such object
		}
		now := time.Now()
		table, err := generator.GenerateTable(internal, printers.GenerateOptions{Wide: true})
		if err != nil {
			return
		}
		if !reflect.DeepEqual(kind.Columns, table.ColumnDefinitions) {
			t.Errorf("columns: - ours, + upstream\n%s", cmp.Diff(kind.Columns, table.ColumnDefinitions))
		}
		ours, theirs := fmt.Sprintf("%#v", kind.Row(object, now)), fmt.Sprintf("%#v", table.Rows[0].Cells)
		if ours != theirs {
			t.Errorf("ours     %s\nupstream %s", ours, theirs)
		}
	})
}

// eachObject gives objects of all kinds to check, at random; of Pods, which are the largest, the most.
func eachObject(t *testing.T, check func(t *testing.T, kind *api.Kind, object api.Object)) {
	for _, kind := range api.Kinds() {
		if !legacyscheme.Scheme.Recognizes(kind.GroupVersionKind()) {
			continue
		}
		number := 100
		if kind.Kind == "Pod" {
			number = 1000
		}
		t.Run(kind.Kind, func(t *testing.T) {
			for i := range number {
				if t.Failed() {
					return
				}
				object := kind.New()
				filler(int64(*seed) + int64(i)).Fill(object)
				check(t, kind, object)
			}
		})
	}
}

func pick[T any](c randfill.Continue, choices ...T) T { return choices[c.Intn(len(choices))] }

// filler draws objects out of the values that make a difference somewhere.
func filler(seed int64) *randfill.Filler {
	instant := func(c randfill.Continue) time.Time {
		if c.Intn(5) == 0 {
			return time.Time{}
		}
		// Not near the end of a second: the two ages are told a moment apart.
		return time.Now().Add(-time.Duration(c.Intn(pick(c, 100, 10000, 1000000, 100000000)))*time.Second - 400*time.Millisecond)
	}
	return randfill.New().RandSource(rand.NewSource(seed)).NilChance(.3).NumElements(0, 4).MaxDepth(14).Funcs(
		func(text *string, c randfill.Continue) {
			*text = pick(c, "", "a", "b", "c", "web", "Completed", "PodInitializing", "CrashLoopBackOff", "10.0.0.1", " x y \n", "node-role.kubernetes.io/x",
				"node-role.kubernetes.io/", "kubernetes.io/role", "NodeLost", "SchedulingGated", "apps/v1", "v1", "StatefulSet", "User", "Group", "ServiceAccount",
				"storageclass.kubernetes.io/is-default-class", "true", "volume.beta.kubernetes.io/storage-class", "nginx:latest", "nginx@sha256:1", "registry:5000/nginx")
		},
		func(at *metav1.Time, c randfill.Continue) { at.Time = instant(c) },
		func(at *metav1.MicroTime, c randfill.Continue) { at.Time = instant(c) },
		func(q *resource.Quantity, c randfill.Continue) {
			*q = resource.MustParse(pick(c, "1Gi", "500m", "100", "0", "1500Mi", "1e3"))
		},
		func(list *corev1.ResourceList, c randfill.Continue) {
			*list = corev1.ResourceList{}
			for range c.Intn(4) {
				var q resource.Quantity
				c.Fill(&q)
				(*list)[pick[corev1.ResourceName](c, "cpu", "memory", "storage", "limits.cpu", "limits.memory", "requests.cpu", "limits", "limitsx.y", "pods", "hugepages-2Mi")] = q
			}
		},
		func(phase *corev1.PodPhase, c randfill.Continue) {
			*phase = pick(c, corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed, corev1.PodUnknown)
		},
		func(status *corev1.ConditionStatus, c randfill.Continue) {
			*status = pick(c, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown)
		},
		func(conditions *[]corev1.PodCondition, c randfill.Continue) {
			*conditions = nil
			for _, kind := range []corev1.PodConditionType{"PodScheduled", "Initialized", "Ready", "a", "b"} {
				if condition := (corev1.PodCondition{Type: kind}); c.Bool() {
					c.Fill(&condition.Status)
					c.Fill(&condition.Reason)
					*conditions = append(*conditions, condition)
				}
			}
		},
		func(conditions *[]batchv1.JobCondition, c randfill.Continue) {
			*conditions = nil
			for _, kind := range []batchv1.JobConditionType{"Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"} {
				if condition := (batchv1.JobCondition{Type: kind}); c.Intn(3) == 0 {
					c.Fill(&condition.Status)
					*conditions = append(*conditions, condition)
				}
			}
		},
		func(kind *corev1.PodConditionType, c randfill.Continue) {
			*kind = pick[corev1.PodConditionType](c, "a", "b", "zz")
		},
		func(policy *corev1.ContainerRestartPolicy, c randfill.Continue) {
			*policy = pick(c, corev1.ContainerRestartPolicyAlways, corev1.ContainerRestartPolicyNever)
		},
		func(state *corev1.ContainerStateTerminated, c randfill.Continue) {
			state.Reason, state.ExitCode, state.Signal = pick(c, "", "Completed", "Error", "OOMKilled"), pick[int32](c, 0, 0, 1, 137), pick[int32](c, 0, 0, 9)
			c.Fill(&state.FinishedAt)
		},
		func(status *corev1.ContainerStatus, c randfill.Continue) {
			c.FillNoCustom(status)
			status.RestartCount, status.Name = pick[int32](c, 0, 1, 5), pick(c, "a", "b", "c")
			switch c.Intn(4) {
			case 0:
				status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
			case 1:
				status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "Completed"}}
			}
		},
		func(container *corev1.Container, c randfill.Continue) {
			c.FillNoCustom(container)
			container.Name = pick(c, "a", "b", "c")
		},
		func(spec *corev1.PodSpec, c randfill.Continue) { // the two are one for upstream, which sees to that when it converts
			c.FillNoCustom(spec)
			spec.DeprecatedServiceAccount = spec.ServiceAccountName
		},
		func(spec *appsv1.StatefulSetSpec, c randfill.Continue) { // named by upstream when it converts
			c.FillNoCustom(spec)
			for i := range spec.VolumeClaimTemplates {
				spec.VolumeClaimTemplates[i].TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
			}
		},
		func(status *corev1.PodStatus, c randfill.Continue) {
			c.FillNoCustom(status)
			status.Reason = pick(c, "", "", "", "NodeLost", "Evicted")
			if c.Intn(3) == 0 {
				for i := range status.InitContainerStatuses {
					status.InitContainerStatuses[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}
				}
			}
		},
		func(kind *corev1.ServiceType, c randfill.Continue) {
			*kind = pick(c, corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName, "")
		},
		func(spec *corev1.ServiceSpec, c randfill.Continue) {
			c.FillNoCustom(spec)
			if spec.ClusterIP = ""; len(spec.ClusterIPs) > 0 {
				spec.ClusterIP = spec.ClusterIPs[0]
			}
		},
		func(port *corev1.ServicePort, c randfill.Continue) {
			c.FillNoCustom(port)
			port.NodePort, port.Protocol = pick[int32](c, 0, 0, 30080), pick(c, corev1.ProtocolTCP, "")
		},
		func(mode *corev1.PersistentVolumeAccessMode, c randfill.Continue) {
			*mode = pick(c, corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod, "x")
		},
		func(kind *corev1.NodeConditionType, c randfill.Continue) {
			*kind = pick[corev1.NodeConditionType](c, "Ready", "a", "DiskPressure")
		},
		func(kind *corev1.NodeAddressType, c randfill.Continue) {
			*kind = pick(c, corev1.NodeInternalIP, corev1.NodeExternalIP, corev1.NodeHostName)
		},
		func(selector *metav1.LabelSelector, c randfill.Continue) {
			c.FillNoCustom(selector)
			for i := range selector.MatchExpressions {
				selector.MatchExpressions[i].Operator = pick(c, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists, "Bogus")
			}
		},
		func(kind *autoscalingv2.MetricSourceType, c randfill.Continue) {
			*kind = pick(c, autoscalingv2.ObjectMetricSourceType, autoscalingv2.PodsMetricSourceType, autoscalingv2.ResourceMetricSourceType, "x")
		},
		func(metric *autoscalingv2.MetricSpec, c randfill.Continue) { // upstream's printer trusts that the source is there
			c.FillNoCustom(metric)
			metric.External, metric.Object, metric.Pods = &autoscalingv2.ExternalMetricSource{}, &autoscalingv2.ObjectMetricSource{}, &autoscalingv2.PodsMetricSource{}
			metric.Resource, metric.ContainerResource = &autoscalingv2.ResourceMetricSource{}, &autoscalingv2.ContainerResourceMetricSource{}
		},
		func(number *intstr.IntOrString, c randfill.Continue) {
			*number = pick(c, intstr.FromInt32(3), intstr.FromString("20%"))
		},
		func(raw *runtime.RawExtension, _ randfill.Continue) { raw.Raw = []byte("{}") },
		func(*runtime.Object, randfill.Continue) {},
		func(secret *corev1.Secret, c randfill.Continue) {
			c.FillNoCustom(secret)
			secret.StringData = nil
		},
		func(*metav1.TypeMeta, randfill.Continue) {},
		func(*metav1.ManagedFieldsEntry, randfill.Continue) {},
	)
}
