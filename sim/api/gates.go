package api

import "fmt"

// Gate is a Kubernetes feature gate that changes something the simulator does.
type Gate uint8

// The feature gates that are simulated. Upstream: pkg/features/kube_features.go.
const (
	MaxUnavailableStatefulSet Gate = iota
	StatefulSetMinReadySeconds
	StatefulSetAutoDeletePVC
	StatefulSetStartOrdinal
	PodIndexLabel
	StatefulSetSemanticRevisionComparison
	StaleControllerConsistencyStatefulSet
	NodeOutOfServiceVolumeDetach
	RecoverVolumeExpansionFailure
	DeploymentReplicaSetTerminatingReplicas
	StorageObjectInUseProtection
	gateCount
)

type gateSet uint16

// gates says from which minor release each gate is on by default; never means off wherever it is known.
var gates = [gateCount]struct {
	name string
	from int
}{
	// On in 1.35.0 to 1.35.3 only; the simulated 1.35 is a later patch.
	MaxUnavailableStatefulSet:               {"MaxUnavailableStatefulSet", never},
	StatefulSetMinReadySeconds:              {"StatefulSetMinReadySeconds", 23},
	StatefulSetAutoDeletePVC:                {"StatefulSetAutoDeletePVC", 27},
	StatefulSetStartOrdinal:                 {"StatefulSetStartOrdinal", 27},
	PodIndexLabel:                           {"PodIndexLabel", 28},
	StatefulSetSemanticRevisionComparison:   {"StatefulSetSemanticRevisionComparison", 34},
	StaleControllerConsistencyStatefulSet:   {"StaleControllerConsistencyStatefulSet", 36},
	NodeOutOfServiceVolumeDetach:            {"NodeOutOfServiceVolumeDetach", 26},
	RecoverVolumeExpansionFailure:           {"RecoverVolumeExpansionFailure", 32},
	DeploymentReplicaSetTerminatingReplicas: {"DeploymentReplicaSetTerminatingReplicas", 35},
	StorageObjectInUseProtection:            {"StorageObjectInUseProtection", 10},
}

const never = 1 << 10

// String is the gate's upstream name.
func (g Gate) String() string {
	if g < gateCount {
		return gates[g].name
	}
	return fmt.Sprintf("Gate(%d)", uint8(g))
}

// ParseGate finds a gate by its upstream name; an unknown name is an error that lists the known ones.
func ParseGate(name string) (Gate, error) {
	names := ""
	for gate := range gateCount {
		if gates[gate].name == name {
			return gate, nil
		}
		if names != "" {
			names += ", "
		}
		names += gates[gate].name
	}
	return 0, fmt.Errorf("expected a feature gate that is simulated, one of %s, found %q", names, name)
}

// Enabled says whether the gate is on: as WithGate set it, else the release's default.
func (r Release) Enabled(gate Gate) bool {
	if gate >= gateCount {
		return false
	}
	switch bit := gateSet(1) << gate; {
	case r.on&bit != 0:
		return true
	case r.off&bit != 0:
		return false
	}
	return r.AtLeast(gates[gate].from)
}

// WithGate is the release with one feature gate set.
func (r Release) WithGate(gate Gate, on bool) Release {
	if gate >= gateCount {
		return r
	}
	bit := gateSet(1) << gate
	r.on, r.off = r.on&^bit, r.off&^bit
	if on {
		r.on |= bit
	} else {
		r.off |= bit
	}
	return r
}
