package why_test

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

const service = `
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  ports: [{port: 80, name: web}]
  clusterIP: None
  selector: {app: nginx}
---`

const statefulSet = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: nginx
  replicas: 3
  selector: {matchLabels: {app: nginx}}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      containers:
      - name: nginx
        image: registry.k8s.io/nginx-slim:0.21
        ports: [{containerPort: 80, name: web}]
        volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 1Gi}}
`

// Pieces of the manifest that the situations replace.
const (
	image     = "image: registry.k8s.io/nginx-slim:0.21"
	badImage  = "image: registry.example.com/no-such-image:1"
	newImage  = "image: registry.k8s.io/nginx-slim:0.24"
	mount     = "volumeMounts:"
	probing   = "readinessProbe: {httpGet: {path: /ready, port: 80}, periodSeconds: 5}\n        volumeMounts:"
	crashing  = "command: [sh, -c, \"sleep 5; exit 3\"]\n        volumeMounts:"
	living    = "livenessProbe: {httpGet: {path: /none, port: 80}, periodSeconds: 5}\n        volumeMounts:"
	resources = "requests: {storage: 1Gi}"
	selector  = "  selector: {app: nginx}"
)

const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 3, selector: {matchLabels: {app: nginx}}}
`

// situations are told in the order in which a newcomer would meet them.
var situations = []struct {
	name, release string
	without       []string
	make          func(s *situation)
	ask           string
}{
	{name: "nothing-wrong", ask: "sts/web pod/web-0 pvc/www-web-0 svc/nginx no/node-1", make: func(s *situation) { s.web(); s.settle() }},
	{name: "coming-up", ask: "sts/web pod/web-1", make: func(s *situation) { s.web(); s.RunFor(2 * time.Second) }},
	{name: "waiting-for-a-predecessor", ask: "sts/web pod/web-0 pod/web-1 pod/web-7", make: func(s *situation) { s.web(mount, probing); s.settle() }},
	{name: "kubernetes-1.9", release: "1.9", ask: "sts/web", make: func(s *situation) { s.web(mount, probing); s.settle() }},
	{name: "parallel", ask: "sts/web", make: func(s *situation) {
		s.web(mount, probing, "replicas: 3", "replicas: 3\n  podManagementPolicy: Parallel")
		s.settle()
	}},
	{name: "no-such-image", ask: "sts/web pod/web-0", make: func(s *situation) { s.web(image, badImage); s.settle() }},
	{name: "image-name-invalid", ask: "pod/web-0", make: func(s *situation) { s.web(image, "image: 'no such image'"); s.settle() }},
	{name: "crash-loop", ask: "pod/web-0", make: func(s *situation) { s.web(mount, crashing); s.settle() }},
	{name: "liveness-probe", ask: "pod/web-0", make: func(s *situation) { s.web(mount, living); s.RunFor(4 * time.Minute) }},
	{name: "init-container", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      initContainers:\n      - {name: prepare, image: busybox:1.28, command: [sh, -c, exit 1]}\n      containers:")
		s.settle()
	}},
	{name: "missing-configmap", ask: "pod/web-0", make: func(s *situation) {
		s.web(mount, "envFrom: [{configMapRef: {name: settings}}]\n        volumeMounts:")
		s.settle()
	}},
	{name: "readiness-gate", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      readinessGates: [{conditionType: example.com/open}]\n      containers:")
		s.settle()
	}},
	{name: "min-ready-seconds", ask: "sts/web pod/web-0", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 3\n  minReadySeconds: 600")
		s.settle()
	}},

	{name: "insufficient-cpu", ask: "sts/web pod/web-0", make: func(s *situation) {
		s.web(mount, "resources: {requests: {cpu: 64}}\n        volumeMounts:")
		s.settle()
	}},
	{name: "all-nodes-cordoned", ask: "pod/web-0 no/node-1", make: func(s *situation) {
		for _, node := range []string{"node-1", "node-2", "node-3"} {
			edit(s, node, func(node *corev1.Node) { node.Spec.Unschedulable = true })
		}
		s.web()
		s.settle()
	}},
	{name: "tainted", ask: "pod/web-0 no/node-2", make: func(s *situation) {
		for _, node := range []string{"node-1", "node-2", "node-3"} {
			edit(s, node, func(node *corev1.Node) {
				node.Spec.Taints = []corev1.Taint{{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}}
			})
		}
		s.web()
		s.settle()
	}},
	{name: "anti-affinity", ask: "pod/web-3", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 4", "      containers:", `      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: nginx}}}
      containers:`)
		s.settle()
	}},
	{name: "node-selector", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      nodeSelector: {disk: ssd}\n      containers:")
		s.settle()
	}},
	{name: "scheduling-gate", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      schedulingGates: [{name: example.com/wait}]\n      containers:")
		s.settle()
	}},

	{name: "no-such-class", ask: "sts/web pvc/www-web-0", make: func(s *situation) {
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: fast")
		s.settle()
	}},
	{name: "no-class-wanted", ask: "pvc/www-web-0", make: func(s *situation) {
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: ''")
		s.settle()
	}},
	{name: "no-default-class", ask: "pvc/www-web-0", make: func(s *situation) { s.delete("StorageClass", "standard", false); s.web(); s.settle() }},
	{name: "provisioner-missing", ask: "pvc/www-web-0", make: func(s *situation) {
		s.apply("{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: csi.example.com}")
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: fast")
		s.settle()
	}},
	{name: "first-consumer", ask: "pvc/data", make: func(s *situation) {
		s.apply("{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: k8s.io/minikube-hostpath, volumeBindingMode: WaitForFirstConsumer}")
		s.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: late, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}")
		s.settle()
	}},
	{name: "missing-claim", ask: "pod/alone", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Pod, metadata: {name: alone}, spec: {containers: [{name: a, image: busybox:1.28, command: [sleep, infinity]}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}")
		s.settle()
	}},
	{name: "claim-of-another-volume", ask: "pvc/data", make: func(s *situation) {
		s.web()
		s.settle()
		claim := "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {volumeName: VOLUME, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}"
		s.apply(replaceAll(claim, "VOLUME", s.volumeOf("www-web-0")))
		s.settle()
	}},
	{name: "lost-claim", ask: "pvc/www-web-0", make: func(s *situation) {
		s.web()
		s.settle()
		volume := s.volumeOf("www-web-0")
		edit(s, volume, func(volume *corev1.PersistentVolume) { volume.Finalizers = nil })
		s.delete("PersistentVolume", volume, false)
		s.settle()
	}},
	{name: "claim-being-deleted", ask: "sts/web pvc/www-web-1", make: func(s *situation) {
		s.web()
		s.settle()
		s.delete("PersistentVolumeClaim", "www-web-1", false)
		s.settle()
	}},
	{name: "claim-held-by-a-finalizer", ask: "sts/web pvc/www-web-1", make: func(s *situation) {
		s.web()
		s.settle()
		edit(s, "www-web-1", func(claim *corev1.PersistentVolumeClaim) {
			claim.Finalizers = append(claim.Finalizers, "example.com/backup")
		})
		s.delete("PersistentVolumeClaim", "www-web-1", false)
		s.delete("Pod", "web-1", false)
		s.settle()
	}},
	{name: "stale-claim", without: []string{"garbagecollector"}, ask: "sts/web pod/web-2 pvc/www-web-2", make: func(s *situation) {
		// Nobody deletes the claim of the Pod that is gone: the garbage collector is slow.
		s.web("replicas: 3", "replicas: 3\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}")
		s.settle()
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(2)) })
		s.settle()
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(3)) })
		s.settle()
	}},
	{name: "stale-claim-gone", ask: "sts/web", make: func(s *situation) {
		// The claim goes after the controller has looked, and nobody wakes it.
		s.web("replicas: 3", "replicas: 3\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}",
			"- name: nginx", "- name: nginx\n        lifecycle: {preStop: {exec: {command: [sleep, \"10\"]}}}")
		s.settle()
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(2)) })
		s.RunFor(2 * time.Second)
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(3)) })
		s.settle()
	}},
	{name: "stale-claim-held", ask: "sts/web pvc/www-web-2", make: func(s *situation) {
		retain := "replicas: 3\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}"
		s.web("replicas: 3", retain)
		s.settle()
		edit(s, "www-web-2", func(claim *corev1.PersistentVolumeClaim) {
			claim.Finalizers = append(claim.Finalizers, "example.com/backup")
		})
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(2)) })
		s.RunFor(2 * time.Second)
		edit(s, "web", func(set *appsv1.StatefulSet) { set.Spec.Replicas = ptr.To(int32(3)) })
		s.settle()
	}},
}
