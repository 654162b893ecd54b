package apiserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/sim/wire"
)

// proxy answers a request to a Pod or a Service through the API server (pods/NAME:PORT/proxy, services/NAME:PORT/proxy).
func (r *request) proxy() error {
	if r.kind.Kind == "Node" {
		return notSimulated("the API of a kubelet (nodes/proxy)", "use kubectl get, logs and exec")
	}
	port, err := r.proxyPort()
	if err != nil {
		return err
	}
	inner := r.http.Clone(r.http.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+r.rest, ""
	if inner.Body == nil {
		inner.Body = http.NoBody
	}
	payload, err := wire.Flatten(inner)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	var answer []byte
	r.server.door.Do(func(cluster *sim.Cluster) {
		var to netip.AddrPort
		if to, err = r.endpoint(cluster.View(), port); err == nil {
			if answer, err = cluster.Connect(to, payload); err != nil {
				err = apierrors.NewServiceUnavailable(fmt.Sprintf("error trying to reach service: dial tcp %s: %v", to, err))
			}
		}
	})
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), inner)
	if err != nil {
		return apierrors.NewServiceUnavailable("error trying to reach service: " + err.Error())
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	for name, values := range response.Header {
		r.writer.Header()[name] = values
	}
	r.writer.WriteHeader(response.StatusCode)
	_, _ = io.Copy(r.writer, response.Body) // a client that went away gets no answer
	return nil
}

// proxyPort splits [SCHEME:]NAME[:PORT]; the port is a number, a name or empty.
func (r *request) proxyPort() (string, error) {
	parts := strings.Split(r.name, ":")
	port := ""
	switch len(parts) {
	case 1:
		r.name = parts[0]
	case 2:
		r.name, port = parts[0], parts[1]
	case 3:
		if parts[0] != "" && parts[0] != "http" {
			return "", notSimulated("a proxy to "+parts[0], "servers in the simulated cluster speak http")
		}
		r.name, port = parts[1], parts[2]
	default:
		return "", apierrors.NewBadRequest(fmt.Sprintf("invalid %s request %q", r.kind.Resource, r.name))
	}
	return port, nil
}

// endpoint is the address that the request goes to.
func (r *request) endpoint(view store.View, port string) (netip.AddrPort, error) {
	if r.kind.Kind == "Service" {
		return r.serviceEndpoint(view, port)
	}
	pod, found := store.Get[*corev1.Pod](view, r.namespace, r.name)
	if !found {
		return netip.AddrPort{}, apierrors.NewNotFound(r.kind.GroupResource(), r.name)
	}
	address, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return netip.AddrPort{}, apierrors.NewBadRequest("address not allowed")
	}
	number, err := strconv.ParseUint(port, 10, 16)
	for i := range pod.Spec.Containers {
		for _, declared := range pod.Spec.Containers[i].Ports {
			if port == "" && number == 0 || port != "" && declared.Name == port {
				number, err = uint64(declared.ContainerPort), nil
			}
		}
	}
	if err != nil && port != "" {
		return netip.AddrPort{}, apierrors.NewBadRequest(fmt.Sprintf("invalid pod request %q", r.name+":"+port))
	}
	if number == 0 {
		number = 80
	}
	return netip.AddrPortFrom(address, uint16(number)), nil
}

// serviceEndpoint is the first ready endpoint of a Service port.
func (r *request) serviceEndpoint(view store.View, port string) (netip.AddrPort, error) {
	service, found := store.Get[*corev1.Service](view, r.namespace, r.name)
	if !found {
		return netip.AddrPort{}, apierrors.NewNotFound(r.kind.GroupResource(), r.name)
	}
	portName, known := "", port == "" && len(service.Spec.Ports) > 0
	if known {
		portName = service.Spec.Ports[0].Name
	}
	for _, declared := range service.Spec.Ports {
		if port != "" && (declared.Name == port || strconv.Itoa(int(declared.Port)) == port) {
			portName, known = declared.Name, true
		}
	}
	if !known {
		return netip.AddrPort{}, apierrors.NewServiceUnavailable(fmt.Sprintf("no service port %q found for service %q", port, r.name))
	}
	for slice := range store.List[*discoveryv1.EndpointSlice](view, r.namespace) {
		if slice.Labels[discoveryv1.LabelServiceName] != r.name {
			continue
		}
		for _, offered := range slice.Ports {
			if offered.Port == nil || offered.Name == nil && portName != "" || offered.Name != nil && *offered.Name != portName {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if ready := endpoint.Conditions.Ready; ready != nil && !*ready || len(endpoint.Addresses) == 0 {
					continue
				}
				if address, err := netip.ParseAddr(endpoint.Addresses[0]); err == nil {
					return netip.AddrPortFrom(address, uint16(*offered.Port)), nil
				}
			}
		}
	}
	return netip.AddrPort{}, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", r.name))
}
