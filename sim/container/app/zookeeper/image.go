package zookeeper

import (
	"embed"
	"io/fs"
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// The scripts of the images. They are run by the simulated shell.
//
//go:embed scripts
var scripts embed.FS

// Fits says whether an image is one of ZooKeeper.
func Fits(r app.Reference) bool {
	name := r.Last()
	return strings.Contains(name, "zookeeper") || name == "k8szk" || name == "zk"
}

// Image is ZooKeeper, in the layouts of three images: kubernetes-zookeeper (start-zookeeper), k8szk (zkGenConfig.sh), and the official one (docker-entrypoint.sh).
// All scripts are in all of them.
func Image(r app.Reference) *app.Image {
	version := "3.4.10"
	image := &app.Image{
		Root: func() storage.Tree { return root() },
		Env:  []string{"ZK_HOME=/opt/zookeeper", "JAVA_HOME=/usr/lib/jvm/java-8-openjdk-amd64"},
		Commands: map[string]applet.Applet{
			"zkCli.sh": zkCli,
		},
	}
	if r.Last() == "zookeeper" && r.Domain == "docker.io" {
		if version = r.Tag; version == "" || strings.Trim(version, "0123456789.") != "" {
			version = "3.9.2"
		}
		image.Env = append(image.Env, "ZOO_CONF_DIR=/conf")
		image.Entrypoint, image.Command, image.Dir = []string{"/docker-entrypoint.sh"}, []string{"zkServer.sh", "start-foreground"}, "/opt/zookeeper"
	} else {
		image.Command = []string{"start-zookeeper"}
	}
	image.Servers = map[string]app.Server{"java": server{version: version}}
	return image
}

var root = sync.OnceValue(func() storage.Tree {
	t := app.DebianRoot().
		With("/usr/bin/nc", shell.Stub("nc"), 0o755).
		With("/usr/lib/jvm/java-8-openjdk-amd64/bin/java", shell.Stub("java"), 0o755).
		WithSymlink("/usr/bin/java", "/usr/lib/jvm/java-8-openjdk-amd64/bin/java").
		With("/opt/zookeeper/bin/zkCli.sh", shell.Stub("zkCli.sh"), 0o755).
		With("/etc/passwd", []byte("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\nzookeeper:x:1000:1000::/home/zookeeper:\n"), 0o644).
		With("/etc/group", []byte("root:x:0:\nnogroup:x:65534:\nzookeeper:x:1000:\n"), 0o644)
	for _, directory := range []string{"/opt/zookeeper/conf", "/var/lib/zookeeper/data", "/var/lib/zookeeper/log", "/var/log/zookeeper", "/data", "/datalog", "/conf"} {
		t = t.WithDir(directory, 0o755).WithOwner(directory, 1000, 1000)
	}
	t = t.WithOwner("/var/lib/zookeeper", 1000, 1000).WithSymlink("/usr/etc/zookeeper", "/opt/zookeeper/conf")
	files, err := scripts.ReadDir("scripts")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, file := range files {
		text, err := fs.ReadFile(scripts, "scripts/"+file.Name())
		if err != nil {
			panic(err)
		}
		t = t.With("/opt/zookeeper/bin/"+file.Name(), text, 0o755)
	}
	for _, name := range []string{"start-zookeeper", "zookeeper-ready", "zkServer.sh", "zkCli.sh", "zkGenConfig.sh", "zkOk.sh", "zkMetrics.sh"} {
		t = t.WithOwner("/opt/zookeeper/bin/"+name, 1000, 1000).WithSymlink("/usr/bin/"+name, "/opt/zookeeper/bin/"+name)
	}
	t = t.WithSymlink("/docker-entrypoint.sh", "/opt/zookeeper/bin/docker-entrypoint.sh")
	return t.WithOwner("/opt/zookeeper", 1000, 1000).WithOwner("/opt/zookeeper/bin", 1000, 1000)
})
