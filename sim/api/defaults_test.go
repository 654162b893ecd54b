package api

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// What kubectl get -o yaml shows of a short manifest.
func TestDefaultsAreThoseOfTheServer(t *testing.T) {
	for _, c := range []struct{ name, manifest, want string }{
		{"StatefulSet", goodSet, `
spec:
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
  podManagementPolicy: OrderedReady
  replicas: 3
  revisionHistoryLimit: 10
  selector: {matchLabels: {app: nginx}}
  serviceName: nginx
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - image: nginx-slim:0.21
        imagePullPolicy: IfNotPresent
        name: nginx
        ports: [{containerPort: 80, name: web, protocol: TCP}]
        resources: {}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
        volumeMounts: [{mountPath: /usr/share/nginx/html, name: www}]
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      schedulerName: default-scheduler
      securityContext: {}
      terminationGracePeriodSeconds: 30
  updateStrategy: {rollingUpdate: {partition: 0}, type: RollingUpdate}
  volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeMode: Filesystem}
    status: {phase: Pending}
`},
		{"an explicit strategy stays as it is", strings.Replace(goodSet, "replicas: 3", "updateStrategy: {type: RollingUpdate}", 1), "spec: {updateStrategy: {type: RollingUpdate}, replicas: 1}"},
		{"Service", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n",
			"spec: {internalTrafficPolicy: Cluster, ports: [{port: 80, protocol: TCP, targetPort: 80}], sessionAffinity: None, type: ClusterIP}"},
		{"NodePort", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort, ports: [{port: 80, targetPort: web, nodePort: 30080}]}\n",
			"spec: {externalTrafficPolicy: Cluster, internalTrafficPolicy: Cluster, ports: [{port: 80, protocol: TCP, targetPort: web, nodePort: 30080}], sessionAffinity: None, type: NodePort}"},
		{"probe", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, livenessProbe: {httpGet: {port: 80}}}]}\n",
			"spec: {enableServiceLinks: true, containers: [{name: a, image: a, imagePullPolicy: Always, livenessProbe: {failureThreshold: 3, httpGet: {path: /, port: 80, scheme: HTTP}, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1}, resources: {}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]}"},
		{"limits become requests", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1', resources: {limits: {cpu: 1500u}}}]}\n",
			"spec: {containers: [{name: a, image: 'a:1', imagePullPolicy: IfNotPresent, resources: {limits: {cpu: 2m}, requests: {cpu: 2m}}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]}"},
		{"host ports", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostNetwork: true, containers: [{name: a, image: 'a:1', ports: [{containerPort: 80}]}]}\n",
			"spec: {hostNetwork: true, containers: [{name: a, image: 'a:1', imagePullPolicy: IfNotPresent, ports: [{containerPort: 80, hostPort: 80, protocol: TCP}], resources: {}, terminationMessagePath: /dev/termination-log, terminationMessagePolicy: File}]}"},
		{"volumes", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: a}, {name: b, configMap: {name: c}}, {name: d, secret: {secretName: e}}, {name: f, hostPath: {path: /}}]}\n",
			"spec: {volumes: [{name: a, emptyDir: {}}, {name: b, configMap: {name: c, defaultMode: 420}}, {name: d, secret: {secretName: e, defaultMode: 420}}, {name: f, hostPath: {path: /, type: ''}}]}"},
		{"service account", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {serviceAccount: robot}\n", "spec: {serviceAccount: robot, serviceAccountName: robot}"},
		{"claim", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\nspec: {accessModes: [ReadWriteOnce]}\n", "spec: {accessModes: [ReadWriteOnce], resources: {}, volumeMode: Filesystem}\nstatus: {phase: Pending}"},
		{"volume", "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec: {nfs: {server: a, path: /}}\n", "spec: {nfs: {server: a, path: /}, persistentVolumeReclaimPolicy: Retain, volumeMode: Filesystem}\nstatus: {phase: Pending}"},
		{"storage class", "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: a}\nprovisioner: b\n", "provisioner: b\nreclaimPolicy: Delete\nvolumeBindingMode: Immediate"},
		{"namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", "metadata: {name: a, labels: {kubernetes.io/metadata.name: a}}\nstatus: {phase: Active}"},
		{"secret", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {b: c}\n", "data: {b: Yw==}\ntype: Opaque"},
		{"deployment", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n", "spec: {progressDeadlineSeconds: 600, replicas: 1, revisionHistoryLimit: 10, strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 25%}, type: RollingUpdate}}"},
		{"job", "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n", "spec: {backoffLimit: 6, completionMode: NonIndexed, completions: 1, manualSelector: false, parallelism: 1, podReplacementPolicy: TerminatingOrFailed, suspend: false}"},
		{"slice", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\naddressType: IPv4\nendpoints: []\nports: [{port: 80}]\n", "ports: [{name: '', port: 80, protocol: TCP}]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			object := objectFrom(t, c.manifest)
			KindOf(object).Default(object)
			text, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			var got, want map[string]any
			if err := yaml.Unmarshal(text, &got); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			for section, value := range want {
				expectWithin(t, section, got[section], value)
			}
		})
	}
}

