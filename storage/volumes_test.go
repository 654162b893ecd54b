package storage

import (
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func claimOf(edits ...func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "www-web-0", UID: "a1b2-c3"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("100Mi")}},
		},
	}
	for _, edit := range edits {
		edit(claim)
	}
	return claim
}

func class(name string) func(*corev1.PersistentVolumeClaim) {
	return func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = &name }
}

func volumeOf(name, size string, edits ...func(*corev1.PersistentVolume)) *corev1.PersistentVolume {
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:    corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)},
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
	}
	for _, edit := range edits {
		edit(volume)
	}
	return volume
}

func reserved(name string, uid types.UID) func(*corev1.PersistentVolume) {
	return func(v *corev1.PersistentVolume) {
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: name, UID: uid}
	}
}

func modes(modes ...corev1.PersistentVolumeAccessMode) func(*corev1.PersistentVolume) {
	return func(v *corev1.PersistentVolume) { v.Spec.AccessModes = modes }
}

func onNode(hostname string) func(*corev1.PersistentVolume) {
	return func(v *corev1.PersistentVolume) {
		v.Spec.NodeAffinity = affinityOf(corev1.NodeSelectorRequirement{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{hostname}})
	}
}

func node(name string) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name, "zone": "z-" + name}}}
}

var waiting = &storagev1.StorageClass{
	ObjectMeta: metav1.ObjectMeta{Name: "slow"}, Provisioner: NoProvisioner, VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
}

