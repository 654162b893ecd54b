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
	files   []projectedFile
	source  string // kinds, names and resource versions of what was read
}

type projectedFile struct {
	path, text string
	token      *corev1.ServiceAccountTokenProjection // in place of a text
	mode       fs.FileMode
}

// projectedTree is the content of a configMap, secret, downwardAPI or projected volume, laid out as the kubelet does: the files lie in a directory of their
// own that is swapped as a whole, behind two links.
//
// What is in it is found out now; it is laid out when somebody looks.
//
// Upstream: pkg/volume/{configmap,secret,downwardapi,projected}, pkg/volume/util/atomic_writer.go.
func (w *World) projectedTree(sandbox *Sandbox, volume *corev1.Volume) (storage.Tree, string, error) {
	p := &payload{w: w, sandbox: sandbox}
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
	return storage.Later(&layout{p.files, sandbox, w.now()}), p.source, nil
}

func modeOf(mode *int32) fs.FileMode {
	if mode == nil {
		return defaultFileMode
	}
	return fs.FileMode(*mode) & fs.ModePerm
}

// layout is what a projected volume shows. It implements [storage.Maker].
type layout struct {
	files   []projectedFile
	sandbox *Sandbox
	at      time.Time
}

// Make implements [storage.Maker].
func (l *layout) Make() storage.Tree {
	files := slices.SortedFunc(slices.Values(l.files), func(a, b projectedFile) int { return strings.Compare(a.path, b.path) })
	directory := ".." + l.at.UTC().Format("2006_01_02_15_04_05.000000000")
	tree := storage.Tree{}.At(l.at).Draft().WithDir("/", 0o777|fs.ModeSticky).WithDir("/"+directory, 0o755).WithSymlink("/..data", directory)
	for _, file := range files {
		if file.token != nil {
			file.text = token(file.token, l.sandbox)
		}
		tree = tree.With("/"+directory+"/"+file.path, []byte(file.text), file.mode)
		first, _, _ := strings.Cut(file.path, "/")
		tree = tree.WithSymlink("/"+first, "..data/"+first)
	}
	return tree.Done()
}

// put adds a file, in place of one that is there.
func (p *payload) put(file projectedFile) {
	if at := slices.IndexFunc(p.files, func(has projectedFile) bool { return has.path == file.path }); at >= 0 {
		p.files[at] = file
		return
	}
	p.files = append(p.files, file)
}

// read notes what was read: the kind, the name, and the resource version of what is there.
func (p *payload) read(what ...string) {
	if p.source != "" {
		p.source += " "
	}
	p.source += strings.Join(what, "/")
}

func (p *payload) configMap(name string, items []corev1.KeyToPath, mode fs.FileMode, optional *bool) error {
	object, found := store.Get[*corev1.ConfigMap](p.w.Tx.View, p.sandbox.Pod.Namespace, name)
	if !found {
		p.read("configmap", name)
		return unlessOptional(optional, fmt.Errorf("configmap %q not found", name))
	}
	p.read("configmap", name, object.ResourceVersion)
	data := object.Data
	if len(object.BinaryData) > 0 {
		data = texts(object.BinaryData)
		maps.Copy(data, object.Data) // no key is in both
	}
	return p.take(data, items, mode, optional, "configmap references non-existent config key: %s")
}

func (p *payload) secret(name string, items []corev1.KeyToPath, mode fs.FileMode, optional *bool) error {
	object, found := store.Get[*corev1.Secret](p.w.Tx.View, p.sandbox.Pod.Namespace, name)
	if !found {
		p.read("secret", name)
		return unlessOptional(optional, fmt.Errorf("secret %q not found", name))
	}
	p.read("secret", name, object.ResourceVersion)
	return p.take(texts(object.Data), items, mode, optional, "references non-existent secret key: %s")
}

// take copies all keys, or the listed ones under their paths.
func (p *payload) take(data map[string]string, items []corev1.KeyToPath, mode fs.FileMode, optional *bool, missing string) error {
	if len(items) == 0 {
		for _, key := range slices.Sorted(maps.Keys(data)) {
			p.put(projectedFile{path: key, text: data[key], mode: mode})
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
		file := projectedFile{path: item.Path, text: value, mode: mode}
		if item.Mode != nil {
			file.mode = modeOf(item.Mode)
		}
		p.put(file)
	}
	return nil
}

func texts(data map[string][]byte) map[string]string {
	as := make(map[string]string, len(data))
	for key, value := range data {
		as[key] = string(value)
	}
	return as
}

func (p *payload) downward(items []corev1.DownwardAPIVolumeFile, mode fs.FileMode) error {
	p.read("pod")
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
		file := projectedFile{path: item.Path, text: text, mode: mode}
		if item.Mode != nil {
			file.mode = modeOf(item.Mode)
		}
		p.put(file)
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
			p.put(projectedFile{path: source.ServiceAccountToken.Path, token: source.ServiceAccountToken, mode: 0o644})
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
func token(source *corev1.ServiceAccountTokenProjection, sandbox *Sandbox) string {
	pod := sandbox.Pod
	life := int64(3600)
	if source.ExpirationSeconds != nil {
		life = *source.ExpirationSeconds
	}
	issued := sandbox.CreatedAt.Unix()
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
