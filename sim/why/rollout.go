package why

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/stsim/stsim/sim/api"
)

// rollout is about Pods that are not at the update revision although nothing is wrong with them.
func (a *asker) rollout(set *appsv1.StatefulSet) {
	update := a.updateRevision(set)
	var old []string
	for ordinal := first(set); ordinal < first(set)+replicas(set); ordinal++ {
		if pod, found := a.podOf(set, ordinal); found && revisionOf(pod) != update {
			old = append(old, pod.Name)
		}
	}
	if len(old) == 0 || update == "" {
		return
	}
	if set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType {
		a.say(fmt.Sprintf("with the strategy OnDelete the controller replaces no Pod that nobody deletes; behind the update revision %s: %s", update, list(old)),
			of(set), "error: rollout status is only available for RollingUpdate strategy type (kubectl/pkg/polymorphichelpers/rollout_status.go)",
			a.kubectl(set.Namespace, "delete pod %s", strings.Join(old, " ")))
		return
	}
	end := first(set) + partition(set)
	if ordinalOf(set, old[len(old)-1]) < end {
		a.say(fmt.Sprintf("the rollout has reached its partition: below ordinal %d Pods stay at revision %s: %s", end, set.Status.CurrentRevision, list(old)),
			of(set), fmt.Sprintf("partitioned roll out complete: %d new pods have been updated... (kubectl/pkg/polymorphichelpers/rollout_status.go)", replicas(set)-len(old)),
			a.kubectl(set.Namespace, `patch statefulset %s -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`, set.Name))
		return
	}
	next := old[len(old)-1]
	what := "one Pod at a time"
	if a.settings.Release.Enabled(api.MaxUnavailableStatefulSet) {
		what = "at most maxUnavailable Pods at a time"
	}
	a.say(fmt.Sprintf("the rollout goes on with Pod %s, from the highest ordinal down, %s", next, what), "", "", "")
}

func partition(set *appsv1.StatefulSet) int {
	rolling := set.Spec.UpdateStrategy.RollingUpdate
	if rolling == nil || rolling.Partition == nil {
		return 0
	}
	return int(*rolling.Partition)
}

// list prints names, the first few of many.
func list(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
