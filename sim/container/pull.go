package container

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/store"
)

// pull begins to fetch an image, unless that is under way. Also an image that is there is pulled again (imagePullPolicy Always is the
// kubelet's to decide); that takes as long as looking it up, which is no time.
func (w *World) pull(node, name string) {
	row := &Image{Node: node, Name: name}
	if old, found := store.GetRow[*Image](w.Tx.View, Images, row.RowKey()); found {
		if old.Pulling {
			return
		}
		copied := *old
		row = &copied
	}
	row.Pulling, row.StartedAt = true, w.now()
	w.Tx.PutRow(Images, row)
	due := w.now()
	if !row.Present {
		due = due.Add(PullTime(w.Tx.View, w.Settings, node))
	}
	w.schedule(due, pullDone, row.RowKey())
}

func (w *World) pulled(key string) {
	old, found := store.GetRow[*Image](w.Tx.View, Images, key)
	if !found || !old.Pulling {
		return
	}
	row := *old
	row.Pulling, row.Failure = false, pullFailure(row.Name)
	if fault := PoorPullsOf(w.Tx.View, row.Node); fault != nil && fault.Delay == 0 {
		row.Failure = outOfReach(row.Name, row.Failure)
	}
	if row.Failure != "" {
		row.Failures, row.FailedAt = row.Failures+1, w.now()
	} else {
		row.Present, row.Failures, row.PulledAt, row.Size = true, 0, w.now(), imageSize(row.Name)
	}
	w.Tx.PutRow(Images, &row)
}

// CheckImageName says why an image name cannot be read, in the kubelet's words after "InvalidImageName", or nil.
//
// Upstream: pkg/util/parsers/parsers.go and pkg/kubelet/images/image_manager.go.
func CheckImageName(name string) error {
	if _, err := app.ParseReference(name); err != nil {
		return fmt.Errorf("Failed to apply default image tag %q: couldn't parse image name %q: %w", name, name, err)
	}
	return nil
}

// pullFailure is why an image cannot be had, in the words of containerd's CRI plug-in; empty when it can.
func pullFailure(name string) string {
	r, err := app.ParseReference(name)
	if err != nil {
		return fmt.Sprintf("rpc error: code = InvalidArgument desc = failed to parse image reference %q: %v", name, err)
	}
	if r.Missing() {
		return fmt.Sprintf("rpc error: code = NotFound desc = failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", r, r, r)
	}
	return ""
}

// imageID is what a runtime reports for an image: its repository and a digest.
func imageID(name string) string {
	r, err := app.ParseReference(name)
	if err != nil {
		return name
	}
	if r.Digest == "" {
		r.Digest = "sha256:" + digestOf(r.String())
	}
	r.Tag = ""
	return strings.TrimSuffix(r.String(), ":")
}

// imageSize is the size of an image in bytes, from 4 to 196 MB: a number like any other, but always the same for a name.
func imageSize(name string) int64 {
	size := int64(0)
	for _, digit := range digestOf(name)[:12] {
		size = size<<4 | int64(strings.IndexRune("0123456789abcdef", digit))
	}
	return 4e6 + size%192e6
}
