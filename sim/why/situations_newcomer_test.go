package why_test

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim"
)

func init() { situations = append(situations, newcomer...) }

// newcomer are the mistakes that people make on their first days, and what they meet when a machine fails.
var newcomer = []struct {
	name, release string
	without       []string
	make          func(s *situation)
	ask           string
}{
	{name: "missing-service-account", ask: "sts/web pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      serviceAccountName: robot\n      containers:")
		s.settle()
	}},
	{name: "missing-secret-in-a-volume", ask: "sts/web", make: func(s *situation) {
		s.web("      containers:", "      volumes: [{name: keys, secret: {secretName: keys}}]\n      containers:")
		s.settle()
	}},
	{name: "missing-configmap-in-a-volume", ask: "sts/web", make: func(s *situation) {
		s.web("      containers:", "      volumes: [{name: settings, configMap: {name: settings}}]\n      containers:")
		s.settle()
	}},
	{name: "missing-key-of-a-secret", ask: "pod/web-0", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Secret, metadata: {name: keys}, stringData: {user: me}}")
		s.web(mount, "env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}]\n        volumeMounts:")
		s.settle()
	}},
	{name: "missing-secret", ask: "pod/web-0", make: func(s *situation) {
		s.web(mount, "env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}]\n        volumeMounts:")
		s.settle()
	}},
	{name: "missing-priority-class", ask: "sts/web", make: func(s *situation) {
		s.web("      containers:", "      priorityClassName: urgent\n      containers:")
		s.settle()
	}},
	{name: "command-not-found", ask: "pod/web-0", make: func(s *situation) { s.web(mount, "command: [ngnix]\n        volumeMounts:"); s.settle() }},
	{name: "host-port", ask: "sts/web pod/web-3", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 4", "containerPort: 80, name: web", "containerPort: 80, hostPort: 8080, name: web")
		s.settle()
	}},
	{name: "topology-spread", ask: "pod/web-3", make: func(s *situation) {
		s.web("replicas: 3", "replicas: 4", "      containers:", `      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: nginx}}}
      containers:`)
		s.settle()
	}},
	{name: "evicted-by-a-taint", ask: "sts/web pod/web-0", make: func(s *situation) {
		s.web()
		s.settle()
		for _, node := range []string{"node-1", "node-2", "node-3"} {
			edit(s, node, func(node *corev1.Node) {
				node.Spec.Taints = []corev1.Taint{{Key: "maintenance", Effect: corev1.TaintEffectNoExecute}}
			})
		}
		s.settle()
	}},
	{name: "lost-volume", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web()
		s.settle()
		volume := s.volumeOf("www-web-1")
		edit(s, volume, func(volume *corev1.PersistentVolume) { volume.Finalizers = nil })
		s.delete("PersistentVolume", volume, false)
		s.delete("Pod", "web-1", false)
		s.settle()
	}},
	{name: "attached-to-a-dead-node", ask: "sts/web pod/web-1", make: func(s *situation) {
		s.web()
		s.settle()
		node := s.pod("web-1").Spec.NodeName
		s.check(s.Befall(sim.Fault{Verb: sim.NodeDown, Node: node}))
		s.RunFor(2 * time.Minute)
		s.delete("Pod", "web-1", true)
		s.RunFor(time.Minute)
	}},
	{name: "dead-node-among-few", ask: "sts/web", make: func(s *situation) {
		s.web(spreading...)
		s.settle()
		s.check(s.Befall(sim.Fault{Verb: sim.NodeDown, Node: s.pod("web-1").Spec.NodeName}))
		s.RunFor(2 * time.Minute)
		s.delete("Pod", "web-1", true)
		s.RunFor(time.Minute)
	}},
	{name: "attached-to-another-node", ask: "pod/reader-1 pod/reader-2", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}")
		s.RunFor(time.Second)
		for _, number := range []string{"1", "2"} {
			s.apply(replaceAll(reader, "%", number))
			s.RunFor(30 * time.Second)
		}
	}},
	{name: "read-write-once-pod", ask: "pod/reader-2", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOncePod], resources: {requests: {storage: 1Gi}}}}")
		for _, number := range []string{"1", "2"} {
			s.apply(replaceAll(reader, "%", number))
			s.RunFor(30 * time.Second)
		}
	}},
	{name: "volume-of-another-node", ask: "sts/web pvc/www-web-0", make: func(s *situation) {
		s.apply(localVolume)
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: local")
		s.RunFor(time.Minute)
		edit(s, "node-2", func(node *corev1.Node) { node.Spec.Unschedulable = true })
		s.delete("Pod", "web-0", false)
		s.settle()
	}},
	{name: "volume-too-small", ask: "pvc/www-web-0", make: func(s *situation) {
		s.apply(localVolume)
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: local", "storage: 1Gi", "storage: 100Gi")
		s.settle()
	}},
	{name: "namespace-terminating", ask: "ns/shop", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
		s.apply("{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: shop, finalizers: [example.com/backup]}}")
		s.RunFor(time.Second)
		s.delete("Namespace", "shop", false)
		s.settle()
	}},
	{name: "namespace-of-a-pod-that-stays", ask: "ns/shop", make: func(s *situation) {
		s.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")
		s.RunFor(time.Second)
		s.apply("{apiVersion: v1, kind: Pod, metadata: {name: stays, namespace: shop, finalizers: [example.com/backup]}, spec: {containers: [{name: a, image: busybox:1.28, command: [sleep, infinity]}]}}")
		s.RunFor(30 * time.Second)
		s.delete("Namespace", "shop", false)
		s.settle()
	}},
	{name: "volume-released", ask: "pv/local", make: func(s *situation) {
		s.apply(localVolume)
		s.web("accessModes: [ReadWriteOnce]", "accessModes: [ReadWriteOnce]\n      storageClassName: local", "replicas: 3", "replicas: 1")
		s.RunFor(time.Minute)
		s.delete("StatefulSet", "web", false)
		s.RunFor(time.Minute)
		s.delete("PersistentVolumeClaim", "www-web-0", false)
		s.settle()
	}},
	{name: "sidecar", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      initContainers:\n      - {name: proxy, image: busybox:1.28, restartPolicy: Always, command: [sleep, infinity], startupProbe: {exec: {command: [\"false\"]}, failureThreshold: 100}}\n      containers:")
		s.settle()
	}},
	{name: "init-container-that-waits", ask: "pod/web-0", make: func(s *situation) {
		s.web("      containers:", "      initContainers:\n      - {name: wait, image: busybox:1.28, command: [sh, -c, until nslookup mysql; do sleep 5; done]}\n      containers:")
		s.settle()
	}},
	{name: "wrong-port-of-a-probe", ask: "pod/web-0", make: func(s *situation) {
		s.web(mount, "readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 5}\n        volumeMounts:")
		s.settle()
	}},
	{name: "tolerate-unready-endpoints", ask: "svc/nginx", make: func(s *situation) {
		s.web(mount, probing, "metadata: {name: nginx}", "metadata: {name: nginx, annotations: {service.alpha.kubernetes.io/tolerate-unready-endpoints: 'true'}}")
		s.settle()
	}},
	{name: "claim-that-grows", ask: "pvc/data", make: func(s *situation) {
		edit(s, "standard", func(class *storagev1.StorageClass) { class.AllowVolumeExpansion = ptr.To(true) })
		s.apply("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}")
		s.settle()
		edit(s, "data", func(claim *corev1.PersistentVolumeClaim) {
			claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")}
		})
		s.settle()
	}},
	{name: "paused", ask: "sts/web", make: func(s *situation) { s.web("replicas: 3", "replicas: 0"); s.settle() }},
}

// spreading are replacements that put each Pod of the set on a node of its own.
var spreading = []string{"      containers:", `      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: nginx}}}
      containers:`}

// reader is a Pod of node % that uses the claim data.
const reader = `
apiVersion: v1
kind: Pod
metadata: {name: reader-%}
spec:
  nodeSelector: {kubernetes.io/hostname: node-%}
  containers: [{name: a, image: busybox:1.28, command: [sleep, infinity], volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
`

const localVolume = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local}
spec:
  storageClassName: local
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  local: {path: /mnt/disk}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-2]}]}]}}
`
