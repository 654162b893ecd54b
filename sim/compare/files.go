package compare

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// treesOf are the contents of the volumes that claims have, by namespace/claim.
func treesOf(view store.View) map[string]storage.Tree {
	trees := map[string]storage.Tree{}
	for claim := range store.List[*corev1.PersistentVolumeClaim](view, "") {
		if claim.Spec.VolumeName == "" {
			continue
		}
		if volume, found := store.GetRow[*container.Volume](view, container.Volumes, "pv/"+claim.Spec.VolumeName); found {
			trees[claim.Namespace+"/"+claim.Name] = volume.Tree
		}
	}
	return trees
}

// filesOf are the files of a tree with their contents.
func filesOf(tree storage.Tree) map[string]string {
	files := map[string]string{}
	for path, info := range tree.All() {
		if !info.IsDir() {
			files[path], _ = tree.Content(path)
		}
	}
	return files
}
