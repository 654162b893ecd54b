package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/stsim/stsim/"

// layer is what one folder may import of this project and of others, and why.
type layer struct {
	folder string
	ours   []string
	others []string // prefixes of import paths outside of the standard library
	door   bool     // may have goroutines and read the wall clock
	doors  string   // pattern of the files that may, where the rest of the folder may not
	reason string
}

// kubernetes are the published types and their machinery, which everything below the doors may use.
var kubernetes = []string{"k8s.io/api/", "k8s.io/apimachinery/", "k8s.io/utils/"}

// The import law. Tests may import more: only the files that make up the product are looked at.
var layers = []layer{
	{folder: "storage/ordered", reason: "a map needs the standard library only"},
	{folder: "storage", ours: []string{"storage/ordered"}, others: []string{"k8s.io/api/", "k8s.io/apimachinery/"},
		reason: "volumes know the API's types and nothing of the simulator"},
	{folder: "dnsserver", others: []string{"github.com/miekg/dns", "golang.org/x/sys/unix"}, doors: "server*.go",
		reason: "DNS answers come from plain values, so that the server can stand alone; the server's sockets are a door"},
	{folder: "sim/kernel", reason: "order and chance need the standard library only"},
	{folder: "sim/api/field", others: []string{"k8s.io/apimachinery/"}, reason: "where a problem is, in upstream's form"},
	{folder: "sim/api", ours: []string{"sim/api/field"}, others: append([]string{"sigs.k8s.io/yaml", "sigs.k8s.io/json", "go.yaml.in/yaml"}, kubernetes...),
		reason: "kinds are tables over the published types"},
	{folder: "sim/store", ours: []string{"sim/api", "sim/kernel", "storage/ordered"}, others: kubernetes,
		reason: "rows of known kinds, and pending events"},
	{folder: "sim/network", ours: []string{"sim/api", "sim/store", "sim/container/applet", "dnsserver"}, others: append([]string{"github.com/miekg/dns"}, kubernetes...),
		reason: "names and routes are read from the store"},
	{folder: "sim/container/applet", ours: []string{"storage", "dnsserver"}, others: []string{"github.com/miekg/dns", "github.com/benhoyt/goawk"},
		reason: "commands see files and names, and nothing of the cluster"},
	{folder: "sim/container/shell", ours: []string{"storage", "dnsserver", "sim/container/applet"}, others: []string{"mvdan.cc/sh/v3"},
		reason: "the shell runs commands"},
	{folder: "sim/container/app/catalogue", ours: []string{"sim/container/app", "sim/container/app/agnhost", "sim/container/app/etcd", "sim/container/app/galera", "sim/container/app/mongo", "sim/container/app/mysql", "sim/container/app/nginx", "sim/container/app/zookeeper", "sim/container/applet"},
		reason: "a table of models; each model is a package of its own"},
	{folder: "sim/container/app", ours: []string{"storage", "sim/container/applet", "sim/container/shell"}, reason: "applications are programs: they see what programs see"},
	{folder: "sim/container/app/quorum", ours: []string{"storage", "sim/container/app", "sim/container/applet"}, reason: "agreement needs files, and names to speak to"},
	{folder: "sim/container/app/sql", ours: []string{"storage", "sim/container/applet"}, reason: "a database in files, and its command-line client"},
	{folder: "sim/container/app/galera", ours: []string{"storage", "sim/container/app", "sim/container/app/mysql", "sim/container/app/sql", "sim/container/applet", "sim/container/shell"},
		reason: "a Galera node is a MySQL server that agrees with others before it commits"},
	{folder: "sim/container/app/*", ours: []string{"storage", "dnsserver", "sim/container/app", "sim/container/app/quorum", "sim/container/app/sql", "sim/container/applet", "sim/container/shell"}, reason: "a model of an application is written as anybody would write one"},
	{folder: "sim/container", ours: []string{"sim/api", "sim/kernel", "sim/store", "sim/network", "sim/container/app", "sim/container/app/catalogue", "sim/container/applet", "sim/container/shell", "storage", "dnsserver"}, others: kubernetes,
		reason: "containers join rows, volumes, names and programs"},
	{folder: "sim/registry", ours: []string{"sim/api", "sim/store", "sim/kernel", "storage"}, others: kubernetes,
		reason: "requests are checked against rows"},
	{folder: "sim/control", ours: []string{"sim/api", "sim/store", "sim/container", "storage"}, others: kubernetes,
		reason: "loops read rows and write plans"},
	{folder: "sim", ours: []string{"sim/container/app", "sim/container/app/catalogue", "sim/api", "sim/kernel", "sim/store", "sim/registry", "sim/network", "sim/container", "sim/control", "storage", "storage/ordered", "dnsserver"}, others: append([]string{"github.com/hashicorp/go-memdb"}, kubernetes...),
		reason: "the cluster commits what loops plan; client-go and kubectl stay above it"},
	{folder: "sim/why", ours: []string{"sim/api", "sim/store", "sim/container", "sim/network", "storage", "dnsserver"}, others: append([]string{"github.com/miekg/dns"}, kubernetes...),
		reason: "what holds an object is read from the rows, those of containers included, by a pure function"},
	{folder: "sim/compare", ours: []string{"sim/api", "sim/store", "sim/container", "sim/network", "storage"}, others: kubernetes,
		reason: "how two instants differ is read from the rows, those of volumes included, by a pure function"},
	{folder: "sim/property", ours: []string{"sim/api", "sim/store", "sim/container"}, others: kubernetes, reason: "what people promise is asked of the rows, files of containers among them, by a pure function"},
	{folder: "sim/explore", ours: []string{"sim", "sim/api", "sim/container", "sim/kernel", "sim/property", "sim/store", "storage"}, others: append([]string{"sigs.k8s.io/yaml"}, kubernetes...), doors: "search.go",
		reason: "many lives of one world: it needs what a Go program needs, and no door; only the search lives several at once"},
	{folder: "sim/journal", ours: []string{"sim"}, doors: "disk*.go",
		reason: "a history is options and inputs; files are a door"},
	{folder: "sim/explore/generate", ours: []string{"sim", "sim/explore", "sim/kernel"}, others: append([]string{"pgregory.net/rapid"}, kubernetes...), reason: "only those who use rapid depend on it"},
	{folder: "sim/door", ours: []string{"sim", "dnsserver"}, door: true, reason: "the first package with goroutines"},
	{folder: "sim/wire", door: true, reason: "bytes of real connections; it knows HTTP and nothing of the cluster"},
	{folder: "sim/loopback", ours: []string{"sim", "sim/api", "sim/store", "sim/container", "sim/container/applet", "sim/network", "sim/door", "sim/wire"}, others: kubernetes,
		door: true, reason: "sockets are a door: they follow the rows and carry connections into the cluster"},
	{folder: "sim/apiserver", ours: []string{"sim", "sim/api", "sim/store", "sim/registry", "sim/container", "sim/network", "sim/container/applet", "sim/door", "sim/wire"},
		others: append([]string{"k8s.io/client-go/", "k8s.io/cri-streaming/", "k8s.io/streaming/", "k8s.io/kube-openapi/", "k8s.io/klog/", "github.com/gorilla/websocket", "github.com/google/gnostic-models/", "google.golang.org/protobuf/",
			"gopkg.in/evanphx/json-patch.v4", "sigs.k8s.io/"}, kubernetes...),
		door: true, reason: "HTTP is a door"},
	{folder: "sim/kubectl/english", others: []string{"k8s.io/kubectl/"}, reason: "it must come before everything that has texts"},
	{folder: "sim/kubectl", ours: []string{"sim", "sim/api", "sim/door", "sim/apiserver", "sim/kubectl/english"},
		others: append([]string{"k8s.io/kubectl/", "k8s.io/cli-runtime/", "k8s.io/client-go/", "github.com/spf13/cobra", "github.com/spf13/pflag", "github.com/gorilla/websocket", "k8s.io/klog/", "sigs.k8s.io/yaml"}, kubernetes...),
		door:   true, reason: "the only package that imports kubectl"},
	{folder: "scenarios", ours: []string{"sim", "sim/api", "sim/container", "sim/container/applet", "sim/container/shell", "sim/door", "sim/kubectl", "sim/apiserver", "sim/store", "sim/network", "sim/kernel", "sim/property", "sim/why", "sim/compare", "storage", "dnsserver"},
		others: append([]string{"github.com/yuin/goldmark", "sigs.k8s.io/yaml", "go.yaml.in/yaml"}, kubernetes...), door: true, reason: "pages use the cluster as a person does"},
	{folder: "cmd/stsim", ours: []string{"sim", "sim/journal", "sim/api", "sim/property", "sim/explore", "sim/door", "sim/apiserver", "sim/loopback", "sim/kubectl", "scenarios", "storage", "dnsserver", "sim/container", "sim/store", "sim/network", "sim/why"},
		others: append([]string{"github.com/spf13/cobra", "github.com/spf13/pflag", "sigs.k8s.io/yaml", "golang.org/x/term"}, kubernetes...), door: true, reason: "the binary; stsim dns indexes the names in files"},
}

