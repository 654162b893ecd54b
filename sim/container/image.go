package container

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/applet"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// image is what is known of an image: a model, since no image is ever read. The table of models is in image_table.go.
type image struct {
	reference  reference
	tree       func() storage.Tree // root of its file system
	env        []string            // NAME=value
	entrypoint []string
	cmd        []string
	dir        string // working directory
	uid, gid   int
	prompt     string                   // of an interactive shell; "" is the shell's own
	servers    map[string]Server        // by the program named in a stub
	commands   map[string]applet.Applet // programs beyond the usual ones, by the name in a stub
	unknown    bool                     // a program it lacks stands for something that is not simulated, and stays up quietly
}

// images remembers models by image name. They depend on nothing but the name.
var images sync.Map

// imageOf is the model of an image.
func imageOf(name string) *image {
	if known, found := images.Load(name); found {
		return known.(*image)
	}
	r, err := parseReference(name)
	if err != nil {
		r = reference{domain: "docker.io", repository: "library/invalid", tag: "latest"}
	}
	made := modelOf(r)
	made.reference = r
	if made.dir == "" {
		made.dir = "/"
	}
	if made.tree == nil {
		made.tree = debianRoot
	}
	images.Store(name, made)
	return made
}

// resolve decides what runs a command line: a server, or (nil) the shell package. The errors are runc's.
func (img *image) resolve(g *Guest, args []string, spec *corev1.Container) (Server, error) {
	if len(args) == 0 {
		if img.unknown {
			return quiet{ports: declaredPorts(spec)}, nil
		}
		return nil, errNoCommand{}
	}
	file, err := lookPath(g.files, g.config.Env, g.config.Dir, args[0])
	if err != nil {
		if img.unknown && len(spec.Command) > 0 && args[0] == spec.Command[0] {
			return quiet{ports: declaredPorts(spec)}, nil
		}
		return nil, err
	}
	content, err := g.files.In(g.config.Dir).ReadText(file)
	if err != nil {
		return nil, err
	}
	if name, found := strings.CutPrefix(content, shell.StubPrefix); found {
		return img.servers[strings.TrimSpace(name)], nil
	}
	return nil, nil
}

type errNoCommand struct{}

func (errNoCommand) Error() string { return "no command specified" }

// declaredPorts are the TCP ports a container says it listens on.
func declaredPorts(spec *corev1.Container) [maxDeclared]uint16 {
	var ports [maxDeclared]uint16
	n := 0
	for _, port := range spec.Ports {
		if (port.Protocol == "" || port.Protocol == corev1.ProtocolTCP) && n < maxDeclared {
			ports[n] = uint16(port.ContainerPort)
			n++
		}
	}
	return ports
}

// digestOf is 64 hexadecimal digits that depend on the text alone.
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
