// Package catalogue is the table of the images that stsim has models of. An application is a package beside this one; it joins the others with a line here.
package catalogue

import (
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/app/agnhost"
	"github.com/stsim/stsim/sim/container/app/etcd"
	"github.com/stsim/stsim/sim/container/app/galera"
	"github.com/stsim/stsim/sim/container/app/mongo"
	"github.com/stsim/stsim/sim/container/app/mysql"
	"github.com/stsim/stsim/sim/container/app/nginx"
	"github.com/stsim/stsim/sim/container/app/zookeeper"
	"github.com/stsim/stsim/sim/container/applet"
)

// Builtin is what every cluster knows: the first model that fits counts.
var Builtin = sync.OnceValue(func() *app.Catalogue {
	return app.NewCatalogue(
		app.Model{Fits: app.Contains("nginx"), Make: nginx.Image},
		app.Model{Fits: zookeeper.Fits, Make: zookeeper.Image},
		app.Model{Fits: mongo.Fits, Make: mongo.Image},
		app.Model{Fits: app.Named("busybox"), Make: busybox},
		app.Model{Fits: func(r app.Reference) bool { return strings.HasPrefix(r.Last(), "pause") }, Make: pause},
		app.Model{Fits: app.Named("agnhost", "test-webserver", "netexec"), Make: agnhost.Image},
		app.Model{Fits: app.Named("etcd"), Make: etcd.Image},
		app.Model{Fits: galera.WithEtcd, Make: galera.EtcdDiscovery},
		app.Model{Fits: app.Named("k8s-mariadb-galera-centos", "mariadb-galera"), Make: galera.PeerFinder},
		app.Model{Fits: app.Named("percona_xtradb_cluster_5_6", "percona-xtradb-cluster"), Make: galera.PXC},
		app.Model{Fits: app.Named("mysql", "mariadb", "percona", "percona-server", "mysql-server"), Make: mysql.Image},
		app.Model{Fits: app.Named("xtrabackup"), Make: mysql.XtrabackupImage},
		app.Model{Fits: app.Named("alpine"), Make: alpine},
		app.Model{Fits: app.Named("debian", "ubuntu", "centos", "fedora", "rockylinux", "bash", "debian-base"), Make: debian},
		app.Model{Fits: app.Named("toolbox", "netshoot", "dnsutils", "jessie-dnsutils", "curl"), Make: tools},
	)
})

func busybox(r app.Reference) *app.Image {
	image := &app.Image{Root: app.BusyboxRoot, Command: []string{"sh"}, Prompt: `\w # `}
	if major, minor, ok := r.Version(); ok && major == 1 && minor <= 28 {
		image.Root = app.OldBusyboxRoot
		image.Commands = map[string]applet.Applet{"nslookup-1.28": applet.NslookupOld}
	}
	return image
}

func alpine(app.Reference) *app.Image {
	return &app.Image{Root: app.AlpineRoot, Command: []string{"/bin/sh"}, Prompt: `\w # `}
}

func debian(app.Reference) *app.Image {
	return &app.Image{Root: app.DebianRoot, Command: []string{"bash"}}
}

func tools(app.Reference) *app.Image {
	return &app.Image{Root: app.FullRoot, Command: []string{"bash"}}
}

func pause(app.Reference) *app.Image {
	return &app.Image{Root: app.PauseRoot, Entrypoint: []string{"/pause"}, UID: 65535, GID: 65535, Servers: map[string]app.Server{"pause": app.Pause{}}}
}
