package api

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// change is a line of a manifest and what stands in its place.
type change struct{ from, to string }

func (c change) in(t testing.TB, manifest string) string {
	t.Helper()
	if !strings.Contains(manifest, c.from) {
		t.Fatalf("the manifest does not contain %q", c.from)
	}
	return strings.Replace(manifest, c.from, c.to, 1)
}

const goodSet = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: default}
spec:
  serviceName: nginx
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: nginx-slim:0.21
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

func messages(t testing.TB, manifest string) string {
	t.Helper()
	object := objectFrom(t, manifest)
	kind := KindOf(object)
	kind.Default(object)
	kind.PrepareForCreate(object)
	if kind.Namespaced && object.GetNamespace() == "" {
		object.SetNamespace("default")
	}
	if err := kind.Invalid(object.GetName(), kind.Validate(object)); err != nil {
		return err.Error()
	}
	return ""
}

func TestStatefulSetIsRefusedInUpstreamsWords(t *testing.T) {
	if got := messages(t, goodSet); got != "" {
		t.Fatalf("a good set is refused: %s", got)
	}
	const prefix = `StatefulSet.apps "web" is invalid: `
	for _, c := range []struct {
		change
		want string
	}{
		{change{"  selector: {matchLabels: {app: nginx}}\n", ""}, prefix + "[spec.selector: Required value, spec.template.metadata.labels: Invalid value: {\"app\":\"nginx\"}: `selector` does not match template `labels`]"},
		{change{"{matchLabels: {app: nginx}}", "{}"}, prefix + "spec.selector: Invalid value: {}: empty selector is invalid for statefulset"},
		{change{"metadata: {labels: {app: nginx}}", "metadata: {labels: {app: other}}"}, prefix + "spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match template `labels`"},
		{change{"serviceName: nginx", "serviceName: a.b"}, prefix + `spec.serviceName: Invalid value: "a.b": must not contain dots`},
		{change{"{name: web, ", "{name: web.a, "}, `StatefulSet.apps "web.a" is invalid: metadata.name: Invalid value: "web.a": must not contain dots`},
		{change{"    spec:\n      containers", "    spec:\n      restartPolicy: Never\n      containers"}, prefix + `spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`},
		{change{"    spec:\n      containers", "    spec:\n      activeDeadlineSeconds: 5\n      containers"}, prefix + "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"},
		{change{"replicas: 3", "replicas: -1"}, prefix + "spec.replicas: Invalid value: -1: must be greater than or equal to 0"},
		{change{"replicas: 3", "updateStrategy: {type: Rolling}"}, prefix + `spec.updateStrategy: Invalid value: {"Type":"Rolling","RollingUpdate":null}: must be 'RollingUpdate' or 'OnDelete'`},
		{change{"replicas: 3", "updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}"}, prefix + `spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy 'RollingUpdate'`},
		{change{"replicas: 3", "updateStrategy: {rollingUpdate: {maxUnavailable: 0}}"}, prefix + `spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0`},
		{change{"replicas: 3", "updateStrategy: {rollingUpdate: {maxUnavailable: 101%}}"}, prefix + `spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%`},
		{change{"replicas: 3", "podManagementPolicy: X"}, prefix + `spec.podManagementPolicy: Invalid value: "X": must be 'OrderedReady' or 'Parallel'`},
		{change{"replicas: 3", "persistentVolumeClaimRetentionPolicy: {whenScaled: X}"}, prefix + `spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "X": supported values: "Retain", "Delete"`},
		{change{"name: www, mountPath", "name: data, mountPath"}, prefix + `spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"`},
		{change{"storage: 1Gi", "storage: 0"}, prefix + `spec.volumeClaimTemplates[0].spec.resources[storage]: Invalid value: "0": must be greater than zero`},
		{change{"accessModes: [ReadWriteOnce]", "accessModes: [RWO]"}, prefix + `spec.volumeClaimTemplates[0].spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`},
	} {
		t.Run(c.to, func(t *testing.T) {
			if got := messages(t, c.in(t, goodSet)); got != c.want {
				t.Errorf("\nfound    %s\nexpected %s", got, c.want)
			}
		})
	}
}

