package container

import (
	"fmt"

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
	return identity, userName(identity.UID), nil
}

// userName is what ps prints for a user; numbers without a name print as they are.
func userName(uid int) string {
	switch uid {
	case 0:
		return "root"
	case 33:
		return "www-data"
	case 65534:
		return "nobody"
	}
	return fmt.Sprint(uid)
}
