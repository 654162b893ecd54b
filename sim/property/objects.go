package property

import (
	"fmt"
	"go/ast"
	"go/token"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// kindOf finds a kind by what people call it: singular, plural, short, or as in a manifest.
func kindOf(name string) *api.Kind {
	for _, kind := range api.Kinds() {
		if slices.Contains(wordsOf(kind), name) || name == kind.Kind {
			return kind
		}
	}
	return nil
}

func wordsOf(kind *api.Kind) []string {
	return append([]string{kind.Singular, kind.Resource}, kind.ShortNames...)
}

func kindWords() (words []string) {
	for _, kind := range api.Kinds() {
		words = append(words, wordsOf(kind)...)
	}
	return words
}

// goType is the Go type of values of a sort, for what a list holds.
func goType(s sort) reflect.Type {
	switch s {
	case number:
		return reflect.TypeFor[int64]()
	case truth:
		return reflect.TypeFor[bool]()
	}
	return reflect.TypeFor[string]()
}

func objectShape(kind *api.Kind) shape {
	return shape{sort: record, of: reflect.TypeOf(kind.New()).Elem()}
}

func listShape(kind *api.Kind) shape {
	return shape{sort: list, of: reflect.TypeOf(kind.New()).Elem()}
}

func valueOfObject(object api.Object) any { return reflect.ValueOf(object).Elem() }

// home is the namespace in which objects of a kind are looked for.
func (m *moment) home(kind *api.Kind) string {
	if kind.Namespaced {
		return m.namespace
	}
	return ""
}

// allOf is a kind's name alone: all its objects.
func (c *compiler) allOf(kind *api.Kind) *expression {
	return &expression{shape: listShape(kind), eval: func(m *moment) (any, error) { return m.selected(kind, labels.Everything()) }}
}

func (m *moment) selected(kind *api.Kind, selector labels.Selector) (any, error) {
	all := []any{}
	for object := range m.view.Objects(kind, m.home(kind)) {
		if err := m.look(1); err != nil {
			return nil, err
		}
		if selector.Matches(labels.Set(object.GetLabels())) {
			all = append(all, valueOfObject(object))
		}
	}
	return all, nil
}

var (
	plainName  = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$`)
	kindedName = regexp.MustCompile(`^([A-Za-z]+)/([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?)$`)
)

// named reads an argument that names something, in quotes or not; not ok when it is an expression of another kind.
func (c *compiler) named(tree ast.Expr) (name string, ok bool) {
	if quoted, is := tree.(*ast.BasicLit); is && quoted.Kind == token.STRING {
		name, err := strconv.Unquote(quoted.Value)
		return name, err == nil
	}
	written := c.written(tree)
	return written, plainName.MatchString(written) || kindedName.MatchString(written)
}

// ofKind reads statefulset("web"), which is one object, and what a plural gives: the Pods of something, or objects by a selector.
func (c *compiler) ofKind(kind *api.Kind, called string, tree *ast.CallExpr) (*expression, error) {
	argument := tree.Args[0]
	name, isName := c.named(argument)
	switch {
	case kind.Kind == "Pod" && called == kind.Resource:
		return podsThat(func(*corev1.Pod) bool { return true })(c, tree)
	case isName && strings.ContainsAny(name, "=!,( "):
		selector, err := labels.Parse(name)
		if err != nil {
			return nil, c.fail(c.at(argument), "a label selector", c.written(argument), err.Error())
		}
		return &expression{shape: listShape(kind), eval: func(m *moment) (any, error) { return m.selected(kind, selector) }}, nil
	case !isName || !plainName.MatchString(name):
		return nil, c.fail(c.at(argument), "the name of one "+kind.Kind+", or a label selector in quotes", c.written(argument), "for example "+called+"(\"web\")")
	case called == kind.Resource && called != kind.Singular:
		return nil, c.fail(c.at(argument), "a label selector after a plural", c.written(argument), "one object is "+kind.Singular+"("+strconv.Quote(name)+")")
	}
	return &expression{shape: objectShape(kind), object: true, eval: func(m *moment) (any, error) {
		object, found := m.view.Object(kind, m.home(kind), name)
		if !found {
			return nil, m.missing(kind, name)
		}
		return valueOfObject(object), m.look(1)
	}}, nil
}

func (m *moment) missing(kind *api.Kind, name string) error {
	if !kind.Namespaced {
		return fmt.Errorf("there is no %s %q", kind.Kind, name)
	}
	return fmt.Errorf("there is no %s %q in namespace %s", kind.Kind, name, m.namespace)
}

// exists reads KIND/NAME or an object.
func (c *compiler) exists(tree *ast.CallExpr) (*expression, error) {
	argument := tree.Args[0]
	kind, name, err := (*api.Kind)(nil), "", error(nil)
	if call, is := argument.(*ast.CallExpr); is {
		object, err := c.expression(argument)
		if err != nil {
			return nil, err
		}
		if !object.object {
			return nil, c.wrong(argument, "one object, such as pvc(\"www-web-0\")", object, "count(...) > 0 asks whether a list has any")
		}
		kind = kindOf(word(call.Fun.(*ast.Ident)))
		name, _ = c.named(call.Args[0])
	} else if kind, name, err = c.kinded(argument); err != nil {
		return nil, err
	}
	return &expression{shape: shape{sort: truth}, eval: func(m *moment) (any, error) {
		_, found := m.view.Object(kind, m.home(kind), name)
		return found, m.look(1)
	}}, nil
}

// kinded reads KIND/NAME.
func (c *compiler) kinded(tree ast.Expr) (*api.Kind, string, error) {
	written, _ := c.named(tree)
	parts := kindedName.FindStringSubmatch(written)
	if parts == nil {
		return nil, "", c.fail(c.at(tree), "KIND/NAME or an object, such as pvc/www-web-0", c.written(tree), "")
	}
	kind := kindOf(parts[1])
	if kind == nil {
		return nil, "", c.fail(c.at(tree), "a kind before /", parts[1], didYouMean(parts[1], kindWords(), "for example pvc/www-web-0"))
	}
	return kind, parts[2], nil
}

// podsThat reads what the Pods belong to, or a list of Pods, and gives those that are asked for.
func podsThat(are func(pod *corev1.Pod) bool) func(c *compiler, tree *ast.CallExpr) (*expression, error) {
	return func(c *compiler, tree *ast.CallExpr) (*expression, error) {
		pods, err := c.pods(tree.Args[0])
		if err != nil {
			return nil, err
		}
		return &expression{shape: shape{sort: list, of: podType}, eval: func(m *moment) (any, error) {
			all, err := pods(m)
			if err != nil {
				return nil, err
			}
			found := []any{}
			for _, one := range all {
				if are(one.(reflect.Value).Addr().Interface().(*corev1.Pod)) {
					found = append(found, one)
				}
			}
			return found, m.look(len(all))
		}}, nil
	}
}

var podType = reflect.TypeFor[corev1.Pod]()

// pods reads what Pods belong to.
func (c *compiler) pods(tree ast.Expr) (func(m *moment) ([]any, error), error) {
	name, isName := c.named(tree)
	_, quoted := tree.(*ast.BasicLit)
	if !isName || !quoted && kindOf(name) != nil {
		given, err := c.elements(tree)
		if err == nil && given.shape.of != podType {
			err = c.wrong(tree, "Pods, or the name of what they belong to", given, "a name that is also a kind stands in quotes")
		}
		return func(m *moment) ([]any, error) { return m.list(given) }, err
	}
	switch {
	case plainName.MatchString(name):
		return func(m *moment) ([]any, error) { return m.podsOfName(name) }, nil
	case kindedName.MatchString(name):
		kind, name, err := c.kinded(tree)
		return func(m *moment) ([]any, error) {
			object, found := m.view.Object(kind, m.home(kind), name)
			if !found {
				return nil, m.missing(kind, name)
			}
			return m.podsOf(object)
		}, err
	}
	selector, err := labels.Parse(name)
	if err != nil {
		return nil, c.fail(c.at(tree), "a name, KIND/NAME or a label selector", c.written(tree), err.Error())
	}
	return func(m *moment) ([]any, error) { return m.podsLabelled(selector) }, nil
}

// workloads are the kinds that a name without a kind may mean.
var workloads = []*api.Kind{
	api.KindNamed("StatefulSet"), api.KindNamed("Deployment"), api.KindNamed("ReplicaSet"), api.KindNamed("DaemonSet"), api.KindNamed("Job"), api.KindNamed("ReplicationController"),
}

func (m *moment) podsOfName(name string) ([]any, error) {
	var owner api.Object
	for _, kind := range workloads {
		object, found := m.view.Object(kind, m.namespace, name)
		switch {
		case found && owner != nil:
			return nil, fmt.Errorf("both a %s and a %s are called %q (hint: %s/%s)", api.KindOf(owner).Kind, kind.Kind, name, api.KindOf(owner).Singular, name)
		case found:
			owner = object
		}
	}
	if owner == nil {
		return nil, fmt.Errorf("there is no StatefulSet, Deployment or the like called %q in namespace %s", name, m.namespace)
	}
	return m.podsOf(owner)
}

// podsOf gives the Pods that a Service selects, that run on a Node, or that an object owns, perhaps through others, by name.
func (m *moment) podsOf(object api.Object) ([]any, error) {
	switch object := object.(type) {
	case *corev1.Service:
		if len(object.Spec.Selector) == 0 {
			return nil, nil
		}
		return m.podsLabelled(labels.SelectorFromSet(object.Spec.Selector))
	case *corev1.Node:
		var found []any
		for pod := range store.OnNode(m.view, object.Name) {
			found = append(found, valueOfObject(pod))
		}
		return found, m.look(len(found))
	}
	found, err := m.owned(object.GetUID(), 3)
	slices.SortFunc(found, func(a, b any) int { return strings.Compare(nameOf(a), nameOf(b)) })
	return found, err
}

func nameOf(object any) string {
	return object.(reflect.Value).Addr().Interface().(api.Object).GetName()
}

// owned gives the Pods below an owner, through as many levels as there are between a Pod and a CronJob.
func (m *moment) owned(owner api.UID, levels int) ([]any, error) {
	var found []any
	for object := range m.view.Dependents(owner) {
		if err := m.look(1); err != nil {
			return nil, err
		}
		controller := metav1.GetControllerOf(object)
		if controller == nil || controller.UID != owner {
			continue
		}
		if pod, is := object.(*corev1.Pod); is {
			found = append(found, valueOfObject(pod))
		} else if levels > 1 && kindHasPods(object) {
			below, err := m.owned(object.GetUID(), levels-1)
			if err != nil {
				return nil, err
			}
			found = append(found, below...)
		}
	}
	return found, nil
}

func kindHasPods(object api.Object) bool { return slices.Contains(workloads, api.KindOf(object)) }

func (m *moment) podsLabelled(selector labels.Selector) ([]any, error) {
	found, err := m.selected(api.KindNamed("Pod"), selector)
	if err != nil {
		return nil, err
	}
	return found.([]any), nil
}

func isRunning(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning }

func isTerminating(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil }

// isReady is upstream's isRunningAndReady (pkg/controller/statefulset/stateful_set_utils.go): a Pod that is being deleted may still be Ready.
func isReady(pod *corev1.Pod) bool {
	return isRunning(pod) && slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}