func TestStatefulSetUpdateNamesTheFieldsThatMayChange(t *testing.T) {
	newer := "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
	older := strings.Replace(newer, "'revisionHistoryLimit', ", "", 1)
	oldest := "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'template', and 'updateStrategy' are forbidden."
	for _, c := range []struct {
		change
		release, want string
	}{
		{change{"replicas: 3", "replicas: 5"}, "1.36", ""},
		{change{"replicas: 3", "minReadySeconds: 3"}, "1.36", ""},
		{change{"replicas: 3", "revisionHistoryLimit: 3"}, "1.36", ""},
		{change{"replicas: 3", "revisionHistoryLimit: 3"}, "1.32", older},
		{change{"nginx-slim:0.21", "nginx-slim:0.22"}, "1.9", ""},
		{change{"storage: 1Gi", "storage: 2Gi"}, "1.36", newer},
		{change{"storage: 1Gi", "storage: 2Gi"}, "1.32", older},
		{change{"storage: 1Gi", "storage: 2Gi"}, "1.9", oldest},
		{change{"serviceName: nginx", "serviceName: other"}, "1.36", newer},
		{change{"replicas: 3", "podManagementPolicy: Parallel"}, "1.36", newer},
	} {
		t.Run(c.release+" "+c.to, func(t *testing.T) {
			old, set := statefulSetFrom(t, goodSet), statefulSetFrom(t, c.in(t, goodSet))
			old.ResourceVersion, set.ResourceVersion = "1", "1"
			r := release(t, c.release)
			r.PrepareForCreate(old)
			r.PrepareForUpdate(set, old, "")
			got := ""
			if errs := r.ValidateUpdate(set, old, ""); len(errs) > 0 {
				got = errs.ToAggregate().Error()
			}
			if got != c.want {
				t.Errorf("\nfound    %s\nexpected %s", got, c.want)
			}
		})
	}
}

const goodPod = `apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: default}
spec:
  containers:
  - name: nginx
    image: nginx:1.27
    ports: [{containerPort: 80, name: web}]
    env: [{name: A, value: b}]
    volumeMounts: [{name: data, mountPath: /data}]
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
    readinessProbe: {httpGet: {path: /, port: web}}
  volumes: [{name: data, emptyDir: {}}]
`

