package container

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// refreshInterval is how old the content of a projected volume gets before the kubelet looks at its sources again.
const refreshInterval = 60 * time.Second

const defaultFileMode = 0o644

// isProjected says whether the kubelet writes the content of a volume.
func isProjected(volume *corev1.Volume) bool {
	return volume.ConfigMap != nil || volume.Secret != nil || volume.DownwardAPI != nil || volume.Projected != nil
}

// payload collects the files of a projected volume.
type payload struct {
	w       *World
	sandbox *Sandbox
	files   map[string]projectedFile
	sources []string // kind, name and resource version of what was read
}

type projectedFile struct {
	data []byte
	mode fs.FileMode
}

// projectedTree is the content of a configMap, secret, downwardAPI or projected volume, laid out as the kubelet does: the files lie in a directory of their
// own that is swapped as a whole, behind two links.
//
// Upstream: pkg/volume/{configmap,secret,downwardapi,projected}, pkg/volume/util/atomic_writer.go.
func (w *World) projectedTree(sandbox *Sandbox, volume *corev1.Volume) (storage.Tree, string, error) {
	p := &payload{w: w, sandbox: sandbox, files: map[string]projectedFile{}}
	var err error
	switch {
	case volume.ConfigMap != nil:
		err = p.configMap(volume.ConfigMap.Name, volume.ConfigMap.Items, modeOf(volume.ConfigMap.DefaultMode), volume.ConfigMap.Optional)
	case volume.Secret != nil:
		err = p.secret(volume.Secret.SecretName, volume.Secret.Items, modeOf(volume.Secret.DefaultMode), volume.Secret.Optional)
	case volume.DownwardAPI != nil:
		err = p.downward(volume.DownwardAPI.Items, modeOf(volume.DownwardAPI.DefaultMode))
	default:
		err = p.projected(volume.Projected)
	}
	if err != nil {
		return storage.Tree{}, "", err
	}
	return p.tree(), strings.Join(p.sources, " "), nil
}

func modeOf(mode *int32) fs.FileMode {
	if mode == nil {
		return defaultFileMode
	}
	return fs.FileMode(*mode) & fs.ModePerm
}

func (p *payload) tree() storage.Tree {
	now := p.w.now()
	directory := ".." + now.UTC().Format("2006_01_02_15_04_05.000000000")
	tree := storage.Tree{}.At(now).Draft().WithDir("/", 0o777|fs.ModeSticky).WithDir("/"+directory, 0o755).WithSymlink("/..data", directory)
	for _, name := range slices.Sorted(maps.Keys(p.files)) {
		file := p.files[name]
		tree = tree.With("/"+directory+"/"+name, file.data, file.mode)
		first, _, _ := strings.Cut(name, "/")
		tree = tree.WithSymlink("/"+first, "..data/"+first)
	}
	return tree.Done()
}

func (p *payload) configMap(name string, items []corev1.KeyToPath, mode fs.FileMode, optional *bool) error {
	object, found := store.Get[*corev1.ConfigMap](p.w.Tx.View, p.sandbox.Pod.Namespace, name)
	if !found {
		p.sources = append(p.sources, "configmap/"+name)
		return unlessOptional(optional, fmt.Errorf("configmap %q not found", name))
	}
	p.sources = append(p.sources, "configmap/"+name+"/"+object.ResourceVersion)
	data := map[string][]byte{}
	for key, text := range object.Data {
		data[key] = []byte(text)
	}
	maps.Copy(data, object.BinaryData)
	return p.take(data, items, mode, optional, "configmap references non-existent config key: %s")
}

func (p *payload) secret(name string, items []corev1.KeyToPath, mode fs.FileMode, optional *bool) error {
	object, found := store.Get[*corev1.Secret](p.w.Tx.View, p.sandbox.Pod.Namespace, name)
	if !found {
		p.sources = append(p.sources, "secret/"+name)
		return unlessOptional(optional, fmt.Errorf("secret %q not found", name))
	}
	p.sources = append(p.sources, "secret/"+name+"/"+object.ResourceVersion)
	return p.take(object.Data, items, mode, optional, "references non-existent secret key: %s")
}

