package container

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// The shapes of empty volumes.
var (
	newVolume      = storage.Tree{}.Shape().WithDir("/", 0o755)
	anybodysVolume = storage.Tree{}.Shape().WithDir("/", 0o777)
)

// setUpVolumes makes the volumes of a Pod, and says why it cannot in the words of the event FailedMount.
func (w *World) setUpVolumes(sandbox *Sandbox) string {
	pod := sandbox.Pod
	for i := range pod.Spec.Volumes {
		volume := &pod.Spec.Volumes[i]
		key, err := w.setUpVolume(sandbox, volume)
		if err != nil {
			return fmt.Sprintf("MountVolume.SetUp failed for volume %q : %v", volumeLabel(w, pod, volume), err)
		}
		w.applyGroup(pod, volume, key)
	}
	return ""
}

// volumeLabel names a volume as the event does: claims by their PersistentVolume.
func volumeLabel(w *World, pod *corev1.Pod, volume *corev1.Volume) string {
	if claim, found := store.Get[*corev1.PersistentVolumeClaim](w.Tx.View, pod.Namespace, claimOf(pod, volume)); found && claim.Spec.VolumeName != "" {
		return claim.Spec.VolumeName
	}
	return volume.Name
}

// setUpVolume makes one volume and gives the key of its row.
func (w *World) setUpVolume(sandbox *Sandbox, volume *corev1.Volume) (string, error) {
	pod := sandbox.Pod
	key := podVolume(sandbox.UID, volume.Name)
	switch {
	case claimOf(pod, volume) != "":
		key, _, err := w.persistent(sandbox, volume)
		return key, err
	case volume.EmptyDir != nil:
		if _, found := store.GetRow[*Volume](w.Tx.View, Volumes, key); !found {
			row := &Volume{Key: key, Tree: anybodysVolume.Of(storage.Since(w.now()))}
			if limit := volume.EmptyDir.SizeLimit; limit != nil {
				row.Capacity = limit.Value()
			}
			w.Tx.PutRow(Volumes, row)
		}
		return key, nil
	case volume.HostPath != nil:
		return nodeVolume(sandbox.Node), w.checkHostPath(sandbox.Node, volume.HostPath)
	case isProjected(volume):
		tree, source, err := w.projectedTree(sandbox, volume)
		if err != nil {
			return "", err
		}
		w.Tx.PutRow(Volumes, &Volume{Key: key, Tree: tree, Source: source, Checked: w.now()})
		return key, nil
	}
	return "", fmt.Errorf("this type of volume is not simulated; hint: use persistentVolumeClaim, emptyDir, configMap, secret, downwardAPI, projected or hostPath")
}

// growVolumes looks anew how large the volumes behind a Pod's claims are.
func (w *World) growVolumes(uid api.UID) {
	sandbox, found := w.sandbox(uid)
	if !found {
		return
	}
	for i := range sandbox.Pod.Spec.Volumes {
		if volume := &sandbox.Pod.Spec.Volumes[i]; claimOf(sandbox.Pod, volume) != "" {
			_, _, _ = w.persistent(sandbox, volume) // it was found when it was mounted
		}
	}
}

// persistent finds the file tree of a claim's PersistentVolume, and the directory in it.
func (w *World) persistent(sandbox *Sandbox, volume *corev1.Volume) (key, directory string, err error) {
	name := claimOf(sandbox.Pod, volume)
	claim, found := store.Get[*corev1.PersistentVolumeClaim](w.Tx.View, sandbox.Pod.Namespace, name)
	if !found {
		return "", "", fmt.Errorf("error processing PVC %s/%s: failed to fetch PVC from API server: persistentvolumeclaims %q not found", sandbox.Pod.Namespace, name, name)
	}
	if claim.Spec.VolumeName == "" {
		return "", "", fmt.Errorf("error processing PVC %s/%s: PVC is not bound", sandbox.Pod.Namespace, name)
	}
	volumeObject, found := store.Get[*corev1.PersistentVolume](w.Tx.View, "", claim.Spec.VolumeName)
	if !found {
		return "", "", fmt.Errorf("error processing PVC %s/%s: failed to fetch PV %q from API server: persistentvolumes %q not found", sandbox.Pod.Namespace, name, claim.Spec.VolumeName, claim.Spec.VolumeName)
	}
	if source := volumeObject.Spec.HostPath; source != nil {
		return nodeVolume(sandbox.Node), source.Path, w.checkHostPath(sandbox.Node, source)
	}
	// What an administrator has made is a directory of the node's disk; what the provisioner of local volumes made goes with the volume.
	if source := volumeObject.Spec.Local; source != nil && volumeObject.Annotations[storage.AnnotationProvisionedBy] != storage.LocalProvisioner {
		if tree, _ := w.volumeTree(nodeVolume(sandbox.Node)); !isDirectory(tree, source.Path) {
			return "", "", fmt.Errorf("path %q does not exist", source.Path)
		}
		return nodeVolume(sandbox.Node), source.Path, nil
	}
	key = "pv/" + volumeObject.Name
	capacity := volumeObject.Spec.Capacity[corev1.ResourceStorage]
	row, found := store.GetRow[*Volume](w.Tx.View, Volumes, key)
	if !found || row.Capacity != capacity.Value() {
		changed := Volume{Key: key, Tree: newVolume.Of(storage.Since(w.now()))}
		if found {
			changed = *row
		}
		changed.Capacity = capacity.Value()
		w.Tx.PutRow(Volumes, &changed)
	}
	return key, "", nil
}

func nodeVolume(node string) string { return "node/" + node }

