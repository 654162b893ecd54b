package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/diff"
)

const metaPackage = "k8s.io/apimachinery/pkg/apis/meta/v1"

// internal prints a value in an error as the API server prints it. There, validation sees unversioned types,
// whose JSON has the Go names of all fields and leaves none out.
type internal struct{ value any }

// MarshalJSON is what field.Error prints.
func (i internal) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	err := writeInternal(&out, reflect.ValueOf(i.value))
	return out.Bytes(), err
}

// diffInternal is the unified difference that ends the messages about immutable specs.
func diffInternal(old, new any) string { return diff.Diff(internal{old}, internal{new}) }

// moved are the fields that come at another place in the unversioned type: right after the field that is the key.
var moved = map[reflect.Type]map[string]string{
	reflect.TypeFor[corev1.VolumeSource]():           {"RBD": "Quobyte"},
	reflect.TypeFor[corev1.PersistentVolumeSource](): {"RBD": "Quobyte", "ISCSI": "FlexVolume"},
	reflect.TypeFor[corev1.PodSecurityContext]():     {"FSGroup": "FSGroupChangePolicy"},
}

// neverAbsent are the fields that are no pointers in the unversioned type: absent they are zero.
var neverAbsent = map[reflect.Type][]string{
	reflect.TypeFor[appsv1.RollingUpdateStatefulSetStrategy](): {"Partition"},
	reflect.TypeFor[appsv1.RollingUpdateDeployment]():          {"MaxUnavailable", "MaxSurge"},
	reflect.TypeFor[appsv1.RollingUpdateDaemonSet]():           {"MaxUnavailable", "MaxSurge"},
	reflect.TypeFor[corev1.ServiceAccountTokenProjection]():    {"ExpirationSeconds"},
}

var (
	marshaler   = reflect.TypeFor[json.Marshaler]()
	podSpecType = reflect.TypeFor[corev1.PodSpec]()
)

func writeInternal(out *bytes.Buffer, value reflect.Value) error {
	switch {
	case !value.IsValid():
		out.WriteString("null")
		return nil
	case value.Type() == podSpecType:
		return writeStruct(out, reflect.ValueOf(internalPodSpec(value.Interface().(corev1.PodSpec))))
	case value.Type().Implements(marshaler), value.Type().PkgPath() == metaPackage:
		return writeJSON(out, value.Interface())
	}
	switch value.Kind() {
	case reflect.Pointer:
		return writeInternal(out, value.Elem())
	case reflect.Struct:
		return writeStruct(out, value)
	case reflect.Slice:
		if value.IsNil() || value.Type().Elem().Kind() == reflect.Uint8 {
			return writeJSON(out, value.Interface())
		}
		for i := range value.Len() {
			out.WriteString(opening(i == 0, "[", ","))
			if err := writeInternal(out, value.Index(i)); err != nil {
				return err
			}
		}
		out.WriteString(opening(value.Len() == 0, "[]", "]"))
		return nil
	}
	return writeJSON(out, value.Interface())
}

