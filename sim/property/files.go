package property

import (
	"fmt"
	"go/ast"
	"reflect"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container"
)

// file reads a question for what a file holds in a Pod's first container: nil when it is not there.
func (c *compiler) file(tree *ast.CallExpr) (*expression, error) {
	pod, err := c.expression(tree.Args[0])
	if err != nil {
		return nil, err
	}
	if pod.shape.sort != record || pod.shape.of != reflect.TypeFor[corev1.Pod]() {
		return nil, c.wrong(tree.Args[0], "one Pod", pod, "it is the element: any(ready(web), file(it, \"/data/copy\") != nil)")
	}
	path, err := c.expression(tree.Args[1])
	if err != nil {
		return nil, err
	}
	if path.shape.sort != text {
		return nil, c.wrong(tree.Args[1], "a path", path, "it stands in quotes: \"/data/copy\"")
	}
	c.files = true
	return &expression{shape: shape{sort: text}, parts: []*expression{pod}, eval: func(m *moment) (any, error) {
		whole, err := m.record(pod)
		if err != nil {
			return nil, err
		}
		where, err := m.set(path)
		if err != nil || !whole.IsValid() {
			return nil, err
		}
		of, is := whole.Addr().Interface().(*corev1.Pod)
		if !is || len(of.Spec.Containers) == 0 {
			return nil, fmt.Errorf("%s is no Pod with a container", pod.shown)
		}
		if content, found := container.ReadFile(m.view, of.UID, of.Spec.Containers[0].Name, where.(string)); found {
			return content, nil
		}
		return nil, nil
	}}, nil
}
