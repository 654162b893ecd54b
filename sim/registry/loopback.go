package registry

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/stsim/stsim/sim/api"
)

// ownAddresses leaves out the complaints that an address of the cluster's own ranges is a loopback address: it is one where the cluster
// was made so, for programs outside of it to reach it.
func (r *Registry) ownAddresses(problems field.ErrorList) field.ErrorList {
	if len(problems) == 0 || !r.Settings.PodCIDR.Addr().IsLoopback() && !r.Settings.NodeCIDR.Addr().IsLoopback() {
		return problems
	}
	return slices.DeleteFunc(problems, func(problem *field.Error) bool {
		text, _ := problem.BadValue.(string)
		address, err := netip.ParseAddr(text)
		return err == nil && problem.Detail == api.LoopbackAddress && r.Settings.Owns(address)
	})
}
