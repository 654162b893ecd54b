package container

import (
	"path"
	"strings"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// ReadFile is what a regular file holds in the newest run of a Pod's container, also when that has ended; false when there is no such run, or no such file. Links
// are not followed.
func ReadFile(view store.View, uid api.UID, name, file string) (content string, found bool) {
	run, found := Newest(view, uid, name)
	if !found {
		return "", false
	}
	tree, inside := run.Root, path.Clean("/"+file)
	nearest := ""
	if run.Config != nil {
		for _, mount := range run.Config.Mounts {
			rest, below := strings.CutPrefix(inside, strings.TrimSuffix(mount.Path, "/")+"/")
			if !below || len(mount.Path) < len(nearest) {
				continue
			}
			row, found := store.GetRow[*Volume](view, Volumes, mount.Volume)
			if !found {
				return "", false
			}
			nearest, tree, file = mount.Path, row.Tree, path.Join("/", mount.SubPath, rest)
		}
	}
	if nearest != "" {
		inside = file
	}
	info, found := tree.Lookup(inside)
	if !found || !info.Mode.IsRegular() {
		return "", false
	}
	return tree.Content(inside)
}
