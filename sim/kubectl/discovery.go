package kubectl

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// orderly gives what is served in the order of the server's groups, as kubectl has it from its cache on disk. The cache in memory gives it
// in the order of a map.
type orderly struct {
	discovery.CachedDiscoveryInterface
}

// ServerGroupsAndResources implements [discovery.ServerResourcesInterface].
func (o orderly) ServerGroupsAndResources() (groups []*metav1.APIGroup, resources []*metav1.APIResourceList, err error) {
	list, err := o.ServerGroups()
	if err != nil {
		return nil, nil, err
	}
	for i := range list.Groups {
		group := &list.Groups[i]
		groups = append(groups, group)
		for _, version := range group.Versions {
			served, err := o.ServerResourcesForGroupVersion(version.GroupVersion)
			if err != nil {
				return nil, nil, err
			}
			resources = append(resources, served)
		}
	}
	return groups, resources, nil
}

// ServerPreferredResources implements [discovery.ServerResourcesInterface].
func (o orderly) ServerPreferredResources() ([]*metav1.APIResourceList, error) {
	return discovery.ServerPreferredResources(o)
}

// ServerPreferredNamespacedResources implements [discovery.ServerResourcesInterface].
func (o orderly) ServerPreferredNamespacedResources() ([]*metav1.APIResourceList, error) {
	return discovery.ServerPreferredNamespacedResources(o)
}