func TestAClaimIsMatchedByUpstreamsRules(t *testing.T) {
	now := metav1.NewTime(noon)
	block := func(v *corev1.PersistentVolume) { v.Spec.VolumeMode = new(corev1.PersistentVolumeBlock) }
	list := func(volumes ...*corev1.PersistentVolume) []*corev1.PersistentVolume { return volumes }
	for name, c := range map[string]struct {
		claim   *corev1.PersistentVolumeClaim
		volumes []*corev1.PersistentVolume
		class   *storagev1.StorageClass
		want    string // a volume's name, or "-" and the notice
	}{
		"the smallest that fits":          {claimOf(), list(volumeOf("huge", "10Gi"), volumeOf("tiny", "1Mi"), volumeOf("fit", "200Mi")), nil, "fit"},
		"of equal ones the first by name": {claimOf(), list(volumeOf("b", "1Gi"), volumeOf("a", "1Gi")), nil, "a"},
		"fewest access modes before size": {claimOf(), list(
			volumeOf("shared", "100Mi", modes(corev1.ReadWriteOnce, corev1.ReadWriteMany)), volumeOf("single", "5Gi")), nil, "single"},
		"access modes must cover":                   {claimOf(), list(volumeOf("rox", "1Gi", modes(corev1.ReadOnlyMany))), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"reserved for this claim wins over smaller": {claimOf(), list(volumeOf("free", "100Mi"), volumeOf("mine", "9Gi", reserved("www-web-0", ""))), nil, "mine"},
		"reserved, but too small":                   {claimOf(), list(volumeOf("mine", "9Mi", reserved("www-web-0", ""))), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"reserved for another claim":                {claimOf(), list(volumeOf("theirs", "1Gi", reserved("www-web-1", ""))), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"bound to a former claim of the name":       {claimOf(), list(volumeOf("old", "1Gi", reserved("www-web-0", "older"))), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"not while being deleted":                   {claimOf(), list(volumeOf("going", "1Gi", func(v *corev1.PersistentVolume) { v.DeletionTimestamp = &now })), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"only Available ones":                       {claimOf(), list(volumeOf("new", "1Gi", func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeReleased })), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"block is not a file system":                {claimOf(), list(volumeOf("raw", "1Gi", block)), nil, "-FailedBinding no persistent volumes available for this claim and no storage class is set"},
		"the classes must be equal":                 {claimOf(class("fast")), list(volumeOf("none", "1Gi")), &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "fast"}}, "-"},
		"class by annotation": {claimOf(class("x"), func(c *corev1.PersistentVolumeClaim) {
			c.Annotations = map[string]string{corev1.BetaStorageClassAnnotation: ""}
		}),
			list(volumeOf("none", "1Gi")), nil, "none"},
		"a class that does not exist": {claimOf(class("nope")), nil, nil, `-ProvisioningFailed storageclass.storage.k8s.io "nope" not found`},
		"by selector": {claimOf(func(c *corev1.PersistentVolumeClaim) {
			c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": "ssd"}}
		}),
			list(volumeOf("plain", "1Gi"), volumeOf("ssd", "2Gi", func(v *corev1.PersistentVolume) { v.Labels = map[string]string{"disk": "ssd"} })), nil, "ssd"},
		"waiting class leaves free volumes to the scheduler": {claimOf(class("slow")),
			list(volumeOf("free", "1Gi", func(v *corev1.PersistentVolume) { v.Spec.StorageClassName = "slow" })), waiting, "-WaitForFirstConsumer waiting for first consumer to be created before binding"},
		"waiting class, reserved by the scheduler": {claimOf(class("slow")),
			list(volumeOf("mine", "1Gi", reserved("www-web-0", "a1b2-c3"))), waiting, "mine"},
		"waiting class, node selected": {claimOf(class("slow"), func(c *corev1.PersistentVolumeClaim) {
			c.Annotations = map[string]string{AnnotationSelectedNode: "node-1"}
		}), nil, waiting, "-"},
		"named volume":              {claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "b" }), list(volumeOf("a", "1Gi"), volumeOf("b", "2Gi")), nil, "b"},
		"named volume is missing":   {claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "b" }), list(volumeOf("a", "1Gi")), nil, "-"},
		"named volume is too small": {claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "b" }), list(volumeOf("b", "2Mi")), nil, `-VolumeMismatch Cannot bind to requested volume "b": requested PV is too small`},
		"named volume is of a class": {claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "b" }),
			list(volumeOf("b", "2Gi", func(v *corev1.PersistentVolume) { v.Spec.StorageClassName = "x" })), nil, `-VolumeMismatch Cannot bind to requested volume "b": storageClassName does not match`},
		"named volume has another": {claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "b" }), list(volumeOf("b", "2Gi", reserved("x", ""))), nil, `-FailedBinding volume "b" already bound to a different claim.`},
	} {
		t.Run(name, func(t *testing.T) {
			volume, notice := Match(c.claim, c.volumes, c.class)
			got := strings.TrimSpace("-" + notice.Reason + " " + notice.Message)
			if volume != nil {
				got = volume.Name
			}
			if got != c.want {
				t.Errorf("want %q, got %q", c.want, got)
			}
			if volume == nil && c.claim.Spec.VolumeName == "" && c.class == nil {
				for _, other := range c.volumes {
					if Obstacle(other, c.claim) == "" {
						t.Errorf("%s was not chosen, yet nothing is in the way", other.Name)
					}
				}
			}
		})
	}
}

func TestTheSchedulerMatchesVolumesThatTheNodeReaches(t *testing.T) {
	volumes := []*corev1.PersistentVolume{volumeOf("on-1", "1Gi", onNode("node-1")), volumeOf("on-2", "1Gi", onNode("node-2")), volumeOf("rox", "1Gi", modes(corev1.ReadOnlyMany))}
	if got := MatchOnNode(claimOf(), volumes, node("node-2"), nil); got == nil || got.Name != "on-2" {
		t.Errorf("got %v", got)
	}
	if got := MatchOnNode(claimOf(), volumes, node("node-2"), map[string]bool{"on-2": true}); got != nil {
		t.Errorf("taken by another claim of the pod: %s", got.Name)
	}
	volumes = append(volumes, volumeOf("mine", "1Gi", reserved("www-web-0", ""), onNode("node-1")))
	if got := MatchOnNode(claimOf(), volumes, node("node-2"), nil); got != nil {
		t.Errorf("the volume reserved for the claim is elsewhere, so no other will do: %s", got.Name)
	}
}