// expectWithin looks for all of want in got. Maps inside lists must be equal.
func expectWithin(t *testing.T, path string, got, want any) {
	t.Helper()
	if wanted, ok := want.(map[string]any); ok && len(wanted) > 0 {
		found, _ := got.(map[string]any)
		for key, value := range wanted {
			expectWithin(t, path+"."+key, found[key], value)
		}
		return
	}
	if !sameMeaning(got, want) {
		t.Errorf("%s is %v, expected %v", path, got, want)
	}
}

func TestPullPolicyFollowsTheTag(t *testing.T) {
	for image, want := range map[string]corev1.PullPolicy{
		"nginx": corev1.PullAlways, "nginx:latest": corev1.PullAlways, "nginx:1.27": corev1.PullIfNotPresent,
		"registry.k8s.io/nginx-slim:0.21": corev1.PullIfNotPresent, "localhost:5000/nginx": corev1.PullAlways,
		"localhost:5000/nginx:1": corev1.PullIfNotPresent, "nginx@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": corev1.PullIfNotPresent,
		"nginx:latest@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": corev1.PullAlways,
		"NGINX": corev1.PullIfNotPresent, "": corev1.PullIfNotPresent, "REGISTRY.example.com/nginx": corev1.PullAlways,
	} {
		if got := pullPolicyFor(image); got != want {
			t.Errorf("%q is pulled %s, expected %s", image, got, want)
		}
	}
}

func TestQualityOfService(t *testing.T) {
	for manifest, want := range map[string]corev1.PodQOSClass{
		"[{name: a}]": corev1.PodQOSBestEffort,
		"[{name: a, resources: {requests: {cpu: 1}}}]":                                             corev1.PodQOSBurstable,
		"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]":                                  corev1.PodQOSGuaranteed,
		"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}}]":           corev1.PodQOSBurstable,
		"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b}]":                       corev1.PodQOSBurstable,
		"[{name: a, resources: {limits: {cpu: 1}}}]":                                               corev1.PodQOSBurstable,
		"[{name: a, resources: {requests: {cpu: 0}}}]":                                             corev1.PodQOSBestEffort,
		"[{name: a, resources: {requests: {example.com/gpu: 1}, limits: {example.com/gpu: 1}}}]":   corev1.PodQOSBestEffort,
		"[{name: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 1, memory: 1Gi}}}]": corev1.PodQOSGuaranteed,
	} {
		pod := objectFrom(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: "+manifest+"}\n").(*corev1.Pod)
		KindOf(pod).Default(pod)
		KindOf(pod).PrepareForCreate(pod)
		if pod.Status.QOSClass != want {
			t.Errorf("%s is %s, expected %s", manifest, pod.Status.QOSClass, want)
		}
	}
}