// The wall clock, other chance and goroutines, which nothing below the doors may use. Kernel rule: see ARCHITECTURE.md, idea 2.
var banned = map[string][]string{
	"time":              {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
	"os":                nil, // nil: the whole package
	"os/exec":           nil,
	"math/rand":         nil,
	"math/rand/v2":      nil,
	"crypto/rand":       nil,
	"net/http/httptest": nil,
}

func TestImportsFollowTheLaw(t *testing.T) {
	eachFile(t, func(folder, path string, file *ast.File, _ *token.FileSet) {
		law, found := lawOf(folder)
		if !found {
			t.Errorf("%s: the folder is not in the import law; add it to layers, with the reason", path)
			return
		}
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			switch {
			case strings.HasPrefix(imported, module):
				if target := strings.TrimPrefix(imported, module); !slices.Contains(law.ours, target) {
					t.Errorf("%s imports %s, which %s may not: %s", path, target, law.folder, law.reason)
				}
			case strings.Contains(strings.Split(imported, "/")[0], "."):
				if !slices.ContainsFunc(law.others, func(prefix string) bool { return strings.HasPrefix(imported+"/", strings.TrimSuffix(prefix, "/")+"/") }) {
					t.Errorf("%s imports %s, which %s may not: %s", path, imported, law.folder, law.reason)
				}
			}
		}
	})
}