func TestPodIsRefusedInUpstreamsWords(t *testing.T) {
	if got := messages(t, goodPod); got != "" {
		t.Fatalf("a good Pod is refused: %s", got)
	}
	const at = "spec.containers[0]."
	for _, c := range []struct {
		change
		want string
	}{
		{change{"name: nginx\n", "name: Nginx\n"}, at + `name: Invalid value: "Nginx": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`},
		{change{"    image: nginx:1.27\n", ""}, at + "image: Required value"},
		{change{"image: nginx:1.27", `image: "nginx "`}, at + `image: Invalid value: "nginx ": must not have leading or trailing whitespace`},
		{change{"containerPort: 80", "containerPort: 70000"}, at + "ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"},
		{change{"containerPort: 80", "containerPort: 80, protocol: tcp"}, at + `ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"`},
		{change{"name: web}]\n    env", "name: web}, {containerPort: 81, name: web}]\n    env"}, at + `ports[1].name: Duplicate value: "web"`},
		{change{"{name: A, value: b}", "{name: A, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"}, at + `env[0].valueFrom: Invalid value: "": may not be specified when ` + "`value` is not empty"},
		{change{"{name: A, value: b}", "{name: A, valueFrom: {fieldRef: {fieldPath: spec.replicas}}}"}, at + `env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.replicas": error converting fieldPath: field label not supported: spec.replicas`},
		{change{"{name: A, value: b}", "{name: A, valueFrom: {fieldRef: {fieldPath: status.phase}}}"}, at + `env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`},
		{change{"name: data, mountPath", "name: date, mountPath"}, at + `volumeMounts[0].name: Not found: "date"`},
		{change{"mountPath: /data}", "mountPath: /data}, {name: data, mountPath: /data}"}, at + `volumeMounts[1].mountPath: Invalid value: "/data": must be unique`},
		{change{"{memory: 128Mi}", "{memory: 32Mi}"}, at + `resources.requests: Invalid value: "64Mi": must be less than or equal to memory limit of 32Mi`},
		{change{"cpu: 100m", "cpus: 1"}, at + `resources.requests[cpus]: Invalid value: "cpus": must be a standard resource for containers`},
		{change{"port: web", "port: 0"}, at + "readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"},
		{change{"httpGet: {path: /, port: web}", "periodSeconds: 3"}, at + "readinessProbe: Required value: must specify a handler type"},
		{change{"readinessProbe: {", "livenessProbe: {successThreshold: 2, "}, at + "livenessProbe.successThreshold: Invalid value: 2: must be 1"},
		{change{"    ports:", "    imagePullPolicy: Sometimes\n    ports:"}, at + `imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`},
		{change{"  volumes:", "  restartPolicy: Sometimes\n  volumes:"}, `spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"`},
		{change{"emptyDir: {}", "emptyDir: {}, configMap: {name: a}"}, "spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type"},
		{change{"  volumes:", "  tolerations: [{key: a, operator: Exists, value: b}]\n  volumes:"}, `spec.tolerations[0].operator: Invalid value: "b": value must be empty when ` + "`operator` is 'Exists'"},
		{change{"  volumes:", "  affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {}}]}}\n  volumes:"}, "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty"},
		{change{"  volumes:", "  terminationGracePeriodSeconds: 5\n  nodeSelector: {a b: c}\n  volumes:"}, `spec.nodeSelector: Invalid value: "a b": name part must consist of alphanumeric characters`},
		{change{"metadata: {name: web-0, namespace: default}", "metadata: {namespace: default}"}, "metadata.name: Required value: name or generateName is required"},
		{change{"metadata: {", "metadata: {finalizers: [mine], "}, `metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified`},
	} {
		t.Run(c.to, func(t *testing.T) {
			if got := messages(t, c.in(t, goodPod)); !strings.Contains(got, c.want) {
				t.Errorf("\nfound    %s\nexpected %s", got, c.want)
			}
		})
	}
}

func TestPodUpdateShowsWhatChanged(t *testing.T) {
	old := objectFrom(t, goodPod).(*corev1.Pod)
	kind := KindOf(old)
	kind.Default(old)
	kind.PrepareForCreate(old)
	old.ResourceVersion = "1"
	for _, c := range []struct {
		name string
		edit func(*corev1.Pod)
		want []string
	}{
		{"image", func(pod *corev1.Pod) { pod.Spec.Containers[0].Image = "nginx:1.28" }, nil},
		{"a toleration more", func(pod *corev1.Pod) {
			pod.Spec.Tolerations = []corev1.Toleration{{Key: "a", Operator: corev1.TolerationOpExists}}
		}, nil},
		{"a container more", func(pod *corev1.Pod) {
			pod.Spec.Containers = append(pod.Spec.Containers, *pod.Spec.Containers[0].DeepCopy())
			pod.Spec.Containers[1].Name = "more"
		}, []string{"spec.containers: Forbidden: pod updates may not add or remove containers"}},
		{"node", func(pod *corev1.Pod) { pod.Spec.NodeName = "node-1" }, []string{
			"spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n",
			"\n- \"NodeName\": \"\",\n+ \"NodeName\": \"node-1\",\n", "\n  \"ServiceAccountName\": \"\",\n",
		}},
		{"deadline back", func(pod *corev1.Pod) { pod.Spec.ActiveDeadlineSeconds = ptr.To[int64](-1) }, []string{"spec.activeDeadlineSeconds: Invalid value: -1: must be between 0 and 2147483647, inclusive"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			pod := old.DeepCopy()
			c.edit(pod)
			kind.PrepareForUpdate(pod, old, "")
			errs := kind.ValidateUpdate(pod, old, "")
			if c.want == nil && len(errs) > 0 {
				t.Errorf("refused: %v", errs)
			}
			for _, want := range c.want {
				if err := errs.ToAggregate(); err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("\nfound    %v\nexpected %s", err, want)
				}
			}
		})
	}
}

