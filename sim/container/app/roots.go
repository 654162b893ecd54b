package app

import (
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// The roots of the file systems of images. Every command is a stub: a file that names the program it stands for.
var (
	BusyboxRoot = sync.OnceValue(func() storage.Tree {
		return WithCommands(Skeleton("busybox"), "/bin", func(name string) bool { return !slices.Contains(notInBusybox, name) }).
			With("/bin/busybox", shell.Stub("busybox"), 0o755)
	})
	OldBusyboxRoot = sync.OnceValue(func() storage.Tree {
		return BusyboxRoot().With("/bin/nslookup", shell.Stub("nslookup-1.28"), 0o755)
	})
	AlpineRoot = sync.OnceValue(func() storage.Tree {
		return BusyboxRoot().With("/etc/alpine-release", []byte("3.20.3\n"), 0o644).
			With("/etc/os-release", []byte("NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\n"), 0o644)
	})
	DebianRoot = sync.OnceValue(func() storage.Tree {
		return WithCommands(mergedUsr(Skeleton("debian")), "/usr/bin", func(name string) bool { return !slices.Contains(notInDebian, name) })
	})
	FullRoot = sync.OnceValue(func() storage.Tree {
		return WithCommands(mergedUsr(Skeleton("debian")), "/usr/bin", func(string) bool { return true })
	})
	PauseRoot = sync.OnceValue(func() storage.Tree {
		return storage.Tree{}.With("/pause", shell.Stub("pause"), 0o755).WithDir("/dev", 0o755)
	})
)

// What the small images lack, as far as it matters to what a person sees.
var (
	notInBusybox = []string{"bash", "dash", "curl", "dig", "host", "jq", "getent", "openssl"}
	notInDebian  = []string{
		"ash", "curl", "wget", "nc", "nslookup", "dig", "host", "ping", "ping6", "telnet", "ip", "ifconfig", "netstat", "ss", "traceroute",
		"vi", "less", "jq", "busybox", "openssl",
	}
)

// shells are the programs of the shell package itself.
var shells = []string{"sh", "bash", "ash", "dash"}

func WithCommands(tree storage.Tree, directory string, has func(name string) bool) storage.Tree {
	for _, name := range append(applet.Names(), shells...) {
		if has(name) {
			tree = tree.With(directory+"/"+name, shell.Stub(name), 0o755)
		}
	}
	return tree
}

// Skeleton is a file system without commands.
func Skeleton(system string) storage.Tree {
	var t storage.Tree
	for _, directory := range strings.Fields("/bin /dev /etc /home /lib /mnt /opt /proc /run /sbin /srv /sys /usr/bin /usr/lib /usr/local/bin /usr/sbin /usr/share /var/cache /var/lib /var/log") {
		t = t.WithDir(directory, 0o755)
	}
	t = t.WithDir("/root", 0o700).WithDir("/tmp", 0o777|fs.ModeSticky).WithDir("/var/tmp", 0o777|fs.ModeSticky).WithDir("/dev/shm", 0o777|fs.ModeSticky).WithSymlink("/var/run", "/run")
	for _, device := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		t = t.WithDevice("/dev/"+device, device, 0o666)
	}
	for _, device := range []string{"stdin", "stdout", "stderr"} {
		t = t.WithDevice("/dev/"+device, device, 0o666)
	}
	t = t.With("/dev/termination-log", nil, 0o666)
	login := "/bin/bash"
	if system == "busybox" {
		login = "/bin/sh"
	}
	t = t.With("/etc/passwd", []byte("root:x:0:0:root:/root:"+login+"\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"), 0o644).
		With("/etc/group", []byte("root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n"), 0o644).
		With("/etc/nsswitch.conf", []byte("passwd: files\ngroup: files\nhosts: files dns\n"), 0o644)
	if system == "debian" {
		t = t.With("/etc/os-release", []byte("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n"), 0o644).
			With("/etc/debian_version", []byte("12.7\n"), 0o644)
	}
	return t
}

// mergedUsr makes /bin and /sbin links into /usr, as newer distributions have them.
func mergedUsr(t storage.Tree) storage.Tree {
	return t.Without("/bin").Without("/sbin").WithSymlink("/bin", "usr/bin").WithSymlink("/sbin", "usr/sbin")
}