func TestNothingBelowTheDoorsReadsTheWallClockOrStartsGoroutines(t *testing.T) {
	eachFile(t, func(folder, path string, file *ast.File, files *token.FileSet) {
		law, _ := lawOf(folder)
		if opened, _ := filepath.Match(law.doors, filepath.Base(path)); law.door || opened {
			return
		}
		names := map[string]string{} // local name of a package -> its path
		for _, spec := range file.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			local := filepath.Base(imported)
			if spec.Name != nil {
				local = spec.Name.Name
			}
			names[local] = imported
			if only, listed := banned[imported]; listed && only == nil {
				t.Errorf("%s imports %s: nothing below the doors may", path, imported)
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a go statement below the doors", files.Position(node.Pos()))
			case *ast.SelectStmt, *ast.ChanType:
				t.Errorf("%s: a channel below the doors", files.Position(node.Pos()))
			case *ast.SelectorExpr:
				if local, ok := node.X.(*ast.Ident); ok && local.Obj == nil && slices.Contains(banned[names[local.Name]], node.Sel.Name) {
					t.Errorf("%s: %s.%s below the doors", files.Position(node.Pos()), local.Name, node.Sel.Name)
				}
			}
			return true
		})
	})
}

// eachFile visits the Go files that make up the product.
func eachFile(t *testing.T, visit func(folder, path string, file *ast.File, files *token.FileSet)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if entry.IsDir() && path != root {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir // a module of its own
			}
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(filepath.Dir(relative)), filepath.ToSlash(relative), file, files)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lawOf(folder string) (layer, bool) {
	at := slices.IndexFunc(layers, func(l layer) bool {
		fits, _ := path.Match(l.folder, folder)
		return fits
	})
	if at < 0 {
		return layer{}, false
	}
	return layers[at], true
}
