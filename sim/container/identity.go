package container

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/storage"
)

// identityOf is whom a container runs as: its own security context, else its Pod's, else its image's user.
func identityOf(pod *corev1.Pod, spec *corev1.Container, img *app.Image) (storage.Identity, string, error) {
	identity := storage.Identity{UID: img.UID, GID: img.GID}
	mustNotBeRoot := false
	if security := pod.Spec.SecurityContext; security != nil {
		if security.RunAsUser != nil {
			identity.UID, identity.GID = int(*security.RunAsUser), 0
		}
		if security.RunAsGroup != nil {
			identity.GID = int(*security.RunAsGroup)
		}
		if security.RunAsNonRoot != nil {
			mustNotBeRoot = *security.RunAsNonRoot
		}
		for _, group := range security.SupplementalGroups {
			identity.Groups = append(identity.Groups, int(group))
		}
		if security.FSGroup != nil {
			identity.Groups = append(identity.Groups, int(*security.FSGroup))
		}
	}
	if security := spec.SecurityContext; security != nil {
		if security.RunAsUser != nil {
			identity.UID = int(*security.RunAsUser)
		}
		if security.RunAsGroup != nil {
			identity.GID = int(*security.RunAsGroup)
		}
		if security.RunAsNonRoot != nil {
			mustNotBeRoot = *security.RunAsNonRoot
		}
	}
	if mustNotBeRoot && identity.UID == 0 {
		return identity, "", fmt.Errorf("container has runAsNonRoot and image will run as root (pod: \"%s_%s(%s)\", container: %s)", pod.Name, pod.Namespace, pod.UID, spec.Name)
	}
	return identity, userName(identity.UID, img), nil
}

// userName is what ps prints for a user: the name in the image's /etc/passwd; numbers without a name print as they are.
func userName(uid int, img *app.Image) string {
	if uid == 0 {
		return "root"
	}
	number := strconv.Itoa(uid)
	if img.Root != nil {
		text, _ := img.Root().Content("/etc/passwd")
		for line := range strings.Lines(text) {
			if fields := strings.Split(line, ":"); len(fields) > 2 && fields[2] == number {
				return fields[0]
			}
		}
	}
	return number
}