func TestNodeAffinityTermsAreAlternativesAndEmptyOnesMatchNothing(t *testing.T) {
	affinity := func(terms ...corev1.NodeSelectorTerm) func(*corev1.PersistentVolume) {
		return func(v *corev1.PersistentVolume) {
			v.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: terms}}
		}
	}
	term := func(operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: operator, Values: values}}}
	}
	for name, c := range map[string]struct {
		volume *corev1.PersistentVolume
		want   bool
	}{
		"none":            {volumeOf("v", "1Gi"), true},
		"one of two":      {volumeOf("v", "1Gi", affinity(term("In", "z-b"), term("In", "z-a"))), true},
		"not in":          {volumeOf("v", "1Gi", affinity(term("NotIn", "z-a"))), false},
		"exists":          {volumeOf("v", "1Gi", affinity(term("Exists"))), true},
		"no such thing":   {volumeOf("v", "1Gi", affinity(term("Near", "z-a"))), false},
		"empty term":      {volumeOf("v", "1Gi", affinity(corev1.NodeSelectorTerm{})), false},
		"an empty list":   {volumeOf("v", "1Gi", affinity()), false},
		"Gt on no number": {volumeOf("v", "1Gi", affinity(term("Gt", "3"))), false},
	} {
		if got := ReachableFrom(c.volume, node("a")); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheNewestDefaultClassWins(t *testing.T) {
	make := func(name string, age time.Duration, marked bool) *storagev1.StorageClass {
		class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(noon.Add(-age))}}
		if marked {
			class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
		}
		return class
	}
	if got := DefaultClass([]*storagev1.StorageClass{make("old", time.Hour, true), make("b", 1, true), make("a", 1, true), make("newest", 0, false)}); got.Name != "a" {
		t.Errorf("got %s", got.Name)
	}
	if DefaultClass([]*storagev1.StorageClass{make("x", 0, false)}) != nil {
		t.Error("an unmarked class became the default")
	}
}

func TestGlusterFSRoundsUpToGigabytesAndMakesAService(t *testing.T) {
	gluster := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "glusterfs-storage"}, Provisioner: GlusterProvisioner,
		ReclaimPolicy: new(corev1.PersistentVolumeReclaimDelete), MountOptions: []string{"log-level=WARNING"}}
	claim := claimOf(class("glusterfs-storage"), func(c *corev1.PersistentVolumeClaim) { c.Name = "www-pvc-nginx-ss-0" })
	made, err := Provision(claim, gluster, nil)
	must(t, err)
	volume := made.Volume
	if got := sizeOfVolume(volume).String(); got != "1G" {
		t.Errorf("100Mi became %s", got)
	}
	if volume.Name != "pvc-a1b2-c3" || volume.Spec.StorageClassName != "glusterfs-storage" || volume.Spec.MountOptions[0] != "log-level=WARNING" ||
		volume.Spec.ClaimRef.Name != claim.Name || volume.Annotations[AnnotationProvisionedBy] != GlusterProvisioner ||
		volume.Spec.Glusterfs.EndpointsName != "glusterfs-dynamic-www-pvc-nginx-ss-0" ||
		strings.Join(volume.Finalizers, " ") != "kubernetes.io/pv-protection kubernetes.io/pv-controller" {
		t.Errorf("%+v", volume)
	}
	if s := made.Service; s.Name != "glusterfs-dynamic-www-pvc-nginx-ss-0" || s.Namespace != "default" || s.Spec.Type != corev1.ServiceTypeClusterIP ||
		s.Spec.ClusterIP != "" || s.Spec.Ports[0].Port != 1 || s.Spec.Ports[0].Protocol != corev1.ProtocolTCP || made.Endpoints.Name != s.Name {
		t.Errorf("%+v", s)
	}
	if namespace, name, ok := Aside(volume); !ok || namespace != "default" || name != made.Service.Name {
		t.Error("the service is not deleted with the volume")
	}
	if got := ProvisionedNotice(volume, gluster, nil).Message; got != "Successfully provisioned volume pvc-a1b2-c3 using kubernetes.io/glusterfs" {
		t.Error(got)
	}
	for request, want := range map[string]string{"1": "1G", "1G": "1G", "1Gi": "2G", "2500M": "3G"} {
		claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse(request)
		made, err = Provision(claim, gluster, nil)
		must(t, err)
		if got := sizeOfVolume(made.Volume).String(); got != want {
			t.Errorf("%s became %s, want %s", request, got, want)
		}
	}
	claim.Spec.Resources.Requests[corev1.ResourceStorage] = resource.MustParse("8Ei")
	if _, err = Provision(claim, gluster, nil); err == nil {
		t.Error("8Ei fits into no int64 when rounded up")
	}
}

