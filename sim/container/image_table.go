package container

import (
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
)

// modelOf is the table of models: the first whose pattern fits the last part of the repository counts. To add an application, add a line
// here, and its Server and commands in a file app_NAME.go.
func modelOf(r reference) *image {
	last := r.last()
	for _, model := range []struct {
		fits func(name string) bool
		make func(r reference) *image
	}{
		{contains("nginx"), nginxImage},
		{exactly("busybox"), busyboxImage},
		{prefixed("pause"), pauseImage},
		{exactly("agnhost", "test-webserver", "netexec"), agnhostImage},
		{exactly("alpine"), alpineImage},
		{exactly("debian", "ubuntu", "centos", "fedora", "rockylinux", "bash", "debian-base", "toolbox", "netshoot", "dnsutils", "jessie-dnsutils", "curl"), userlandImage},
	} {
		if model.fits(last) {
			return model.make(r)
		}
	}
	return &image{tree: fullRoot, unknown: true}
}

func contains(part string) func(string) bool {
	return func(name string) bool { return strings.Contains(name, part) }
}

func prefixed(prefix string) func(string) bool {
	return func(name string) bool { return strings.HasPrefix(name, prefix) }
}

func exactly(names ...string) func(string) bool {
	return func(name string) bool {
		for _, n := range names {
			if n == name {
				return true
			}
		}
		return false
	}
}

func busyboxImage(r reference) *image {
	img := &image{tree: busyboxRoot, cmd: []string{"sh"}, prompt: `\w # `}
	if major, minor, ok := versionOf(r.tag); ok && major == 1 && minor <= 28 {
		img.tree = oldBusyboxRoot
		img.commands = map[string]applet.Applet{"nslookup-1.28": applet.NslookupOld}
	}
	return img
}

func alpineImage(reference) *image {
	return &image{tree: alpineRoot, cmd: []string{"/bin/sh"}, prompt: `\w # `}
}

func userlandImage(r reference) *image {
	img := &image{tree: debianRoot, cmd: []string{"bash"}}
	switch r.last() {
	case "dnsutils", "jessie-dnsutils", "toolbox", "netshoot", "curl":
		img.tree = fullRoot
	}
	return img
}

func pauseImage(reference) *image {
	return &image{tree: pauseRoot, entrypoint: []string{"/pause"}, uid: 65535, gid: 65535, servers: map[string]Server{"pause": pause{}}}
}

// versionOf reads the first two numbers of a tag like 1.28 or 1.36.1-glibc.
func versionOf(tag string) (major, minor int, ok bool) {
	tag, _, _ = strings.Cut(tag, "-")
	parts := strings.Split(tag, ".")
	if len(parts) < 2 {
		return 0, 0, false
	}
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return major, minor, err1 == nil && err2 == nil
}
