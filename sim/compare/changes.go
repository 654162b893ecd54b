package compare

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// Change is one thing that is different.
type Change struct {
	Kind      string // of the object: "Pod"; also "Name" (in DNS) and "Volume of claim"
	Namespace string // empty for what has none, and for names in DNS
	Name      string
	Text      string // "created, Running, Ready"
}

// maxTold is how many fields, or files, of one object are told.
const maxTold = 3

// Changes tells what has become of a cluster between two instants: objects first, then what is in volumes, then names in DNS.
func Changes(before, after store.View, settings *api.Settings) []Change {
	var changes []Change
	for _, kind := range toldKinds() {
		changes = append(changes, changesOf(kind, before, after)...)
	}
	changes = append(changes, fileChanges(before, after)...)
	return append(changes, nameChanges(namesOf(before, settings), namesOf(after, settings))...)
}

// changesOf are those of one kind, by name.
func changesOf(kind *api.Kind, before, after store.View) (changes []Change) {
	gone := map[string]api.Object{}
	for object := range before.Objects(kind, "") {
		if !isOwn(object) {
			gone[object.GetNamespace()+"/"+object.GetName()] = object
		}
	}
	tell := func(object api.Object, text string) {
		changes = append(changes, Change{kind.Kind, object.GetNamespace(), called(object), text})
	}
	for object := range after.Objects(kind, "") {
		key := object.GetNamespace() + "/" + object.GetName()
		old, was := gone[key]
		delete(gone, key)
		switch {
		case isOwn(object) || was && old == object:
		case !was:
			tell(object, strings.Join(append([]string{"created"}, news(object)...), ", "))
		case old.GetUID() != object.GetUID():
			tell(object, strings.Join(append([]string{"made anew"}, append(news(object), moved(old, object)...)...), ", "))
		default:
			if text := strings.Join(append(changedFields(old, object), changedFacts(old, object)...), ", "); text != "" {
				tell(object, text)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(gone)) {
		tell(gone[key], "gone")
	}
	if kind.Kind == "PersistentVolume" { // which are called by their claims
		slices.SortStableFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	}
	return changes
}

// news is what is told of an object that is new.
func news(object api.Object) (texts []string) {
	if service, is := object.(*corev1.Service); is {
		switch {
		case service.Spec.ClusterIP == corev1.ClusterIPNone:
			return []string{"headless"}
		case service.Spec.ClusterIP != "":
			return []string{"at " + service.Spec.ClusterIP}
		}
	}
	for _, fact := range factsOf(object) {
		if fact.value != "" {
			texts = append(texts, fact.String())
		}
	}
	return texts
}

// moved says so of a Pod that has come back on another machine.
func moved(before, after api.Object) []string {
	old, is := before.(*corev1.Pod)
	now, too := after.(*corev1.Pod)
	if !is || !too || old.Spec.NodeName == now.Spec.NodeName || now.Spec.NodeName == "" || old.Spec.NodeName == "" {
		return nil
	}
	return []string{"on " + now.Spec.NodeName + " instead of " + old.Spec.NodeName}
}

// changedFields are what somebody has asked for otherwise. Of a Pod that is the same still, nobody can ask for much; of a volume nobody does.
func changedFields(before, after api.Object) (texts []string) {
	old, now := fieldsOf(before), fieldsOf(after)
	paths := slices.DeleteFunc(differing(old, now), func(path string) bool {
		switch after.(type) {
		case *corev1.Pod:
			return path == "nodeName" || strings.HasPrefix(path, "tolerations[") || strings.HasPrefix(path, "annotation ")
		case *corev1.PersistentVolumeClaim:
			return path == "volumeName"
		case *corev1.PersistentVolume:
			return strings.HasPrefix(path, "claimRef.")
		case *corev1.Node:
			return path == "unschedulable" // the status says it
		}
		return false
	})
	for _, path := range paths[:min(len(paths), maxTold)] {
		was, had := old[path]
		is, has := now[path]
		switch {
		case told(was, had) == "..." || told(is, has) == "...":
			texts = append(texts, path+" changed")
		default:
			texts = append(texts, path+" "+told(was, had)+" -> "+told(is, has))
		}
	}
	if more := len(paths) - maxTold; more > 0 {
		texts = append(texts, "and "+counted(more, "more field", "more fields"))
	}
	return texts
}

// changedFacts are what has become of an object.
func changedFacts(before, after api.Object) (texts []string) {
	old, now := factsOf(before), factsOf(after)
	value := func(facts []fact, label string) string {
		for _, fact := range facts {
			if fact.label == label {
				return fact.value
			}
		}
		return ""
	}
	for _, fact := range now {
		switch was := value(old, fact.label); was {
		case fact.value:
		case "":
			texts = append(texts, fact.String())
		default:
			texts = append(texts, strings.TrimPrefix(fact.label+" ", " ")+was+" -> "+fact.value)
		}
	}
	return texts
}

// fileChanges are those of volumes that were there before and are there still.
func fileChanges(before, after store.View) (changes []Change) {
	old, now := treesOf(before), treesOf(after)
	for _, key := range slices.Sorted(maps.Keys(now)) {
		was, had := old[key]
		if had && was.Same(now[key]) {
			continue
		}
		files := filesOf(now[key])
		removed := filesOf(was)
		var texts []string
		for _, path := range slices.Sorted(maps.Keys(files)) {
			content, was := removed[path]
			delete(removed, path)
			switch {
			case !was:
				texts = append(texts, path[1:]+" written"+shown(files[path]))
			case content != files[path]:
				texts = append(texts, path[1:]+" changed"+shown(files[path]))
			}
		}
		for _, path := range slices.Sorted(maps.Keys(removed)) {
			texts = append(texts, path[1:]+" removed")
		}
		if more := len(texts) - maxTold; more > 0 {
			texts = append(texts[:maxTold], "and "+counted(more, "more file", "more files"))
		}
		if namespace, name, _ := strings.Cut(key, "/"); len(texts) > 0 {
			changes = append(changes, Change{"Volume of claim", namespace, name, strings.Join(texts, ", ")})
		}
	}
	return changes
}

// shown is what a file holds, if that is a few words.
func shown(content string) string {
	if text := told(strings.TrimSuffix(content, "\n"), true); text != "..." {
		return ": " + text
	}
	return ""
}

// nameChanges tell of names that there were not, are no longer, or lead elsewhere.
func nameChanges(old, now map[string][]string) (changes []Change) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		was, is := old[name], now[name]
		text := ""
		switch {
		case slices.Equal(was, is):
		case len(was) == 0 && len(is) == 1:
			text = "in DNS now"
		case len(was) == 0:
			text = fmt.Sprintf("in DNS now, with %d addresses", len(is))
		case len(was) != len(is):
			text = fmt.Sprintf("%s instead of %d", counted(len(is), "address", "addresses"), len(was))
		case len(is) == 1:
			text = was[0] + " -> " + is[0]
		default:
			text = "other addresses"
		}
		if text != "" {
			changes = append(changes, Change{Kind: "Name", Name: name, Text: text})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if len(now[name]) == 0 {
			changes = append(changes, Change{Kind: "Name", Name: name, Text: "no longer in DNS"})
		}
	}
	return changes
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