func TestLocalVolumesStayWithTheirNode(t *testing.T) {
	local := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}, Provisioner: LocalProvisioner, ReclaimPolicy: new(corev1.PersistentVolumeReclaimRetain)}
	if _, err := Provision(claimOf(class("local")), local, nil); err == nil || !strings.Contains(err.Error(), "WaitForFirstConsumer") {
		t.Errorf("without a node: %v", err)
	}
	made, err := Provision(claimOf(class("local")), local, node("node-1"))
	must(t, err)
	if !ReachableFrom(made.Volume, node("node-1")) || ReachableFrom(made.Volume, node("node-2")) {
		t.Error("the volume is not on node-1 alone")
	}
	if got := strings.Join(made.Volume.Finalizers, " "); got != "kubernetes.io/pv-protection" {
		t.Errorf("a retained volume has no provisioner's finalizer: %s", got)
	}
	shared := claimOf(class("local"), func(c *corev1.PersistentVolumeClaim) {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}
	})
	if _, err := Provision(shared, local, node("node-1")); err == nil || err.Error() != "invalid AccessModes [ReadWriteMany]: only AccessModes [ReadWriteOnce ReadWriteOncePod] are supported" {
		t.Error(err)
	}
}

func TestTheClassesOfNewClustersCanProvision(t *testing.T) {
	if !IsDefaultClass(StandardClass()) || DefaultClass([]*storagev1.StorageClass{LocalClass(), StandardClass(), GlusterClass()}).Name != "standard" {
		t.Error("standard is not the default")
	}
	for _, class := range []*storagev1.StorageClass{StandardClass(), LocalClass(), GlusterClass(),
		classOf("fast", MinikubeProvisioner, storagev1.VolumeBindingImmediate), classOf("local-path", LocalPathProvisioner, storagev1.VolumeBindingWaitForFirstConsumer)} {
		made, err := Provision(claimOf(), class, node("node-1"))
		must(t, err)
		if what, notice := Reclaim(made.Volume); what != Delete || notice.Type != "" {
			t.Errorf("%s: its volumes are not deleted with their claims: %s %v", class.Name, what, notice)
		}
		if WaitsForFirstConsumer(class) != (made.Volume.Spec.NodeAffinity != nil) {
			t.Errorf("%s: volumes of one node wait for the pod to have one", class.Name)
		}
	}
}

