package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Differences says what have lacks, or has too much, to be as want. Both have come from base by what somebody did and the time that passed. An
// object that was made anew since then is not the same as one that was not, and a container that was restarted is not the same as one that was not.
func Differences(base, want, have store.View, settings *api.Settings) []Change {
	wanted, found := portrait(base, want, settings), portrait(base, have, settings)
	var changes []Change
	tell := func(subject subject, text string) {
		changes = append(changes, Change{subject.kind, subject.namespace, subject.name, text})
	}
	for _, subject := range wanted.order {
		is, there := found.of[subject]
		if !there {
			tell(subject, "is missing")
			continue
		}
		should := wanted.of[subject]
		paths := differing(should, is)
		var texts []string
		for _, path := range paths[:min(len(paths), maxTold)] {
			texts = append(texts, lacks(path, should, is))
		}
		if more := len(paths) - maxTold; more > 0 {
			texts = append(texts, "and "+counted(more, "more difference", "more differences"))
		}
		if len(texts) > 0 {
			tell(subject, strings.Join(texts, ", "))
		}
	}
	for _, subject := range found.order {
		if _, should := wanted.of[subject]; !should {
			tell(subject, "should not be there")
		}
	}
	return changes
}

// lacks says what is wrong with a value.
func lacks(path string, should, is fields) string {
	value, had := is[path]
	wished, has := should[path]
	switch {
	case path == made:
		return "should " + pick(wished == anew, "", "not ") + "have been made anew"
	case path == restarted:
		return "its containers should " + pick(has, "", "not ") + "have been restarted"
	case !had && told(wished, has) == "...":
		return path + " is missing"
	case told(value, had) == "..." || told(wished, has) == "...":
		return path + " should be another"
	}
	return path + " is " + told(value, had) + ", and should be " + told(wished, has)
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// Fields of a portrait that are no fields of an object.
const (
	made      = "made" // "before", or anew
	anew      = "anew"
	restarted = "restarted"
	state     = "state"
	addresses = "number of addresses"
)

// subject is what a field of a portrait is about.
type subject struct{ kind, namespace, name string }

// picture is a cluster without what differs from run to run.
type picture struct {
	order []subject
	of    map[subject]fields
}

func (p *picture) add(who subject, about fields) {
	if _, twice := p.of[who]; twice { // of those that the cluster has named, one is as good as the other
		for i := 2; twice; i++ {
			who.name = strings.SplitN(who.name, " ", 2)[0] + fmt.Sprintf(" (%d)", i)
			_, twice = p.of[who]
		}
	}
	p.order = append(p.order, who)
	p.of[who] = about
}

func portrait(base, view store.View, settings *api.Settings) *picture {
	p := &picture{of: map[subject]fields{}}
	for _, kind := range toldKinds() {
		for object := range view.Objects(kind, "") {
			if isOwn(object) {
				continue
			}
			about := essentials(object)
			if before, was := base.Object(kind, object.GetNamespace(), object.GetName()); was {
				about[made] = pick(before.GetUID() == object.GetUID(), "before", anew)
				if restarts(object) > restarts(before) && before.GetUID() == object.GetUID() {
					about[restarted] = "yes"
				}
			}
			p.add(subject{kind.Kind, object.GetNamespace(), lastingName(object)}, about)
		}
	}
	trees := treesOf(view)
	for _, key := range slices.Sorted(maps.Keys(trees)) {
		namespace, name, _ := strings.Cut(key, "/")
		about := fields{}
		for path, content := range filesOf(trees[key]) {
			about[path[1:]] = content
		}
		p.add(subject{"Volume of claim", namespace, name}, about)
	}
	names := namesOf(view, settings)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p.add(subject{"Name", "", name}, fields{addresses: fmt.Sprint(len(names[name]))})
	}
	return p
}

// lastingName is a name without what the cluster has made up.
func lastingName(object api.Object) string {
	name, hash := object.GetName(), object.GetLabels()[appsv1.DefaultDeploymentUniqueLabelKey]
	if generated := object.GetGenerateName(); generated != "" && object.GetLabels()[appsv1.StatefulSetPodNameLabel] == "" {
		name = generated + "*"
	}
	if hash != "" {
		return strings.Replace(name, "-"+hash, "-*", 1)
	}
	if name != object.GetName() {
		return name
	}
	return called(object)
}

func restarts(object api.Object) (sum int32) {
	if pod, is := object.(*corev1.Pod); is {
		for _, status := range pod.Status.ContainerStatuses {
			sum += status.RestartCount
		}
	}
	return sum
}

// essentials are the fields of an object that do not differ from run to run, and its state.
func essentials(object api.Object) fields {
	about := fieldsOf(object)
	for path := range about { // in any order: each by itself
		switch lasting, alike := lasts(object, path, about[path]); {
		case !lasting:
			delete(about, path)
		case alike:
			about[path] = "set"
		}
	}
	var states []string
	for _, fact := range factsOf(object) {
		if fact.label != "restarts:" {
			states = append(states, fact.String())
		}
	}
	if len(states) > 0 {
		about[state] = strings.Join(states, ", ")
	}
	return about
}

// lasts says whether a field is what somebody asked for, and whether only that it has a value counts, because the cluster or the clock gives it.
func lasts(object api.Object, path, value string) (lasting, alike bool) {
	switch object.(type) {
	case *corev1.Pod:
		revision := path == "label "+appsv1.ControllerRevisionHashLabelKey || path == "label "+appsv1.DefaultDeploymentUniqueLabelKey
		return strings.HasPrefix(path, "label ") || strings.HasSuffix(path, ".image"), revision
	case *appsv1.ReplicaSet:
		return !strings.Contains(path, appsv1.DefaultDeploymentUniqueLabelKey), false
	case *corev1.Service:
		given := path == "clusterIP" || strings.HasPrefix(path, "clusterIPs[") || path == "healthCheckNodePort"
		return !given || value == corev1.ClusterIPNone, strings.HasSuffix(path, ".nodePort")
	case *corev1.PersistentVolumeClaim:
		return path != "volumeName", false
	case *corev1.PersistentVolume:
		asked := []string{"claimRef.name", "claimRef.namespace", "storageClassName", "persistentVolumeReclaimPolicy", "capacity.storage"}
		return slices.Contains(asked, path), false
	case *corev1.Node:
		return !strings.HasSuffix(path, ".timeAdded"), false
	}
	return true, strings.HasSuffix(path, "kubectl.kubernetes.io/restartedAt")
}
