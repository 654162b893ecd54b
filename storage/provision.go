package storage

import (
	"errors"
	"fmt"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The provisioners that StorageClasses can name.
const (
	// StandardProvisioner makes network volumes, which every node can attach. It stands in for a cloud's CSI driver.
	StandardProvisioner = "standard.stsim.io"
	// LocalProvisioner makes volumes on the selected node's disk, which stay with that node.
	LocalProvisioner = "local.stsim.io"
	// GlusterProvisioner is the in-tree plugin that Kubernetes had until 1.25. It makes volumes in whole gigabytes and,
	// beside each, a Service and Endpoints to reach the servers by.
	GlusterProvisioner = "kubernetes.io/glusterfs"
	// MinikubeProvisioner and LocalPathProvisioner are what minikube, and kind and k3s, bring along; tutorials name them.
	// The first makes directories that every node sees, the second directories of one node.
	MinikubeProvisioner  = "k8s.io/minikube-hostpath"
	LocalPathProvisioner = "rancher.io/local-path"
	// NoProvisioner says that an administrator makes the volumes by hand.
	NoProvisioner = "kubernetes.io/no-provisioner"
)

// provisioner is what there is to know about one provisioner. Names that the table lacks belong to nobody:
// claims of their classes wait until somebody makes a volume by hand.
type provisioner struct {
	inTree       bool  // part of the volume controller, in whose name its events are recorded
	unit         int64 // bytes a capacity is rounded up to a multiple of; 0: as requested
	suffix       string
	modes        []corev1.PersistentVolumeAccessMode
	block        bool // can make block devices
	nodeRequired bool // makes volumes on one node only
	source       func(claim *corev1.PersistentVolumeClaim, name string) corev1.PersistentVolumeSource
	annotations  map[string]string
	aside        bool // makes a Service and Endpoints too
}

var provisioners = map[string]provisioner{
	StandardProvisioner: {
		modes:  []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod},
		block:  true,
		source: standardSource,
	},
	LocalProvisioner: {
		modes:        []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteOncePod},
		nodeRequired: true,
		source: func(_ *corev1.PersistentVolumeClaim, name string) corev1.PersistentVolumeSource {
			return corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/var/lib/stsim/volumes/" + name}}
		},
	},
	MinikubeProvisioner: {
		modes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod},
		source: func(claim *corev1.PersistentVolumeClaim, _ string) corev1.PersistentVolumeSource {
			return hostPathSource("/tmp/hostpath-provisioner/"+claim.Namespace+"/"+claim.Name, corev1.HostPathUnset)
		},
	},
	LocalPathProvisioner: {
		modes:        []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadWriteOncePod},
		nodeRequired: true,
		source: func(claim *corev1.PersistentVolumeClaim, name string) corev1.PersistentVolumeSource {
			return hostPathSource("/var/local-path-provisioner/"+name+"_"+claim.Namespace+"_"+claim.Name, corev1.HostPathDirectoryOrCreate)
		},
	},
	GlusterProvisioner: {
		inTree: true,
		unit:   1e9,
		suffix: "G",
		modes:  []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany},
		source: glusterSource,
		annotations: map[string]string{
			"Description":               "Gluster-Internal: Dynamically provisioned PV",
			"gluster.org/type":          "file",
			"kubernetes.io/createdby":   "heketi-dynamic-provisioner",
			"pv.beta.kubernetes.io/gid": "2000",
		},
		aside: true,
	},
}

// Resizes says whether the volumes of a provisioner can be made larger: not directories of a node, and nothing without a provisioner.
func Resizes(provisioner string) bool { return provisioner == StandardProvisioner }

// ErrNobodyProvisions is for classes whose provisioner does not exist here. The claim stays pending
// (see ProvisioningNotices) until somebody makes a volume for it.
var ErrNobodyProvisions = errors.New("nobody provisions volumes for this class")

// Provisioned is what making a volume for a claim adds to the cluster.
type Provisioned struct {
	Volume    *corev1.PersistentVolume // already bound to the claim; its file tree starts as the zero Tree
	Service   *corev1.Service          // nil for most provisioners; without a cluster IP, which the API server assigns
	Endpoints *corev1.Endpoints        // goes with Service
}