func TestAllowedTopologiesDecideWhereVolumesAre(t *testing.T) {
	zoned := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "zoned"}, Provisioner: StandardProvisioner, AllowedTopologies: []corev1.TopologySelectorTerm{
		{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"z-a", "z-b"}}}}}}
	if !TopologyAdmits(zoned, node("a")) || TopologyAdmits(zoned, node("c")) {
		t.Error("admission of nodes")
	}
	made, err := Provision(claimOf(class("zoned")), zoned, node("b"))
	must(t, err)
	if !ReachableFrom(made.Volume, node("b")) || ReachableFrom(made.Volume, node("a")) {
		t.Error("the volume is not in the selected node's zone")
	}
	if _, err := Provision(claimOf(class("zoned")), zoned, node("c")); err == nil {
		t.Error("a volume was made where the class allows none")
	}
	made, err = Provision(claimOf(class("zoned")), zoned, nil)
	must(t, err)
	if !ReachableFrom(made.Volume, node("a")) || ReachableFrom(made.Volume, node("c")) {
		t.Error("immediate binding takes the first term")
	}
}

func TestUnknownProvisionersLeaveTheClaimPending(t *testing.T) {
	for provisioner, want := range map[string]string{
		"ebs.csi.example.com": "Waiting for a volume to be created either by the external provisioner 'ebs.csi.example.com' or manually by the system administrator. " +
			"If volume creation is delayed, please verify that the provisioner is running and correctly registered.",
		NoProvisioner: "no volume plugin matched name: kubernetes.io/no-provisioner",
	} {
		unknown := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "unknown"}, Provisioner: provisioner}
		if _, err := Provision(claimOf(), unknown, nil); !errors.Is(err, ErrNobodyProvisions) {
			t.Errorf("%s: %v", provisioner, err)
		}
		if notices := ProvisioningNotices(claimOf(), unknown); len(notices) != 1 || notices[0].Message != want {
			t.Errorf("%v", notices)
		}
	}
	standard := &storagev1.StorageClass{Provisioner: StandardProvisioner}
	if notices := ProvisioningNotices(claimOf(), standard); len(notices) != 2 || notices[1].Message != `External provisioner is provisioning volume for claim "default/www-web-0"` {
		t.Errorf("%v", notices)
	}
}

func TestBindingIsSymmetricalAndCanBeUndone(t *testing.T) {
	free, claim := volumeOf("v", "1Gi"), claimOf()
	volume, bound := Bind(free, claim)
	if free.Spec.ClaimRef != nil || claim.Spec.VolumeName != "" {
		t.Fatal("the originals were changed")
	}
	if !IsBoundTo(volume, bound) || bound.Spec.VolumeName != "v" || bound.Status.Phase != corev1.ClaimBound || volume.Status.Phase != corev1.VolumeBound ||
		bound.Annotations[AnnotationBindCompleted] != "yes" || bound.Annotations[AnnotationBoundByController] != "yes" || volume.Annotations[AnnotationBoundByController] != "yes" {
		t.Errorf("%+v %+v", volume, bound)
	}
	if quantity := bound.Status.Capacity[corev1.ResourceStorage]; quantity.String() != "1Gi" {
		t.Error("the claim shows the volume's capacity")
	}
	if again := Unbind(volume); again.Spec.ClaimRef != nil || again.Status.Phase != corev1.VolumeAvailable {
		t.Errorf("%+v", again)
	}
	byUser, _ := Bind(volumeOf("v", "1Gi", reserved("www-web-0", "")), claim)
	if again := Unbind(byUser); again.Spec.ClaimRef == nil || again.Spec.ClaimRef.UID != "" {
		t.Error("what people reserved stays reserved by name")
	}
}

