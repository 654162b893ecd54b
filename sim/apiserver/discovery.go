package apiserver

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"sort"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	apidiscoveryv2beta1 "k8s.io/api/apidiscovery/v2beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"github.com/stsim/stsim/sim/api"
)

// firstAggregated is the minor release that answers /api and /apis with everything at once when asked to, in v2beta1;
// firstAggregatedV2 in v2.
const (
	firstAggregated   = 27
	firstAggregatedV2 = 30
)

// customResources is where kubectl looks before it says that it does not know a kind. Custom resources are not simulated: there
// are none.
const customResources = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

// fixedPaths are the paths whose answers never change: what is served, which version it is, that it is well. They are
// worked out once.
func (s *server) fixedPaths() map[string]http.HandlerFunc {
	release := s.settings.Release
	paths := map[string]http.HandlerFunc{"/version": s.constant(s.versionInfo())}
	for _, health := range []string{"/healthz", "/livez", "/readyz"} {
		paths[health] = text("ok")
	}
	groups := s.groups()
	core := &metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
		ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: "stsim"}}}
	paths["/api"] = s.aggregatable(core, release, func(group string) bool { return group == "" })
	paths["/apis"] = s.aggregatable(groups, release, func(group string) bool { return group != "" })
	for i := range groups.Groups {
		group := groups.Groups[i]
		group.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
		paths["/apis/"+group.Name] = s.constant(&group)
	}
	for _, served := range s.order {
		paths[pathOf(served.GroupVersion)] = s.constant(s.resources(served.GroupVersion, served.kinds))
	}
	paths[pathOf(authorizationGroup)] = s.constant(&metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: authorizationGroup.String(), APIResources: reviewResources,
	})
	paths[customResources] = s.constant(map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinitionList", "metadata": map[string]any{}, "items": []any{},
	})
	paths[""] = s.index(paths)
	for path, handler := range s.openAPIPaths() {
		paths[path] = handler
	}
	return paths
}

func pathOf(version schema.GroupVersion) string {
	if version.Group == "" {
		return "/api/" + version.Version
	}
	return "/apis/" + version.String()
}

// index lists the other fixed paths.
func (s *server) index(paths map[string]http.HandlerFunc) http.HandlerFunc {
	all := []string{"/openapi/v3"}
	for path := range paths {
		all = append(all, path)
	}
	sort.Strings(all)
	body := "{\n  \"paths\": [\n    \"" + strings.Join(all, "\",\n    \"") + "\"\n  ]\n}"
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		_, _ = w.Write([]byte(body)) // a client that went away gets no answer
	}
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte(body)) // a client that went away gets no answer
	}
}

// constant answers with an object in whatever media type is asked for.
func (s *server) constant(object any) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r := &request{server: s, http: req, writer: &trackedWriter{ResponseWriter: w}, query: req.URL.Query()}
		err := r.negotiate()
		if err == nil {
			err = r.respondConstant(object)
		}
		if err != nil {
			r.fail(err)
		}
	}
}

func (r *request) respondConstant(object any) error {
	if object, ok := object.(runtime.Object); ok {
		if _, isMessage := object.(interface{ Marshal() ([]byte, error) }); !isMessage && r.media.mediaType == protobufType {
			r.media.mediaType = jsonType
		}
		return r.respondWith(http.StatusOK, object)
	}
	data, err := marshalIndented(object)
	if err != nil {
		return err
	}
	r.write(http.StatusOK, jsonType, data)
	return nil
}

func (s *server) versionInfo() version.Info {
	release := s.settings.Release
	return version.Info{
		Major: "1", Minor: fmt.Sprint(release.Minor()), GitVersion: release.Version(), GitTreeState: "clean",
		GoVersion: "stsim", Compiler: "gc", Platform: "linux/amd64",
	}
}

// groups are all groups but the core group.
func (s *server) groups() *metav1.APIGroupList {
	list := &metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, served := range append(s.versionsServed(), authorizationGroup) {
		if served.Group == "" {
			continue
		}
		entry := metav1.GroupVersionForDiscovery{GroupVersion: served.String(), Version: served.Version}
		known := false
		for i := range list.Groups {
			if list.Groups[i].Name == served.Group {
				list.Groups[i].Versions = append(list.Groups[i].Versions, entry)
				known = true
			}
		}
		if !known {
			list.Groups = append(list.Groups, metav1.APIGroup{
				Name: served.Group, Versions: []metav1.GroupVersionForDiscovery{entry}, PreferredVersion: entry,
			})
		}
	}
	return list
}

func (s *server) versionsServed() []schema.GroupVersion {
	versions := make([]schema.GroupVersion, len(s.order))
	for i, served := range s.order {
		versions[i] = served.GroupVersion
	}
	return versions
}

// resources are the resources of one version and their subresources, in the order of their names.
func (s *server) resources(version schema.GroupVersion, kinds []*api.Kind) *metav1.APIResourceList {
	list := &metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: version.String()}
	for _, kind := range kinds {
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: kind.Resource, SingularName: kind.Singular, Namespaced: kind.Namespaced, Kind: kind.Kind,
			Verbs: kind.Verbs, ShortNames: kind.ShortNames, Categories: kind.Categories, StorageVersionHash: versionHash(kind),
		})
		for _, below := range kind.Subresources {
			resource := metav1.APIResource{Name: kind.Resource + "/" + below.Name, Namespaced: kind.Namespaced, Kind: kind.Kind, Verbs: below.Verbs}
			if below.Kind.Kind != "" {
				resource.Kind = below.Kind.Kind
				if below.Kind.GroupVersion() != version {
					resource.Group, resource.Version = below.Kind.Group, below.Kind.Version
				}
			}
			list.APIResources = append(list.APIResources, resource)
		}
	}
	sort.SliceStable(list.APIResources, func(i, j int) bool { return list.APIResources[i].Name < list.APIResources[j].Name })
	return list
}

