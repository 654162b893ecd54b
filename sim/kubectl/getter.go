package kubectl

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// getter gives kubectl its connection: the cluster in this process, whatever the machine's kubeconfig says.
type getter struct {
	client *Client
	flags  *genericclioptions.ConfigFlags // as typed: namespace and the like
	config *rest.Config
	warn   func(string)
}

var _ genericclioptions.RESTClientGetter = (*getter)(nil)

// ToRESTConfig implements [genericclioptions.RESTClientGetter].
func (g *getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.config), nil }

// ToDiscoveryClient implements [genericclioptions.RESTClientGetter].
func (g *getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.client.discovery, nil
}

// ToRESTMapper implements [genericclioptions.RESTClientGetter].
func (g *getter) ToRESTMapper() (meta.RESTMapper, error) {
	return restmapper.NewShortcutExpander(g.client.mapper, g.client.discovery, g.warn), nil
}

// ToRawKubeConfigLoader implements [genericclioptions.RESTClientGetter].
func (g *getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	overrides := &clientcmd.ConfigOverrides{}
	if g.flags.Namespace != nil {
		overrides.Context.Namespace = *g.flags.Namespace
	}
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"stsim": {Server: g.config.Host}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"stsim": {}},
		Contexts:       map[string]*clientcmdapi.Context{"stsim": {Cluster: "stsim", AuthInfo: "stsim"}},
		CurrentContext: "stsim",
	}, overrides)
}

// newFlags are kubectl's global flags that mean something here. The others (server, token, kubeconfig, ...) are not offered: they would
// lead out of the simulation.
func newFlags() *genericclioptions.ConfigFlags {
	all := genericclioptions.NewConfigFlags(false)
	return &genericclioptions.ConfigFlags{Namespace: all.Namespace, Timeout: all.Timeout, Impersonate: all.Impersonate, ImpersonateGroup: all.ImpersonateGroup}
}