func TestOtherKindsAreRefusedInUpstreamsWords(t *testing.T) {
	for _, c := range []struct{ name, manifest, want string }{
		{"service without ports", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}}\n", `Service "a" is invalid: spec.ports: Required value`},
		{"headless without ports", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}\n", ""},
		{"headless node port", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort, clusterIP: None, ports: [{port: 80}]}\n", `Service "a" is invalid: spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`},
		{"unnamed ports", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}, {port: 81, name: b}]}\n", `Service "a" is invalid: spec.ports[0].name: Required value`},
		{"node port of a cluster IP", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80, nodePort: 30080}]}\n", "Service \"a\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"},
		{"ports twice", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80, name: a}, {port: 80, name: b}]}\n", `Service "a" is invalid: spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}`},
		{"claim without size", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce]}\n", `PersistentVolumeClaim "a" is invalid: spec.resources[storage]: Required value`},
		{"claim without mode", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {resources: {requests: {storage: 1Gi}}}\n", `PersistentVolumeClaim "a" is invalid: spec.accessModes: Required value: at least 1 access mode is required`},
		{"claim once and more", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOncePod, ReadOnlyMany], resources: {requests: {storage: 1Gi}}}\n", `PersistentVolumeClaim "a" is invalid: spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes`},
		{"volume without source", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}}\n", `PersistentVolume "a" is invalid: spec: Required value: must specify a volume type`},
		{"local volume anywhere", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, local: {path: /a}}\n", `PersistentVolume "a" is invalid: spec.nodeAffinity: Required value: Local volume requires node affinity`},
		{"class without provisioner", "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\n", `StorageClass.storage.k8s.io "a" is invalid: provisioner: Required value`},
		{"budget of both", "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {minAvailable: 1, maxUnavailable: 1}\n", `PodDisruptionBudget.policy "a" is invalid: spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set`},
		{"namespace with a dot", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}\n", `Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not contain dots`},
		{"config map with bad keys, sorted", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {z/: a, a/: b}\n", `ConfigMap "a" is invalid: [data[a/]: Invalid value: "a/": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+'), data[z/]: Invalid value: "z/": `},
		{"secret without key", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ntype: kubernetes.io/tls\nstringData: {tls.crt: a}\n", `Secret "a" is invalid: data[tls.key]: Required value`},
		{"deployment that cannot roll", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a}]}}}\n", "Deployment.apps \"a\" is invalid: spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"},
		{"job that runs for ever", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, image: a}]}}}\n", `Job.batch "a" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"`},
		{"slice of another family", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv6\nendpoints: [{addresses: [10.0.0.1]}]\n", `EndpointSlice.discovery.k8s.io "a" is invalid: endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address`},
		{"node with a taint twice", "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}]}\n", "taints must be unique by key and effect pair"},
		{"role binding of another group", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Thing, name: b}\n", `roleRef.kind: Unsupported value: "Thing": supported values: "Role", "ClusterRole"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := messages(t, c.manifest); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("\nfound    %s\nexpected %s", got, c.want)
			}
		})
	}
}

func BenchmarkValidatePod(b *testing.B) {
	pod := objectFrom(b, goodPod).(*corev1.Pod)
	KindOf(pod).Default(pod)
	if err := AdmitPod(pod, Admission{ServiceAccount: &corev1.ServiceAccount{}, TokenSuffix: "abcde"}); err != nil {
		b.Fatal(err)
	}
	pod.Labels = map[string]string{"app": "nginx", "controller-revision-hash": "web-776999688b", "statefulset.kubernetes.io/pod-name": "web-0", "apps.kubernetes.io/pod-index": "0"}
	b.ReportAllocs()
	for b.Loop() {
		if errs := podRules.validate(pod); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}

func BenchmarkDefaultPod(b *testing.B) {
	pod := objectFrom(b, goodPod).(*corev1.Pod)
	b.ReportAllocs()
	for b.Loop() {
		KindOf(pod).Default(pod.DeepCopy())
	}
}