func writeStruct(out *bytes.Buffer, value reflect.Value) error {
	first := true
	var fields func(reflect.Value) error
	write := func(name string, value reflect.Value) error {
		out.WriteString(opening(first, "{", ",") + strconv.Quote(name) + ":")
		first = false
		return writeInternal(out, value)
	}
	fields = func(value reflect.Value) error {
		kind := value.Type()
		for i := range value.NumField() {
			name, member := kind.Field(i).Name, value.Field(i)
			switch {
			case kind.Field(i).Anonymous && kind.Field(i).Type.PkgPath() == metaPackage:
				text, err := json.Marshal(member.Interface())
				if inside := bytes.Trim(text, "{}"); err != nil || len(inside) == 0 {
					continue
				}
				out.WriteString(opening(first, "{", ","))
				out.Write(text[1 : len(text)-1])
				first = false
				continue
			case kind.Field(i).Anonymous:
				if err := fields(member); err != nil {
					return err
				}
				continue
			case isMoved(kind, name):
				continue
			case slices.Contains(neverAbsent[kind], name) && member.IsNil():
				member = reflect.Zero(member.Type().Elem())
			}
			if err := write(name, member); err != nil {
				return err
			}
			if next := moved[kind][name]; next != "" {
				if err := write(next, value.FieldByName(next)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := fields(value)
	out.WriteString(opening(first, "{}", "}"))
	return err
}

func isMoved(kind reflect.Type, name string) bool {
	for _, one := range moved[kind] {
		if one == name {
			return true
		}
	}
	return false
}

func writeJSON(out *bytes.Buffer, value any) error {
	text, err := json.Marshal(value)
	out.Write(text)
	return err
}

func opening(first bool, open, next string) string {
	if first {
		return open
	}
	return next
}

// unversionedPodSpec has the fields of upstream's unversioned PodSpec, in their order.
type unversionedPodSpec struct {
	Volumes                       []corev1.Volume
	InitContainers                []corev1.Container
	Containers                    []corev1.Container
	EphemeralContainers           []corev1.EphemeralContainer
	RestartPolicy                 corev1.RestartPolicy
	TerminationGracePeriodSeconds *int64
	ActiveDeadlineSeconds         *int64
	DNSPolicy                     corev1.DNSPolicy
	NodeSelector                  map[string]string
	ServiceAccountName            string
	AutomountServiceAccountToken  *bool
	NodeName                      string
	SecurityContext               unversionedPodSecurity
	ImagePullSecrets              []corev1.LocalObjectReference
	Hostname                      string
	Subdomain                     string
	SetHostnameAsFQDN             *bool
	Affinity                      *corev1.Affinity
	SchedulerName                 string
	Tolerations                   []corev1.Toleration
	HostAliases                   []corev1.HostAlias
	PriorityClassName             string
	Priority                      *int32
	PreemptionPolicy              *corev1.PreemptionPolicy
	DNSConfig                     *corev1.PodDNSConfig
	ReadinessGates                []corev1.PodReadinessGate
	RuntimeClassName              *string
	Overhead                      corev1.ResourceList
	EnableServiceLinks            *bool
	TopologySpreadConstraints     []corev1.TopologySpreadConstraint
	OS                            *corev1.PodOS
	SchedulingGates               []corev1.PodSchedulingGate
	ResourceClaims                []corev1.PodResourceClaim
	Resources                     *corev1.ResourceRequirements
	HostnameOverride              *string
	SchedulingGroup               *corev1.PodSchedulingGroup
}

// unversionedPodSecurity holds the fields that v1 has directly in the spec, and then those of v1.
type unversionedPodSecurity struct {
	HostNetwork, HostPID, HostIPC bool
	ShareProcessNamespace         *bool
	HostUsers                     *bool
	corev1.PodSecurityContext
}

func internalPodSpec(spec corev1.PodSpec) unversionedPodSpec {
	security := unversionedPodSecurity{
		HostNetwork: spec.HostNetwork, HostPID: spec.HostPID, HostIPC: spec.HostIPC,
		ShareProcessNamespace: spec.ShareProcessNamespace, HostUsers: spec.HostUsers,
	}
	if spec.SecurityContext != nil {
		security.PodSecurityContext = *spec.SecurityContext
	}
	return unversionedPodSpec{
		Volumes: spec.Volumes, InitContainers: spec.InitContainers, Containers: spec.Containers,
		EphemeralContainers: spec.EphemeralContainers, RestartPolicy: spec.RestartPolicy,
		TerminationGracePeriodSeconds: spec.TerminationGracePeriodSeconds, ActiveDeadlineSeconds: spec.ActiveDeadlineSeconds,
		DNSPolicy: spec.DNSPolicy, NodeSelector: spec.NodeSelector, ServiceAccountName: spec.ServiceAccountName,
		AutomountServiceAccountToken: spec.AutomountServiceAccountToken, NodeName: spec.NodeName, SecurityContext: security,
		ImagePullSecrets: spec.ImagePullSecrets, Hostname: spec.Hostname, Subdomain: spec.Subdomain,
		SetHostnameAsFQDN: spec.SetHostnameAsFQDN, Affinity: spec.Affinity, SchedulerName: spec.SchedulerName,
		Tolerations: spec.Tolerations, HostAliases: spec.HostAliases, PriorityClassName: spec.PriorityClassName,
		Priority: spec.Priority, PreemptionPolicy: spec.PreemptionPolicy, DNSConfig: spec.DNSConfig,
		ReadinessGates: spec.ReadinessGates, RuntimeClassName: spec.RuntimeClassName, Overhead: spec.Overhead,
		EnableServiceLinks: spec.EnableServiceLinks, TopologySpreadConstraints: spec.TopologySpreadConstraints,
		OS: spec.OS, SchedulingGates: spec.SchedulingGates, ResourceClaims: spec.ResourceClaims, Resources: spec.Resources,
		HostnameOverride: spec.HostnameOverride, SchedulingGroup: spec.SchedulingGroup,
	}
}