func TestPhasesOfAVolumeFollowItsClaim(t *testing.T) {
	bound := claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "v" })
	elsewhere := claimOf(func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "w" })
	mine := reserved("www-web-0", "a1b2-c3")
	dynamic := func(v *corev1.PersistentVolume) {
		v.Annotations = map[string]string{AnnotationProvisionedBy: StandardProvisioner}
		v.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimDelete
	}
	failed := func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeFailed }
	for name, c := range map[string]struct {
		volume *corev1.PersistentVolume
		claim  *corev1.PersistentVolumeClaim
		phase  corev1.PersistentVolumePhase
		next   Next
	}{
		"unused":                             {volumeOf("v", "1Gi"), nil, "Available", NextNothing},
		"reserved by name":                   {volumeOf("v", "1Gi", reserved("www-web-0", "")), nil, "Available", NextNothing},
		"bound":                              {volumeOf("v", "1Gi", mine), bound, "Bound", NextNothing},
		"half bound":                         {volumeOf("v", "1Gi", mine), claimOf(), "Available", NextBind},
		"claim deleted":                      {volumeOf("v", "1Gi", mine), nil, "Released", NextReclaim},
		"claim deleted and made anew":        {volumeOf("v", "1Gi", reserved("www-web-0", "older")), bound, "Released", NextReclaim},
		"failed to reclaim":                  {volumeOf("v", "1Gi", mine, failed), nil, "Failed", NextReclaim},
		"claim got another":                  {volumeOf("v", "1Gi", mine), elsewhere, "Available", NextUnbind},
		"claim got another, dynamic, Delete": {volumeOf("v", "1Gi", mine, dynamic), elsewhere, "Released", NextReclaim},
	} {
		if phase, next := Settle(c.volume, c.claim); phase != c.phase || next != c.next {
			t.Errorf("%s: %s %q", name, phase, next)
		}
	}
	for want, volume := range map[corev1.PersistentVolumeClaimPhase]*corev1.PersistentVolume{"Bound": volumeOf("v", "1Gi", mine), "Lost": nil} {
		if phase, notice := SettleBound(bound, volume); phase != want || (notice.Reason == "ClaimLost") != (want == "Lost") {
			t.Errorf("%s: %s %v", want, phase, notice)
		}
	}
}

func TestReclaimPolicies(t *testing.T) {
	policy := func(policy corev1.PersistentVolumeReclaimPolicy, by string, source corev1.PersistentVolumeSource) *corev1.PersistentVolume {
		return volumeOf("v", "1Gi", func(v *corev1.PersistentVolume) {
			v.Spec.PersistentVolumeReclaimPolicy, v.Spec.PersistentVolumeSource = policy, source
			if by != "" {
				v.Annotations = map[string]string{AnnotationProvisionedBy: by}
			}
		})
	}
	host := func(path string) corev1.PersistentVolumeSource {
		return corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: path}}
	}
	local := corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/mnt"}}
	for name, c := range map[string]struct {
		volume  *corev1.PersistentVolume
		want    Reclamation
		message string
	}{
		"Retain keeps the files":              {policy("Retain", StandardProvisioner, local), Keep, ""},
		"Delete by its provisioner":           {policy("Delete", LocalProvisioner, local), Delete, ""},
		"Delete by a provisioner not here":    {policy("Delete", "example.com/nfs", local), Await, ""},
		"Delete by a plugin long gone":        {policy("Delete", "kubernetes.io/rbd", local), Fail, "no volume plugin matched name: kubernetes.io/rbd"},
		"Delete of a host path under /tmp":    {policy("Delete", "", host("/tmp/data")), Delete, ""},
		"Delete of a host path elsewhere":     {policy("Delete", "", host("/mnt/data")), Fail, "host_path deleter only supports /tmp/.+ but received provided /mnt/data"},
		"Delete of a local volume":            {policy("Delete", "", local), Fail, `error getting deleter volume plugin for volume "v": no deletable volume plugin matched`},
		"Recycle of a host path":              {policy("Recycle", "", host("/mnt/data")), Recycle, "Volume recycled"},
		"Recycle of what cannot be recycled":  {policy("Recycle", "", local), Fail, "No recycler plugin found for the volume!"},
		"a policy that does not exist at all": {policy("Burn", "", local), Fail, "Volume has unrecognized PersistentVolumeReclaimPolicy"},
	} {
		if got, notice := Reclaim(c.volume); got != c.want || notice.Message != c.message {
			t.Errorf("%s: %s %v", name, got, notice)
		}
	}
}

func podUsing(name, nodeName, claim string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(name)}, Spec: corev1.PodSpec{NodeName: nodeName,
		Volumes: []corev1.Volume{{Name: "www", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim}}}}}}
}

