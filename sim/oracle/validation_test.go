package oracle

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	genericapirequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/capabilities"

	"github.com/stsim/stsim/sim/api"
)

// request is a create or an update that may be refused. Like a story it is data: the seeds of changes that get their meaning from the object they meet.
type request struct {
	valid       api.Object
	subresource string // of an update
	update      bool
	before      []uint64 // changes of the stored object, if it stays valid
	changes     []uint64
}

// TestValidation compares what the API says of generated objects, valid ones and others: in creates and in updates of all kinds and their subresources.
func TestValidation(t *testing.T) {
	klog.SetLogger(logr.Discard())
	capabilities.Setup(true, 0) // as kubeadm sets the API server up
	must(utilfeature.DefaultMutableFeatureGate.Set(fmt.Sprintf("%s=false,%s=true", gates[0], gates[1])))
	objects := validObjects(t)
	m := newMutator(objects)
	byKind := map[string][]api.Object{}
	var order []string
	for _, object := range objects {
		name := api.KindOf(object).Kind
		if byKind[name] == nil {
			order = append(order, name)
		}
		byKind[name] = append(byKind[name], object)
	}
	for _, kind := range api.Kinds() {
		if byKind[kind.Kind] == nil {
			t.Errorf("testdata/valid.yaml has no %s", kind.Kind)
		}
	}
	for _, name := range order {
		t.Run(name, func(t *testing.T) { compareKind(t, m, api.KindNamed(name), byKind[name]) })
	}
}

func compareKind(t *testing.T, m *mutator, kind *api.Kind, objects []api.Object) {
	ways := []string{"create", "update"}
	for _, subresource := range kind.Subresources {
		if subresources[kind.Kind+"/"+subresource.Name] != nil {
			ways = append(ways, subresource.Name)
		}
	}
	number := *requests
	if kind.Kind == "Pod" || kind.Kind == "StatefulSet" {
		number *= 4
	}
	chance := rand.New(rand.NewPCG(*seed, 4))
	told := map[string]bool{}
	for i := range number {
		r := request{valid: objects[i%len(objects)]}
		switch way := ways[i/len(objects)%len(ways)]; way {
		case "create":
		case "update":
			r.update = true
		default:
			r.update, r.subresource = true, way
		}
		for range 1 + chance.IntN(3) {
			r.changes = append(r.changes, chance.Uint64())
		}
		if r.update && chance.IntN(3) == 0 {
			r.before = append(r.before, chance.Uint64())
		}
		difference, _ := r.compare(m)
		if difference == "" {
			continue
		}
		difference, story := r.shorten(m).compare(m)
		if sign := signature(difference); !told[sign] {
			told[sign] = true
			t.Errorf("- ours, + upstream\n%s%s", story, difference)
		}
		if len(told) >= *most {
			return
		}
	}
}