// Provision makes the volume for a claim. class must be the claim's. node is the one that the scheduler selected;
// nil with immediate binding.
//
// Upstream: pkg/controller/volume/persistentvolume/pv_controller.go provisionClaimOperation; for GlusterFS
// pkg/volume/glusterfs/glusterfs.go up to release 1.25; for external ones sig-storage-lib-external-provisioner.
func Provision(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, node *corev1.Node) (Provisioned, error) {
	by, ok := provisioners[class.Provisioner]
	if !ok {
		return Provisioned{}, fmt.Errorf("provisioner %q of StorageClass %q: %w", class.Provisioner, class.Name, ErrNobodyProvisions)
	}
	if err := by.check(claim, class, node); err != nil {
		return Provisioned{}, err
	}
	capacity, err := by.capacity(sizeOfClaim(claim))
	if err != nil {
		return Provisioned{}, err
	}
	affinity, err := topologyAffinity(class, node)
	if err != nil {
		return Provisioned{}, err
	}
	if by.nodeRequired {
		affinity = affinityOf(corev1.NodeSelectorRequirement{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{hostnameOf(node)},
		})
	}
	name := VolumeName(claim)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{AnnotationProvisionedBy: class.Provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: capacity},
			PersistentVolumeSource:        by.source(claim, name),
			AccessModes:                   slices.Clone(claim.Spec.AccessModes),
			ClaimRef:                      referenceTo(claim),
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			StorageClassName:              ClassOf(claim),
			MountOptions:                  slices.Clone(class.MountOptions),
			VolumeMode:                    new(corev1.PersistentVolumeFilesystem),
			NodeAffinity:                  affinity,
			VolumeAttributesClassName:     claim.Spec.VolumeAttributesClassName,
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	}
	if isBlock(claim.Spec.VolumeMode) {
		volume.Spec.VolumeMode = new(corev1.PersistentVolumeBlock)
	}
	if class.ReclaimPolicy != nil {
		volume.Spec.PersistentVolumeReclaimPolicy = *class.ReclaimPolicy
	}
	for key, text := range by.annotations {
		volume.Annotations[key] = text
	}
	by.protect(volume)
	made := Provisioned{Volume: volume}
	if by.aside {
		made.Service, made.Endpoints = glusterAside(claim)
	}
	return made, nil
}

// protect adds the finalizers: that of the admission plug-in StorageObjectInUseProtection and,
// if deleting the volume means deleting what is behind it, the provisioner's.
func (p provisioner) protect(volume *corev1.PersistentVolume) {
	volume.Finalizers = []string{FinalizerVolumeProtection}
	if p.inTree {
		volume.Annotations[AnnotationBoundByController] = "yes"
	}
	if volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
		if p.inTree {
			volume.Finalizers = append(volume.Finalizers, FinalizerInTree)
		} else {
			volume.Finalizers = append(volume.Finalizers, FinalizerExternal)
		}
	}
}

// check refuses claims that the provisioner cannot serve.
func (p provisioner) check(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass, node *corev1.Node) error {
	for _, mode := range claim.Spec.AccessModes {
		if !slices.Contains(p.modes, mode) {
			return fmt.Errorf("invalid AccessModes %v: only AccessModes %v are supported", claim.Spec.AccessModes, p.modes)
		}
	}
	switch {
	case claim.Spec.Selector != nil:
		return errors.New("claim Selector is not supported: a volume made on demand has no labels to select")
	case claim.Spec.DataSource != nil || claim.Spec.DataSourceRef != nil:
		return errors.New("claim dataSource is not simulated: expected none; remove dataSource and dataSourceRef")
	case isBlock(claim.Spec.VolumeMode) && !p.block:
		return fmt.Errorf("%s does not support block volume provisioning", class.Provisioner)
	case p.nodeRequired && node == nil:
		return fmt.Errorf("%s makes volumes on the node that the pod runs on, and none was selected; set volumeBindingMode: WaitForFirstConsumer in StorageClass %q",
			class.Provisioner, class.Name)
	}
	return nil
}

// capacity is the size of the volume for a request.
func (p provisioner) capacity(request *resource.Quantity) (resource.Quantity, error) {
	bytes := request.Value()
	switch {
	case bytes <= 0:
		return resource.Quantity{}, fmt.Errorf("expected a storage request of at least 1 byte, found %s", request)
	case p.unit == 0:
		return request.DeepCopy(), nil
	case bytes > math.MaxInt64-p.unit:
		return resource.Quantity{}, fmt.Errorf("expected a storage request below 8Ei, found %s", request)
	}
	return resource.ParseQuantity(fmt.Sprintf("%d%s", (bytes+p.unit-1)/p.unit, p.suffix))
}

// VolumeName is the name of the volume that is provisioned for a claim.
func VolumeName(claim *corev1.PersistentVolumeClaim) string { return "pvc-" + string(claim.UID) }

func hostnameOf(node *corev1.Node) string {
	if hostname := node.Labels[corev1.LabelHostname]; hostname != "" {
		return hostname
	}
	return node.Name
}

func standardSource(_ *corev1.PersistentVolumeClaim, name string) corev1.PersistentVolumeSource {
	return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: StandardProvisioner, VolumeHandle: name, FSType: "ext4"}}
}

func hostPathSource(path string, kind corev1.HostPathType) corev1.PersistentVolumeSource {
	return corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path, Type: &kind}}
}
