package mongo

import (
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
	stub "github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// Fits says whether an image is one of MongoDB.
func Fits(r app.Reference) bool {
	name := r.Last()
	return name == "mongo" || name == "mongodb" || name == "mongoclient" || strings.HasPrefix(name, "mongodb-")
}

// Image is the official image: mongod, the shells mongo and mongosh, and numactl, which starts other programs.
func Image(r app.Reference) *app.Image {
	version := versionOf(r.Tag)
	client := mongo(version)
	image := &app.Image{
		Root:       func() storage.Tree { return root() },
		Env:        []string{"MONGO_VERSION=" + version},
		Entrypoint: []string{"docker-entrypoint.sh"},
		Command:    []string{"mongod"},
		Servers:    map[string]app.Server{"mongod": mongod{version: version}},
		Commands:   map[string]applet.Applet{"mongo": client},
	}
	if r.Last() == "mongoclient" {
		image.Command = []string{"sleep", "infinity"}
	}
	return image
}

// versionOf is the whole version of a tag.
func versionOf(tag string) string {
	last := map[string]string{"3.2": "3.2.22", "3.4": "3.4.24", "3.6": "3.6.23", "3.7": "3.7.9", "4.0": "4.0.28", "4.2": "4.2.24", "4.4": "4.4.29", "5.0": "5.0.26", "6.0": "6.0.14", "7.0": "7.0.8"}
	tag, _, _ = strings.Cut(tag, "-")
	if version := last[tag]; version != "" {
		return version
	}
	if strings.Count(tag, ".") == 2 && strings.Trim(tag, "0123456789.") == "" {
		return tag
	}
	return last["4.4"]
}

var root = sync.OnceValue(func() storage.Tree {
	run := []byte("#!/bin/bash\nwhile [[ $1 == -* ]]; do shift; done\nexec \"$@\"\n")
	return app.DebianRoot().
		With("/usr/bin/mongod", stub.Stub("mongod"), 0o755).
		With("/usr/bin/mongo", stub.Stub("mongo"), 0o755).
		With("/usr/bin/mongosh", stub.Stub("mongo"), 0o755).
		With("/usr/bin/numactl", run, 0o755).
		With("/usr/local/bin/docker-entrypoint.sh", []byte("#!/bin/bash\n[[ $1 == -* ]] && set -- mongod \"$@\"\nexec \"$@\"\n"), 0o755).
		WithDir("/data/db", 0o755).WithDir("/data/configdb", 0o755)
})
