package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/stsim/stsim/sim/api"
)

const (
	// maxObjectFile is how long a file of objects may be, in bytes: some ten thousand Pods.
	maxObjectFile = 128 << 20
	// maxNotes is how many namespaces a note lists.
	maxNotes = 5
	// jsonPeek is how much of a file tells JSON from YAML.
	jsonPeek = 4096
)

// Objects are objects as they lie in files, from which the names they have in DNS can be answered. Nothing is
// defaulted and nothing is followed: they are taken as they are, status included.
type Objects struct {
	index      *Index
	counts     map[string]int      // of the objects by kind, those without names included
	namespaces map[string]struct{} // that objects are in
	declared   map[string]struct{} // that there is a Namespace of
	service    string              // one of the services, "name.namespace"
}

// NewObjects is none yet.
func NewObjects() *Objects {
	return &Objects{index: NewIndex(), counts: map[string]int{}, namespaces: map[string]struct{}{}, declared: map[string]struct{}{}}
}

// namedKinds are the kinds that have names, by group and kind: the fields that matter are the same in all versions.
var namedKinds = map[string]func() api.Object{
	"/Namespace":                             func() api.Object { return &corev1.Namespace{} },
	"/Service":                               func() api.Object { return &corev1.Service{} },
	"/Pod":                                   func() api.Object { return &corev1.Pod{} },
	discoveryv1.GroupName + "/EndpointSlice": func() api.Object { return &discoveryv1.EndpointSlice{} },
}

// Read takes in a file of YAML or JSON documents, Lists included. Of two objects of the same name the later one counts.
// An error says which document it is about; what came before it has been taken in.
func (o *Objects) Read(in io.Reader) error {
	bounded := &io.LimitedReader{R: in, N: maxObjectFile + 1}
	decoder := yaml.NewYAMLOrJSONDecoder(bounded, jsonPeek)
	for document := 1; ; document++ {
		var text json.RawMessage
		err := decoder.Decode(&text)
		switch {
		case bounded.N <= 0:
			return fmt.Errorf("expected at most %d bytes, found more\nhint: split the file", maxObjectFile)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("document %d: %w", document, err)
		}
		if len(text) == 0 || string(text) == "null" {
			continue
		}
		if err := o.read(text, ""); err != nil {
			return fmt.Errorf("document %d: %w", document, err)
		}
	}
}

// Index answers from all that has been read. Without any Namespace among the objects, every namespace that an object is
// in exists.
func (o *Objects) Index() *Index {
	exist := o.declared
	if len(exist) == 0 {
		exist = o.namespaces
	}
	for name := range exist { // in any order
		o.index.SetNamespace(name)
	}
	o.index.SetSerial(1)
	return o.index
}

// read takes in one object, or those of a list. The items of a typed list need not say what they are.
func (o *Objects) read(text json.RawMessage, implied string) error {
	var head struct {
		APIVersion string             `json:"apiVersion"`
		Kind       string             `json:"kind"`
		Items      *[]json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("expected an object with apiVersion and kind: %w", err)
	}
	group, _, grouped := strings.Cut(head.APIVersion, "/")
	if !grouped {
		group = ""
	}
	kind := group + "/" + head.Kind
	if head.Kind == "" && implied != "" {
		kind = implied
	}
	if item, isList := strings.CutSuffix(kind, "List"); isList && head.Items != nil {
		if strings.HasSuffix(item, "/") {
			item = "" // of a plain List
		}
		for i, text := range *head.Items {
			if err := o.read(text, item); err != nil {
				return fmt.Errorf("items[%d]: %w", i, err)
			}
		}
		return nil
	}
	name := kind[strings.Index(kind, "/")+1:]
	if name == "" {
		return errors.New("expected an object with apiVersion and kind, found no kind")
	}
	o.counts[name]++
	empty, known := namedKinds[kind]
	if !known {
		return nil
	}
	object := empty()
	if err := json.Unmarshal(text, object); err != nil {
		return fmt.Errorf("expected a %s: %w", name, err)
	}
	if object.GetName() == "" {
		return fmt.Errorf("expected a %s with a name, found none in metadata.name", name)
	}
	o.put(object)
	return nil
}

func (o *Objects) put(object api.Object) {
	if namespace, is := object.(*corev1.Namespace); is {
		o.declared[namespace.Name] = struct{}{}
		return // in force when all are known
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	o.namespaces[object.GetNamespace()] = struct{}{}
	if _, is := object.(*corev1.Service); is && o.service == "" {
		o.service = object.GetName() + "." + object.GetNamespace()
	}
	o.index.Put(object)
}

// ServerAddress is the address of the cluster's own DNS service if the objects have one, else where we listen.
func (o *Objects) ServerAddress(listening netip.Addr) netip.Addr {
	if own, found := o.index.Service(metav1.NamespaceSystem, "kube-dns"); found && len(own.ClusterIPs) > 0 {
		return own.ClusterIPs[0]
	}
	return listening
}

// Sample is the beginning of a name that one might ask for.
func (o *Objects) Sample() string {
	if o.service == "" {
		return "kubernetes.default.svc"
	}
	return o.service + ".svc"
}

// Summary counts what has been read, in a line.
func (o *Objects) Summary() string {
	return fmt.Sprintf("read %d services, %d EndpointSlices, %d Pods, %d namespaces",
		o.counts["Service"], o.counts["EndpointSlice"], o.counts["Pod"], o.counts["Namespace"])
}

// Notes say what the files hold that will not be answered.
func (o *Objects) Notes() (notes []string) {
	if count := o.counts["Endpoints"]; count > 0 {
		notes = append(notes, fmt.Sprintf("%d Endpoints ignored: DNS answers from EndpointSlices, which a cluster makes of them", count))
	}
	var others []string
	for _, kind := range slices.Sorted(maps.Keys(o.counts)) {
		switch kind {
		case "Namespace", "Service", "Pod", "EndpointSlice", "Endpoints":
		default:
			others = append(others, fmt.Sprintf("%s %d", kind, o.counts[kind]))
		}
	}
	if len(others) > 0 {
		notes = append(notes, "ignored, because they have no names in DNS: "+strings.Join(others, ", "))
	}
	if len(o.declared) > 0 {
		var unknown []string
		for _, name := range slices.Sorted(maps.Keys(o.namespaces)) {
			if _, declared := o.declared[name]; !declared {
				unknown = append(unknown, name)
			}
		}
		if more := len(unknown) - maxNotes; more > 0 {
			unknown = append(unknown[:maxNotes], fmt.Sprintf("and %d more", more))
		}
		if len(unknown) > 0 {
			notes = append(notes, "the files have objects in namespaces without a Namespace, which do not exist: "+strings.Join(unknown, ", "))
		}
	}
	return notes
}