func TestAClaimIsHeldByScheduledPodsOnly(t *testing.T) {
	claim := claimOf(func(c *corev1.PersistentVolumeClaim) {
		c.DeletionTimestamp, c.Finalizers = &metav1.Time{Time: noon}, []string{FinalizerClaimProtection}
	})
	finished := podUsing("done", "node-1", "www-web-0")
	finished.Status.Phase = corev1.PodSucceeded
	foreign := podUsing("foreign", "node-1", "www-web-0")
	foreign.Namespace = "other"
	for name, c := range map[string]struct {
		pod  *corev1.Pod
		held bool
	}{
		"running pod":              {podUsing("web-0", "node-1", "www-web-0"), true},
		"finished pod":             {finished, true},
		"pod without a node":       {podUsing("web-0", "", "www-web-0"), false},
		"pod with another claim":   {podUsing("web-1", "node-1", "www-web-1"), false},
		"pod of another namespace": {foreign, false},
	} {
		pods := []*corev1.Pod{c.pod}
		if _, held := ClaimInUse(claim, pods); held != c.held || MayReleaseClaim(claim, pods) == c.held {
			t.Errorf("%s: held %v", name, held)
		}
	}
	volume := volumeOf("v", "1Gi", func(v *corev1.PersistentVolume) {
		v.DeletionTimestamp, v.Finalizers, v.Status.Phase = &metav1.Time{Time: noon}, []string{FinalizerVolumeProtection}, corev1.VolumeBound
	})
	if MayReleaseVolume(volume) {
		t.Error("a bound volume was let go")
	}
	volume.Status.Phase = corev1.VolumeReleased
	if !MayReleaseVolume(volume) {
		t.Error("a released volume was held")
	}
}

func TestAccessModeConflicts(t *testing.T) {
	claim := claimOf(func(c *corev1.PersistentVolumeClaim) {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
	})
	claims := map[string]*corev1.PersistentVolumeClaim{claim.Name: claim}
	pod := podUsing("b", "", "www-web-0")
	if got := OncePodConflict(pod, claims, []*corev1.Pod{podUsing("a", "node-1", "www-web-0")}); !strings.Contains(got, "already in-use by another pod") {
		t.Errorf("%q", got)
	}
	if got := OncePodConflict(pod, claims, []*corev1.Pod{pod, podUsing("a", "", "www-web-0")}); got != "" {
		t.Errorf("%q", got)
	}
	disk := volumeOf("disk", "1Gi", func(v *corev1.PersistentVolume) { v.Spec.PersistentVolumeSource = standardSource(nil, "disk") })
	second := podUsing("b", "node-2", "www-web-0")
	first := podUsing("a", "node-1", "www-web-0")
	for want, got := range map[string]Notice{
		`Multi-Attach error for volume "disk" Volume is already used by pod(s) a`:                                                  MultiAttachNotice(second, disk, []string{"node-1"}, []*corev1.Pod{first}),
		`Multi-Attach error for volume "disk" Volume is already exclusively attached to one node and can't be attached to another`: MultiAttachNotice(second, disk, []string{"node-1"}, nil),
	} {
		if got.Message != want {
			t.Errorf("%q", got.Message)
		}
	}
	if got := MultiAttachNotice(second, disk, []string{"node-2"}, nil); got.Type != "" {
		t.Errorf("the same node: %v", got)
	}
	shared := disk.DeepCopy()
	shared.Spec.AccessModes = append(shared.Spec.AccessModes, corev1.ReadWriteMany)
	if got := MultiAttachNotice(second, shared, []string{"node-1"}, nil); got.Type != "" {
		t.Errorf("ReadWriteMany: %v", got)
	}
	if AccessModes([]corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany, corev1.ReadWriteOnce}) != "RWO,RWX" {
		t.Error("abbreviations")
	}
}
