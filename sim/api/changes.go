package api

// Change is something that clusters do otherwise since a release. The releases before it do as Before says, to the oldest that is simulated.
type Change struct {
	Minor  int    // the release 1.Minor is the first
	Name   string // in a few words, unique
	Before string // what the release before does
	Since  string // what this release does
}

// Changes are what differs between the simulated releases from 1.27 on, where it concerns StatefulSets, their Pods and what people read about them. Texts of
// events that only changed their words stand for themselves.
func Changes() []Change {
	return []Change{
		{27, "claim retention", "persistentVolumeClaimRetentionPolicy is dropped", "persistentVolumeClaimRetentionPolicy says which claims go"},
		{27, "start ordinal", "ordinals is dropped", "ordinals.start is the first ordinal"},
		{27, "crash loop text", "Back-off restarting failed container", "Back-off restarting failed container NAME in pod POD_NAMESPACE(UID)"},
		{28, "pod index", "a Pod's ordinal stands in its name only", "the label apps.kubernetes.io/pod-index has it"},
		{29, "sandbox condition", "nothing tells of a Pod's sandbox", "the condition PodReadyToStartContainers does"},
		{29, "eviction source", "taint-controller tells of evictions", "taint-eviction-controller does"},
		{30, "pulled text", "the event Pulled has no size", "the event Pulled has the size of the image"},
		{31, "volume mounts", "a container's status says nothing of its mounts", "it has volumeMounts"},
		{32, "node grace period", "a node may be silent for 40 s", "it may for 50 s"},
		{32, "pull back-off text", "a container that waits for its image does not say why", "its message has the error of the last attempt"},
		{33, "no service name", "spec.serviceName is required in manifests, and any text is taken", "it may be left out, and must not contain dots"},
		{33, "revision history", "revisionHistoryLimit is immutable", "it can be changed"},
		{33, "managed endpoints", "Endpoints have the labels of their Service", "they also have endpoints.kubernetes.io/managed-by"},
		{34, "minReadySeconds in rollouts", "with Parallel the next Pod is replaced when the last one is Ready", "when it has been Ready for minReadySeconds"},
		{34, "minReadySeconds in scale-in", "a Pod that is Ready, and not for minReadySeconds, is deleted when it has been", "it is deleted at once if it is the first that is not available"},
		{34, "semantic revisions", "a template that was written in another way is a new revision", "it is the same revision when it means the same"},
		{34, "claim templates", "volumeClaimTemplates are not looked into", "they are validated when the set is created"},
		{34, "observed generation", "a Pod's status has no observedGeneration", "it has"},
		{35, "event capitals", "create Pod web-0 in StatefulSet web successful", "Create Pod web-0 in StatefulSet web successful"},
		{35, "container events", "Created container: nginx", "Container created"},
		{35, "taints of nodes", "node(s) had untolerated taint {KEY: VALUE}", "node(s) had untolerated taint(s)"},
		{36, "gone pods", "deleting a Pod that is gone already is a failure", "it is a success"},
		{36, "service names", "the name of a Service begins with a letter", "it may begin with a digit"},
	}
}