// take copies all keys, or the listed ones under their paths.
func (p *payload) take(data map[string][]byte, items []corev1.KeyToPath, mode fs.FileMode, optional *bool, missing string) error {
	if len(items) == 0 {
		for key, value := range data {
			p.files[key] = projectedFile{value, mode}
		}
		return nil
	}
	for _, item := range items {
		value, found := data[item.Key]
		if !found {
			if err := unlessOptional(optional, fmt.Errorf(missing, item.Key)); err != nil {
				return err
			}
			continue
		}
		file := projectedFile{value, mode}
		if item.Mode != nil {
			file.mode = modeOf(item.Mode)
		}
		p.files[item.Path] = file
	}
	return nil
}

func (p *payload) downward(items []corev1.DownwardAPIVolumeFile, mode fs.FileMode) error {
	p.sources = append(p.sources, "pod")
	for _, item := range items {
		var text string
		var err error
		switch {
		case item.FieldRef != nil:
			text, err = p.w.field(p.sandbox, item.FieldRef.FieldPath)
		case item.ResourceFieldRef != nil:
			text, err = p.w.resourceField(p.sandbox, nil, item.ResourceFieldRef)
		}
		if err != nil {
			return err
		}
		file := projectedFile{[]byte(text), mode}
		if item.Mode != nil {
			file.mode = modeOf(item.Mode)
		}
		p.files[item.Path] = file
	}
	return nil
}

func (p *payload) projected(volume *corev1.ProjectedVolumeSource) error {
	mode := modeOf(volume.DefaultMode)
	for _, source := range volume.Sources {
		var err error
		switch {
		case source.ConfigMap != nil:
			err = p.configMap(source.ConfigMap.Name, source.ConfigMap.Items, mode, source.ConfigMap.Optional)
		case source.Secret != nil:
			err = p.secret(source.Secret.Name, source.Secret.Items, mode, source.Secret.Optional)
		case source.DownwardAPI != nil:
			err = p.downward(source.DownwardAPI.Items, mode)
		case source.ServiceAccountToken != nil:
			p.files[source.ServiceAccountToken.Path] = projectedFile{[]byte(p.token(source.ServiceAccountToken)), 0o644}
		default:
			err = fmt.Errorf("this source of a projected volume is not simulated; hint: use configMap, secret, downwardAPI or serviceAccountToken")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// token has the form of a service account token. Nobody checks its signature.
func (p *payload) token(source *corev1.ServiceAccountTokenProjection) string {
	pod := p.sandbox.Pod
	life := int64(3600)
	if source.ExpirationSeconds != nil {
		life = *source.ExpirationSeconds
	}
	issued := p.sandbox.CreatedAt.Unix()
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	claims := `{"exp":` + strconv.FormatInt(issued+life, 10) + `,"iat":` + strconv.FormatInt(issued, 10) +
		`,"kubernetes.io":{"namespace":` + strconv.Quote(pod.Namespace) + `,"pod":{"name":` + strconv.Quote(pod.Name) + `,"uid":` + strconv.Quote(string(pod.UID)) + `}}` +
		`,"sub":` + strconv.Quote("system:serviceaccount:"+pod.Namespace+":"+pod.Spec.ServiceAccountName) + `}`
	body := encode(`{"alg":"RS256","kid":"stsim"}`) + "." + encode(claims)
	return body + "." + encode(digestOf(body))
}

// refreshProjected brings a projected volume up to date when its content is older than the kubelet would let it be. Nothing has to wake up for
// that: a file's age only matters when somebody looks. A source that is gone leaves the last content in place.
func (w *World) refreshProjected(key string) {
	rest, found := strings.CutPrefix(key, "pod/")
	if !found {
		return
	}
	row, found := store.GetRow[*Volume](w.Tx.View, Volumes, key)
	if !found || row.Checked.IsZero() || w.now().Sub(row.Checked) < refreshInterval {
		return
	}
	uid, name, _ := strings.Cut(rest, "/")
	sandbox, found := w.sandbox(api.UID(uid))
	if !found {
		return
	}
	at := slices.IndexFunc(sandbox.Pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == name })
	if at < 0 {
		return
	}
	changed := *row
	changed.Checked = w.now()
	tree, source, err := w.projectedTree(sandbox, &sandbox.Pod.Spec.Volumes[at])
	if err == nil && (source != row.Source || strings.Contains(source, "pod")) {
		changed.Tree, changed.Source = tree, source
	}
	w.Tx.PutRow(Volumes, &changed)
}
