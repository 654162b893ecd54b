package storage

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// glusterServers are where the simulated GlusterFS servers are: addresses reserved for documentation (RFC 5737),
// which nothing in the cluster has. No request ever goes there.
var glusterServers = []string{"192.0.2.11", "192.0.2.12", "192.0.2.13"}

const glusterLabel = "gluster.kubernetes.io/provisioned-for-pvc"

func glusterName(claim *corev1.PersistentVolumeClaim) string {
	return "glusterfs-dynamic-" + claim.Name
}

func glusterSource(claim *corev1.PersistentVolumeClaim, name string) corev1.PersistentVolumeSource {
	return corev1.PersistentVolumeSource{Glusterfs: &corev1.GlusterfsPersistentVolumeSource{
		EndpointsName:      glusterName(claim),
		EndpointsNamespace: &claim.Namespace,
		Path:               "vol_" + strings.ReplaceAll(strings.TrimPrefix(name, "pvc-"), "-", ""),
	}}
}

// glusterAside are the Service and the Endpoints that the plugin made beside a volume, so that nodes find the servers.
// Port 1 is only there because an Endpoints object must have one.
func glusterAside(claim *corev1.PersistentVolumeClaim) (*corev1.Service, *corev1.Endpoints) {
	meta := metav1.ObjectMeta{Namespace: claim.Namespace, Name: glusterName(claim), Labels: map[string]string{glusterLabel: claim.Name}}
	service := &corev1.Service{ObjectMeta: *meta.DeepCopy(), Spec: corev1.ServiceSpec{
		Type:  corev1.ServiceTypeClusterIP,
		Ports: []corev1.ServicePort{{Protocol: corev1.ProtocolTCP, Port: 1}},
	}}
	subset := corev1.EndpointSubset{Ports: []corev1.EndpointPort{{Port: 1, Protocol: corev1.ProtocolTCP}}}
	for _, address := range glusterServers {
		subset.Addresses = append(subset.Addresses, corev1.EndpointAddress{IP: address})
	}
	return service, &corev1.Endpoints{ObjectMeta: meta, Subsets: []corev1.EndpointSubset{subset}}
}

// Aside is the namespace and name that the Service and the Endpoints beside a provisioned volume share; they are to be
// deleted with it. ok is false for volumes that have none.
func Aside(volume *corev1.PersistentVolume) (namespace, name string, ok bool) {
	if !provisioners[volume.Annotations[AnnotationProvisionedBy]].aside || volume.Spec.Glusterfs == nil {
		return "", "", false
	}
	return value(volume.Spec.Glusterfs.EndpointsNamespace), volume.Spec.Glusterfs.EndpointsName, true
}
