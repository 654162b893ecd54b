package compare

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/store"
)

// namesOf are the names in DNS of Services, and of the Pods below them that have one, each with the addresses that it leads to, in
// order. A name that leads nowhere does not exist.
func namesOf(view store.View, settings *api.Settings) map[string][]string {
	names := map[string][]string{}
	cluster := network.Names{View: view}
	for object := range store.List[*corev1.Service](view, "") {
		service, found := cluster.Service(object.Namespace, object.Name)
		if !found {
			continue
		}
		zone := service.Name + "." + service.Namespace + ".svc." + strings.TrimSuffix(settings.Zone, ".")
		if service.ExternalName != "" {
			names[zone] = []string{service.ExternalName}
			continue
		}
		put(names, zone, service.ClusterIPs)
		for _, endpoint := range cluster.Endpoints(object.Namespace, object.Name) {
			if !endpoint.Ready {
				continue
			}
			if service.Headless {
				put(names, zone, endpoint.Addresses)
			}
			if endpoint.Hostname != "" {
				put(names, endpoint.Hostname+"."+zone, endpoint.Addresses)
			}
		}
	}
	return names
}

func put(names map[string][]string, name string, addresses []netip.Addr) {
	for _, address := range addresses {
		if text := address.String(); !slices.Contains(names[name], text) {
			names[name] = append(names[name], text)
		}
	}
	slices.Sort(names[name])
	if len(names[name]) == 0 {
		delete(names, name)
	}
}

// Names are the names in DNS of Services, and of the Pods below them that have one, in order.
func Names(view store.View, settings *api.Settings) []string {
	return slices.Sorted(maps.Keys(namesOf(view, settings)))
}