// signature is a difference without the values in it.
func signature(difference string) string {
	var lines []string
	for line := range strings.Lines(difference) {
		if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+") {
			lines = append(lines, noise.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(lines, "")
}

var claimVolume = regexp.MustCompile(`^(\S+ spec\.template\.spec\.volumes\[)[0-9]+]`)

var noise = regexp.MustCompile(`"[^"]*"|[0-9]+|\[[^\]]*\]`)

func (r request) shorten(m *mutator) request {
	drop := func(seeds []uint64, with func(less []uint64) request) {
		for i := 0; i < len(seeds); {
			candidate := with(slices.Delete(slices.Clone(seeds), i, i+1))
			if difference, _ := candidate.compare(m); difference != "" {
				r, seeds = candidate, slices.Delete(slices.Clone(seeds), i, i+1)
			} else {
				i++
			}
		}
	}
	drop(r.before, func(less []uint64) request { shorter := r; shorter.before = less; return shorter })
	drop(r.changes, func(less []uint64) request { shorter := r; shorter.changes = less; return shorter })
	return r
}

// compare gives how the answers differ, and tells what was asked.
func (r request) compare(m *mutator) (difference, story string) {
	kind := api.KindOf(r.valid)
	object := api.Copy(r.valid)
	story = fmt.Sprintf("%s %s\n", kind.Kind, object.GetName())
	note := func(format string, args ...any) { story += "    " + fmt.Sprintf(format, args...) + "\n" }
	object.SetUID("uid")
	object.SetCreationTimestamp(metav1.NewTime(worldStart))
	var old api.Object
	if r.update {
		for _, seed := range r.before {
			changed := api.Copy(object)
			what := m.mutate(changed, seed, r.subresource == "status")
			changed.SetUID("uid")
			if changed = asSent(changed); changed != nil && changed.GetName() == object.GetName() && r.storable(kind, changed, object) {
				object = changed
				note("stored: %s", what)
			}
		}
		object = asStored(object)
		old = api.Copy(object)
		note("update of %q", r.subresource)
	}
	for _, seed := range r.changes {
		note("%s", m.mutate(object, seed, r.subresource == "status"))
	}
	if object = asSent(object); object == nil {
		return "", story
	}
	object.SetUID("uid")
	if r.update {
		object.SetName(r.valid.GetName()) // a request for another object is refused before
	}
	sent := api.Copy(object)
	foresee(sent, old, r.subresource)
	theirs := answerOfUpstream(kind, sent, old, r.subresource)
	if len(theirs) == 1 && strings.HasPrefix(theirs[0], "skip: ") {
		return "", story
	}
	ours := judged(kind, ourAnswer(kind, object, old, r.subresource))
	theirs = judged(kind, theirs)
	if kind.Kind == "StatefulSet" { // upstream looks at the volumes of claims in the order of a map
		for _, causes := range [][]string{ours, theirs} {
			for i := range causes {
				causes[i] = claimVolume.ReplaceAllString(causes[i], "$1*]")
			}
			slices.Sort(causes)
		}
	}
	return onlyIn(ours, theirs, "-") + onlyIn(theirs, ours, "+"), story
}

// storable says whether the object may be what is stored before an update.
func (r request) storable(kind *api.Kind, object, valid api.Object) bool {
	if r.subresource == "status" {
		return len(answerOfUpstream(kind, asStored(object), asStored(valid), "status")) == 0
	}
	return len(answerOfUpstream(kind, api.Copy(object), nil, "")) == 0
}

// foresee does to the object what happens to it upstream before its kind's strategy sees it, and here elsewhere.
func foresee(object, old api.Object, subresource string) {
	switch object := object.(type) {
	case *corev1.Service: // storage fills in addresses and ports
		prepare(object, old, subresource)
		if spec := &object.Spec; spec.Type == corev1.ServiceTypeLoadBalancer && spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal && spec.HealthCheckNodePort == 0 {
			spec.HealthCheckNodePort = 32000
		}
	case *corev1.Pod: // admission keeps the priority
		if before, ok := old.(*corev1.Pod); ok && object.Spec.Priority == nil {
			object.Spec.Priority = before.Spec.Priority
		}
		if before, ok := old.(*corev1.Pod); ok && object.Spec.PreemptionPolicy == nil {
			object.Spec.PreemptionPolicy = before.Spec.PreemptionPolicy
		}
	}
}

func onlyIn(some, others []string, mark string) (lines string) {
	for _, line := range some {
		if !slices.Contains(others, line) {
			lines += mark + " " + line + "\n"
		}
	}
	return lines
}

// asStored is a valid object as it is when it has been created and has got its status.
func asStored(object api.Object) api.Object {
	stored := api.Copy(object)
	api.Release{}.Default(stored)
	status := reflect.ValueOf(stored).Elem().FieldByName("Status")
	if status.IsValid() {
		status = deepCopy(status)
	}
	api.Release{}.PrepareForCreate(stored)
	if status.IsValid() {
		reflect.ValueOf(stored).Elem().FieldByName("Status").Set(status)
	}
	if subresources[api.KindOf(stored).Kind+"/status"] != nil {
		api.Release{}.PrepareForUpdate(stored, api.Copy(stored), "status")
	}
	stored.SetResourceVersion("1")
	return stored
}

func ourAnswer(kind *api.Kind, object, old api.Object, subresource string) []string {
	prepare(object, old, subresource)
	if old == nil {
		return causes(kind.Invalid(object.GetName(), api.Release{}.Validate(object)))
	}
	return causes(kind.Invalid(object.GetName(), api.Release{}.ValidateUpdate(object, old, subresource)))
}

func prepare(object, old api.Object, subresource string) {
	api.Release{}.Default(object)
	if old == nil {
		api.Release{}.PrepareForCreate(object)
	} else {
		api.Release{}.PrepareForUpdate(object, old, subresource)
	}
}

// answerOfUpstream is what upstream's strategy of the kind says. What it cannot judge at all starts with "skip: ".
func answerOfUpstream(kind *api.Kind, object, old api.Object, subresource string) (answer []string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			answer = []string{fmt.Sprint("skip: panic: ", trouble)}
		}
	}()
	ctx := genericapirequest.WithNamespace(context.Background(), object.GetNamespace())
	ctx = genericapirequest.WithRequestInfo(ctx, &genericapirequest.RequestInfo{
		IsResourceRequest: true, APIGroup: kind.Group, APIVersion: kind.Version, Resource: kind.Resource, Subresource: subresource,
	})
	judged, err := internalOf(kind, object)
	if err != nil {
		return []string{"skip: " + err.Error()}
	}
	if old == nil {
		return causes(rest.BeforeCreate(strategies[kind.Kind], ctx, judged))
	}
	before, err := internalOf(kind, old)
	if err != nil {
		return []string{"skip: " + err.Error()}
	}
	var strategy rest.RESTUpdateStrategy = strategies[kind.Kind]
	if subresource != "" {
		strategy = subresources[kind.Kind+"/"+subresource]
	}
	return causes(rest.BeforeUpdate(strategy, ctx, judged, before))
}

func internalOf(kind *api.Kind, object api.Object) (runtime.Object, error) {
	object = api.Copy(object)
	legacyscheme.Scheme.Default(object)
	return legacyscheme.Scheme.ConvertToVersion(object, schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal})
}

// causes are what was found wrong, each once and in order.
func causes(err error) (list []string) {
	var status *apierrors.StatusError
	switch {
	case err == nil:
		return nil
	case !apierrors.IsInvalid(err) || !errors.As(err, &status):
		return []string{"skip: " + err.Error()} // not a matter of validation
	}
	for _, cause := range status.ErrStatus.Details.Causes {
		list = append(list, strings.ReplaceAll(fmt.Sprintf("%s %s: %s", cause.Type, cause.Field, cause.Message), "\n", `\n`))
	}
	slices.Sort(list)
	return slices.Compact(list)
}