// aggregatable answers /api and /apis: with everything at once when the client asks for it and the release has it.
func (s *server) aggregatable(plain runtime.Object, release api.Release, mine func(group string) bool) http.HandlerFunc {
	everything := s.aggregated(mine)
	older := olderAggregated(everything)
	etag := func(object runtime.Object) string {
		data, err := encode(object, media{mediaType: jsonType})
		if err != nil {
			panic(err) // the lists were made here
		}
		return fmt.Sprintf("\"%X\"", sha512.Sum512(data))
	}
	tag := etag(everything)
	plainly := s.constant(plain)
	return func(w http.ResponseWriter, req *http.Request) {
		how, as, found := aggregation(req.Header.Get("Accept"), release)
		if !found {
			plainly(w, req)
			return
		}
		r := &request{server: s, http: req, writer: &trackedWriter{ResponseWriter: w}, query: req.URL.Query(), media: how}
		object := runtime.Object(everything)
		if as == "v2beta1" {
			object = older
		}
		w.Header().Set("ETag", tag)
		if req.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		data, err := encode(object, how)
		if err != nil {
			r.fail(err)
			return
		}
		r.write(http.StatusOK, how.mediaType+";g=apidiscovery.k8s.io;v="+as+";as=APIGroupDiscoveryList", data)
	}
}

// aggregation reads from an Accept header whether everything at once is wanted, and in which version.
func aggregation(accept string, release api.Release) (how media, version string, found bool) {
	for _, clause := range acceptClauses(accept) {
		if clause.mediaType != jsonType && clause.mediaType != protobufType {
			continue
		}
		if clause.parameters["as"] == "" {
			return how, "", false // the plain form comes first
		}
		version := clause.parameters["v"]
		known := version == "v2" && release.AtLeast(firstAggregatedV2) || version == "v2beta1" && release.AtLeast(firstAggregated)
		if known && clause.parameters["g"] == "apidiscovery.k8s.io" && clause.parameters["as"] == "APIGroupDiscoveryList" {
			return media{mediaType: clause.mediaType}, version, true
		}
	}
	return how, "", false
}

// aggregated is everything that is served, in one list.
func (s *server) aggregated(mine func(group string) bool) *apidiscoveryv2.APIGroupDiscoveryList {
	list := &apidiscoveryv2.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2"}}
	add := func(version schema.GroupVersion, resources []metav1.APIResource) {
		if !mine(version.Group) {
			return
		}
		discovered := discoveredVersion(version, resources)
		for i := range list.Items {
			if list.Items[i].Name == version.Group {
				list.Items[i].Versions = append(list.Items[i].Versions, discovered)
				return
			}
		}
		group := apidiscoveryv2.APIGroupDiscovery{Versions: []apidiscoveryv2.APIVersionDiscovery{discovered}}
		group.Name = version.Group
		list.Items = append(list.Items, group)
	}
	for _, served := range s.order {
		add(served.GroupVersion, s.resources(served.GroupVersion, served.kinds).APIResources)
	}
	add(authorizationGroup, reviewResources)
	return list
}

func discoveredVersion(version schema.GroupVersion, resources []metav1.APIResource) apidiscoveryv2.APIVersionDiscovery {
	discovered := apidiscoveryv2.APIVersionDiscovery{Version: version.Version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
	for _, resource := range resources {
		scope := apidiscoveryv2.ScopeCluster
		if resource.Namespaced {
			scope = apidiscoveryv2.ScopeNamespace
		}
		gvk := metav1.GroupVersionKind{Group: version.Group, Version: version.Version, Kind: resource.Kind}
		if resource.Version != "" {
			gvk.Group, gvk.Version = resource.Group, resource.Version
		}
		parent, below, isBelow := strings.Cut(resource.Name, "/")
		if !isBelow {
			discovered.Resources = append(discovered.Resources, apidiscoveryv2.APIResourceDiscovery{
				Resource: resource.Name, ResponseKind: &gvk, Scope: scope, SingularResource: resource.SingularName,
				Verbs: resource.Verbs, ShortNames: resource.ShortNames, Categories: resource.Categories,
			})
			continue
		}
		for i := range discovered.Resources {
			if discovered.Resources[i].Resource == parent {
				discovered.Resources[i].Subresources = append(discovered.Resources[i].Subresources,
					apidiscoveryv2.APISubresourceDiscovery{Subresource: below, ResponseKind: &gvk, Verbs: resource.Verbs})
			}
		}
	}
	return discovered
}

// olderAggregated is the same in v2beta1, which has the same form.
func olderAggregated(list *apidiscoveryv2.APIGroupDiscoveryList) *apidiscoveryv2beta1.APIGroupDiscoveryList {
	data, err := list.Marshal()
	older := &apidiscoveryv2beta1.APIGroupDiscoveryList{}
	if err == nil {
		err = older.Unmarshal(data)
	}
	if err != nil {
		panic(fmt.Sprintf("apiserver: v2beta1 of discovery differs from v2: %v", err))
	}
	older.TypeMeta = metav1.TypeMeta{Kind: "APIGroupDiscoveryList", APIVersion: "apidiscovery.k8s.io/v2beta1"}
	return older
}
