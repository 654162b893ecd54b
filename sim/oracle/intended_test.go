package oracle

import (
	"regexp"
	"slices"

	"github.com/stsim/stsim/sim/api"
)

// unjudged is something of which the API of the simulator says less than upstream's.
type unjudged struct {
	kinds  string // an expression
	causes string // an expression, of "type field: text"
	reason string
}

// intended are all differences that are meant to be. Between the controllers there are none.
var intended = []unjudged{
	{`.`, `^\S+ metadata\.generateName`, "once an object has its name, nobody reads what it was generated from"},
	{`.`, `^\S+ \S*(windowsOptions|securityContext\.(sysctls|seLinuxChangePolicy))|hostProcess|HostProcess`,
		"no simulated program can tell Windows options, sysctls or SELinux"},
	{`.`, `^\S+ \S*([rR]esourceClaim|schedulingGroup)`, "devices and gangs are not simulated"},
	{`.`, `^\S+ \S*\.([a-zA-Z]*[pP]ersistentDisk|awsElasticBlockStore|rbd|iscsi|fc|flexVolume|cinder|cephfs|cephFS|flocker|azureFile|azureDisk|quobyte|vsphereVolume|` +
		`portworxVolume|scaleIO|storageos|glusterfs)\b|iscsi\.`, "the insides of volumes whose plugins Kubernetes has removed are not read"},
	{`^Node$`, `^\S+ (spec\.configSource|status\.(config|declaredFeatures))`, "the kubelets are configured by nobody and have no features to declare"},
	{`^VolumeAttachment$`, `^\S+ (spec\.source\.(inlineVolumeSpec|persistentVolumeName)|status)`, "attachments come from the simulator's own loop"},
	{`^Job$`, `^\S+ (status|metadata\.name|spec\.(podFailurePolicy|podReplacementPolicy|successPolicy|backoffLimitPerIndex|maxFailedIndexes|managedBy))|podFailurePolicy`,
		"Jobs with such policies are not run, and stsim says so; the status comes from the simulator's own loop"},
	{`^(HorizontalPodAutoscaler|Ingress|NetworkPolicy|LimitRange|ResourceQuota|CronJob)$`, `.`, "these are kept and do nothing, and stsim says so"},
}

// judged are the causes that are to be the same.
func judged(kind *api.Kind, causes []string) []string {
	return slices.DeleteFunc(causes, func(cause string) bool {
		return slices.ContainsFunc(intended, func(one unjudged) bool {
			return regexp.MustCompile(one.kinds).MatchString(kind.Kind) && regexp.MustCompile(one.causes).MatchString(cause)
		})
	})
}
