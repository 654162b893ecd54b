package control

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/store"
)

// imageState is what keeps a container from its image.
type imageState int

const (
	imagePresent imageState = iota
	imageComing             // it is being pulled
	imageMissing            // it cannot be had for now
)

// The reasons of containers that wait for an image or for the end of their back-off.
const (
	reasonPull        = "ErrImagePull"
	reasonPullBackoff = "ImagePullBackOff"
	reasonNeverPull   = "ErrImageNeverPull"
	reasonImageName   = "InvalidImageName"
	reasonCrashLoop   = "CrashLoopBackOff"
)

// image gets a container's image as its pull policy says (upstream: pkg/kubelet/images/image_manager.go EnsureImageExists). A Pod that finds its image
// being pulled for another one waits for that pull; upstream asks a second time, which is quick. Looking up an image that is there takes no time:
// that it was pulled is told all at once.
func (s *podSync) image(spec *corev1.Container, run *container.Container) imageState {
	since := s.imageWantedSince(spec, run)
	image, found := store.GetRow[*container.Image](s.in.View, container.Images, (&container.Image{Node: s.sandbox.Node, Name: spec.Image}).RowKey())
	if !found {
		image = &container.Image{Name: spec.Image}
	}
	wait := func(reason, message string) imageState {
		s.waits(spec.Name, reason, message)
		return imageMissing
	}
	if err := container.CheckImageName(spec.Image); err != nil {
		return wait(reasonImageName, err.Error())
	}
	pulled := image.Present && image.PulledAt.After(since) && spec.ImagePullPolicy != corev1.PullNever
	switch {
	case image.Pulling:
		if !image.Present && run == nil && s.pod.Status.PodIP == "" { // the first look at it, and the pull is another Pod's
			s.event(corev1.EventTypeNormal, "Pulling", pullingText(s.in.Settings.Release, spec.Image))
		}
		return imageComing
	case pulled:
		if image.PulledAt.Equal(image.StartedAt) {
			s.event(corev1.EventTypeNormal, "Pulling", pullingText(s.in.Settings.Release, spec.Image))
		}
		s.event(corev1.EventTypeNormal, "Pulled", pulledText(s.in.Settings.Release, image))
		return imagePresent
	case image.Present && spec.ImagePullPolicy != corev1.PullAlways:
		s.event(corev1.EventTypeNormal, "Pulled", presentText(s.in.Settings.Release, spec.Image))
		return imagePresent
	case spec.ImagePullPolicy == corev1.PullNever:
		return wait(reasonNeverPull, fmt.Sprintf("Container image %q is not present with pull policy of Never", spec.Image))
	case image.Failure != "" && image.FailedAt.After(since):
		shown, until := image.FailedAt.Add(relistPeriod), image.FailedAt.Add(pullBackoff(image.Failures))
		s.lookAgain(shown)
		s.lookAgain(until)
		if s.in.Now.Before(shown) {
			return wait(reasonPull, image.Failure)
		}
		if s.in.Now.Before(until) {
			return wait(reasonPullBackoff, pullBackoffText(s.in.Settings.Release, image))
		}
	}
	if !image.Present && container.PullTime(s.in.View, s.in.Settings, s.sandbox.Node) > 0 {
		s.event(corev1.EventTypeNormal, "Pulling", pullingText(s.in.Settings.Release, spec.Image))
	}
	s.command(container.Command{Action: container.PullImage, Image: spec.Image})
	return imageComing
}

// imageWantedSince is the time after which a pull counts as made for this start of the container.
func (s *podSync) imageWantedSince(spec *corev1.Container, run *container.Container) time.Time {
	since := s.sandbox.CreatedAt
	if run != nil && run.FinishedAt.After(since) {
		since = run.FinishedAt
	}
	for _, other := range s.runs {
		if other.Image == spec.Image && other.CreatedAt.After(since) {
			since = other.CreatedAt
		}
	}
	return since
}

// pullBackoff is how long a kubelet waits after so many failed pulls in a row.
func pullBackoff(failures int) time.Duration {
	if failures > 5 { // 10 s doubled five times is more than 300 s
		return lastBackoff
	}
	return min(firstBackoff<<max(failures-1, 0), lastBackoff)
}