func isDirectory(tree storage.Tree, name string) bool {
	info, found := tree.Lookup(name)
	return found && info.IsDir()
}

// checkHostPath checks the type of a path on a node and makes it where the type says so.
//
// Upstream: pkg/volume/hostpath/host_path.go.
func (w *World) checkHostPath(node string, source *corev1.HostPathVolumeSource) error {
	kind := corev1.HostPathUnset
	if source.Type != nil {
		kind = *source.Type
	}
	tree, _ := w.volumeTree(nodeVolume(node))
	info, found := tree.Lookup(source.Path)
	switch {
	case kind == corev1.HostPathDirectoryOrCreate && !found, kind == corev1.HostPathUnset && !found:
		w.putTree(nodeVolume(node), tree.At(w.now()).WithDir(source.Path, 0o755))
	case kind == corev1.HostPathFileOrCreate && !found:
		if !isDirectory(tree, path.Dir(path.Clean(source.Path))) {
			return fmt.Errorf("open %s: no such file or directory", source.Path)
		}
		w.putTree(nodeVolume(node), tree.At(w.now()).With(source.Path, nil, 0o644))
	case (kind == corev1.HostPathDirectory || kind == corev1.HostPathDirectoryOrCreate) && !(found && info.IsDir()):
		return fmt.Errorf("hostPath type check failed: %s is not a directory", source.Path)
	case (kind == corev1.HostPathFile || kind == corev1.HostPathFileOrCreate) && !(found && info.Mode.IsRegular()):
		return fmt.Errorf("hostPath type check failed: %s is not a file", source.Path)
	case kind == corev1.HostPathSocket:
		return fmt.Errorf("hostPath type check failed: %s is not a socket file", source.Path)
	case kind == corev1.HostPathCharDev && !(found && info.Device != ""):
		return fmt.Errorf("hostPath type check failed: %s is not a character device", source.Path)
	case kind == corev1.HostPathBlockDev:
		return fmt.Errorf("hostPath type check failed: %s is not a block device", source.Path)
	}
	return nil
}

func (w *World) putTree(key string, tree storage.Tree) {
	changed := Volume{Key: key}
	if row, found := store.GetRow[*Volume](w.Tx.View, Volumes, key); found {
		changed = *row
	}
	changed.Tree = tree
	w.Tx.PutRow(Volumes, &changed)
}

// applyGroup gives a volume to the Pod's fsGroup. hostPath volumes are left alone, as are volumes whose root already belongs to the
// group when the policy is OnRootMismatch.
func (w *World) applyGroup(pod *corev1.Pod, volume *corev1.Volume, key string) {
	security := pod.Spec.SecurityContext
	if security == nil || security.FSGroup == nil || strings.HasPrefix(key, "node/") {
		return
	}
	tree, _ := w.volumeTree(key)
	group := int(*security.FSGroup)
	if policy := security.FSGroupChangePolicy; policy != nil && *policy == corev1.FSGroupChangeOnRootMismatch {
		if root, found := tree.Lookup("/"); found && root.GID == group {
			return
		}
	}
	readOnly := volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ReadOnly
	if changed := tree.WithGroup(group, readOnly); !changed.Same(tree) {
		w.putTree(key, changed)
	}
}

// bindings are the volumes of a container. Its errors are those of CreateContainerConfigError.
func (w *World) bindings(sandbox *Sandbox, spec *corev1.Container, env map[string]string) ([]Binding, error) {
	var bindings []Binding
	for _, mount := range spec.VolumeMounts {
		at := slices.IndexFunc(sandbox.Pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			return nil, fmt.Errorf("cannot find volume %q to mount into container %q", mount.Name, spec.Name)
		}
		volume := &sandbox.Pod.Spec.Volumes[at]
		b := Binding{Path: mount.MountPath, Volume: podVolume(sandbox.UID, volume.Name), ReadOnly: mount.ReadOnly, Type: "ext4", SubPath: mount.SubPath}
		if mount.SubPathExpr != "" {
			b.SubPath = expand(mount.SubPathExpr, env)
			if strings.Contains(b.SubPath, "$(") {
				return nil, fmt.Errorf("missing value for %s", strings.TrimPrefix(strings.SplitN(b.SubPath[strings.Index(b.SubPath, "$("):], ")", 2)[0], "$("))
			}
		}
		if path.IsAbs(b.SubPath) || slices.Contains(strings.Split(b.SubPath, "/"), "..") {
			return nil, fmt.Errorf("error SubPath `%s` must not be an absolute path or contain '..'", b.SubPath)
		}
		switch {
		case claimOf(sandbox.Pod, volume) != "":
			key, directory, err := w.persistent(sandbox, volume)
			if err != nil {
				return nil, err
			}
			b.Volume, b.SubPath = key, path.Join(directory, b.SubPath)
			b.ReadOnly = b.ReadOnly || (volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ReadOnly)
		case volume.HostPath != nil:
			b.Volume, b.SubPath = nodeVolume(sandbox.Node), path.Join(volume.HostPath.Path, b.SubPath)
		case isProjected(volume):
			b.Type, b.ReadOnly = "tmpfs", true
		case volume.EmptyDir != nil && volume.EmptyDir.Medium == corev1.StorageMediumMemory:
			b.Type = "tmpfs"
		}
		bindings = append(bindings, b)
	}
	slices.SortStableFunc(bindings, func(a, b Binding) int {
		return strings.Count(path.Clean(a.Path), "/") - strings.Count(path.Clean(b.Path), "/")
	})
	return bindings, nil
}
