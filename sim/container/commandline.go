package container

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
)

// resolve decides what runs a command line: a server, or (nil) the shell package. The errors are runc's.
func resolve(g *Guest, args []string, spec *corev1.Container) (app.Server, error) {
	img := g.image
	if len(args) == 0 {
		if img.Unknown {
			return app.Quiet{Ports: declaredPorts(spec)}, nil
		}
		return nil, errNoCommand{}
	}
	file, err := lookPath(g.files, g.config.Env, g.config.Dir, args[0])
	if err != nil {
		if img.Unknown && len(spec.Command) > 0 && args[0] == spec.Command[0] {
			return app.Quiet{Ports: declaredPorts(spec)}, nil
		}
		return nil, err
	}
	content, err := g.files.In(g.config.Dir).ReadText(file)
	if err != nil {
		return nil, err
	}
	if name, found := strings.CutPrefix(content, shell.StubPrefix); found {
		return img.Servers[strings.TrimSpace(name)], nil
	}
	return nil, nil
}

type errNoCommand struct{}

func (errNoCommand) Error() string { return "no command specified" }

// declaredPorts are the TCP ports a container says it listens on.
func declaredPorts(spec *corev1.Container) [16]uint16 {
	var ports [16]uint16
	n := 0
	for _, port := range spec.Ports {
		if (port.Protocol == "" || port.Protocol == corev1.ProtocolTCP) && n < len(ports) {
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
