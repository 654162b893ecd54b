package container

import (
	"fmt"
	"maps"
	"net"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/store"
)

// environment is what the kubelet hands to a container: the service variables, then envFrom, then env. Images add their own below.
//
// Upstream: makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go.
func (w *World) environment(sandbox *Sandbox, spec *corev1.Container) (map[string]string, error) {
	pod := sandbox.Pod
	services := w.serviceVariables(pod)
	result := map[string]string{}
	for _, from := range spec.EnvFrom {
		data, err := w.sourceOf(pod.Namespace, from)
		if err != nil {
			return nil, err
		}
		for key, value := range data {
			result[from.Prefix+key] = value
		}
	}
	for i := range spec.Env {
		variable := &spec.Env[i]
		value := variable.Value
		switch {
		case value != "":
			value = expandWith(value, func(name string) (string, bool) {
				if value, found := result[name]; found {
					return value, true
				}
				value, found := services[name]
				return value, found
			})
		case variable.ValueFrom != nil:
			var skip bool
			var err error
			if value, skip, err = w.valueFrom(sandbox, spec, variable.ValueFrom); err != nil {
				return nil, err
			}
			if skip {
				continue
			}
		}
		result[variable.Name] = value
	}
	for name, value := range services {
		if _, found := result[name]; !found {
			result[name] = value
		}
	}
	return result, nil
}

// sourceOf is the content of an envFrom source; nothing for an optional one that is missing.
func (w *World) sourceOf(namespace string, from corev1.EnvFromSource) (map[string]string, error) {
	data := map[string]string{}
	switch {
	case from.ConfigMapRef != nil:
		object, found := store.Get[*corev1.ConfigMap](w.Tx.View, namespace, from.ConfigMapRef.Name)
		if !found {
			return nil, unlessOptional(from.ConfigMapRef.Optional, fmt.Errorf("configmap %q not found", from.ConfigMapRef.Name))
		}
		maps.Copy(data, object.Data)
	case from.SecretRef != nil:
		object, found := store.Get[*corev1.Secret](w.Tx.View, namespace, from.SecretRef.Name)
		if !found {
			return nil, unlessOptional(from.SecretRef.Optional, fmt.Errorf("secret %q not found", from.SecretRef.Name))
		}
		for key, value := range object.Data {
			data[key] = string(value)
		}
	}
	return data, nil
}

// valueFrom resolves one variable; skip says that an optional source is missing and the variable stays unset.
func (w *World) valueFrom(sandbox *Sandbox, spec *corev1.Container, from *corev1.EnvVarSource) (value string, skip bool, err error) {
	namespace := sandbox.Pod.Namespace
	switch {
	case from.FieldRef != nil:
		value, err = w.field(sandbox, from.FieldRef.FieldPath)
		return value, false, err
	case from.ResourceFieldRef != nil:
		value, err = w.resourceField(sandbox, spec, from.ResourceFieldRef)
		return value, false, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		optional := ref.Optional != nil && *ref.Optional
		object, found := store.Get[*corev1.ConfigMap](w.Tx.View, namespace, ref.Name)
		if !found {
			return "", optional, unlessOptional(ref.Optional, fmt.Errorf("configmap %q not found", ref.Name))
		}
		value, found = object.Data[ref.Key]
		if !found {
			return "", optional, unlessOptional(ref.Optional, fmt.Errorf("couldn't find key %s in ConfigMap %s/%s", ref.Key, namespace, ref.Name))
		}
		return value, false, nil
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		optional := ref.Optional != nil && *ref.Optional
		object, found := store.Get[*corev1.Secret](w.Tx.View, namespace, ref.Name)
		if !found {
			return "", optional, unlessOptional(ref.Optional, fmt.Errorf("secret %q not found", ref.Name))
		}
		data, found := object.Data[ref.Key]
		if !found {
			return "", optional, unlessOptional(ref.Optional, fmt.Errorf("couldn't find key %s in Secret %s/%s", ref.Key, namespace, ref.Name))
		}
		return string(data), false, nil
	}
	return "", false, fmt.Errorf("the source of an environment variable is not simulated: expected fieldRef, resourceFieldRef, configMapKeyRef or secretKeyRef")
}

func unlessOptional(optional *bool, err error) error {
	if optional != nil && *optional {
		return nil
	}
	return err
}

// serviceVariables describe the services of the Pod's namespace (with enableServiceLinks) and default/kubernetes.
//
// Upstream: pkg/kubelet/envvars/envvars.go.
func (w *World) serviceVariables(pod *corev1.Pod) map[string]string {
	variables := map[string]string{}
	add := func(service *corev1.Service) {
		if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone || len(service.Spec.Ports) == 0 {
			return
		}
		prefix := variableName(service.Name)
		variables[prefix+"_SERVICE_HOST"] = service.Spec.ClusterIP
		variables[prefix+"_SERVICE_PORT"] = strconv.Itoa(int(service.Spec.Ports[0].Port))
		for i, port := range service.Spec.Ports {
			number, protocol := strconv.Itoa(int(port.Port)), string(port.Protocol)
			if protocol == "" {
				protocol = string(corev1.ProtocolTCP)
			}
			if port.Name != "" {
				variables[prefix+"_SERVICE_PORT_"+variableName(port.Name)] = number
			}
			url := strings.ToLower(protocol) + "://" + net.JoinHostPort(service.Spec.ClusterIP, number)
			if i == 0 {
				variables[prefix+"_PORT"] = url
			}
			link := prefix + "_PORT_" + number + "_" + strings.ToUpper(protocol)
			variables[link] = url
			variables[link+"_PROTO"] = strings.ToLower(protocol)
			variables[link+"_PORT"] = number
			variables[link+"_ADDR"] = service.Spec.ClusterIP
		}
	}
	links := pod.Spec.EnableServiceLinks == nil || *pod.Spec.EnableServiceLinks
	if master, found := store.Get[*corev1.Service](w.Tx.View, corev1.NamespaceDefault, "kubernetes"); found {
		add(master)
	}
	if links {
		for service := range store.List[*corev1.Service](w.Tx.View, pod.Namespace) {
			add(service)
		}
	}
	return variables
}

func variableName(name string) string { return strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }

func expand(text string, env map[string]string) string {
	return expandWith(text, func(name string) (string, bool) { value, found := env[name]; return value, found })
}

// expandWith replaces $(NAME). A name that is not known stays as it is, and $$ is one dollar.
//
// Upstream: third_party/forked/golang/expansion/expand.go.
func expandWith(text string, value func(name string) (string, bool)) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch text[i+1] {
		case '$':
			b.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				b.WriteString("$(")
				i++
				continue
			}
			if known, found := value(text[i+2 : i+end]); found {
				b.WriteString(known)
			} else {
				b.WriteString(text[i : i+end+1])
			}
			i += end
		default:
			b.WriteByte('$')
			b.WriteByte(text[i+1])
			i++
		}
	}
	return b.String()
}
