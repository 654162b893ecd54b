package apiserver

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/streaming/pkg/httpstream/wsstream"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/container"
)

// streamOptions are the parameters of pods/exec and pods/attach.
type streamOptions struct {
	stdin, stdout, stderr, tty bool
}

func streamOptionsOf(query url.Values) streamOptions {
	return streamOptions{
		stdin: isTrue(query.Get("stdin")), stdout: isTrue(query.Get("stdout")),
		stderr: isTrue(query.Get("stderr")), tty: isTrue(query.Get("tty")),
	}
}

// exec answers kubectl exec: it starts the command and connects its input and output with the client.
func (r *request) exec() error {
	options, command := streamOptionsOf(r.query), r.query["command"]
	if len(command) == 0 {
		return apierrors.NewBadRequest("you must specify at least one command for the container")
	}
	return r.stream(options, r.query.Get("container"), func(cluster *sim.Cluster, name string) (process, error) {
		number, err := cluster.Exec(r.object(), name, command, options.tty, options.stdin)
		return process{number: number, endInput: true, exec: true}, err
	})
}

// attach answers kubectl attach: it connects the client with the main process of a container.
func (r *request) attach() error {
	return r.stream(streamOptionsOf(r.query), r.query.Get("container"), func(cluster *sim.Cluster, name string) (process, error) {
		number, err := cluster.Attach(r.object(), name)
		if err != nil {
			return process{}, err
		}
		found := process{number: number, from: container.Position(cluster.View(), number)}
		if pod, known := cluster.View().Object(r.kind, r.namespace, r.name); known {
			for _, spec := range pod.(*corev1.Pod).Spec.Containers {
				if spec.Name == name && spec.StdinOnce { // started for this one client, who wants to see everything
					found.from, found.endInput = 0, true
				}
			}
		}
		return found, nil
	})
}

// process is a process that a client is connected with.
type process struct {
	number   int
	from     int  // position in its output where the client begins
	endInput bool // the end of the client's input is the end of the process's
	exec     bool // it was started for the client
}

// stream starts or finds a process and serves it over the protocol that the client speaks. A container that does not run is
// refused before the connection is upgraded, in plain text, as a kubelet does; a command that cannot be run, after.
func (r *request) stream(options streamOptions, containerName string, begin func(cluster *sim.Cluster, name string) (process, error)) error {
	webSocket := wsstream.IsWebSocketRequest(r.http)
	if !webSocket && !isSPDY(r.http) {
		return apierrors.NewBadRequest("Upgrade request required")
	}
	if !options.stdin && !options.stdout && !options.stderr {
		return apierrors.NewBadRequest("you must specify at least 1 of stdin, stdout, stderr")
	}
	if options.tty {
		options.stderr = false
	}
	var name string
	var found process
	var err error
	r.server.door.Do(func(cluster *sim.Cluster) {
		if name, err = r.containerOf(momentOf(cluster), containerName); err == nil {
			found, err = begin(cluster, name)
		}
	})
	var refused *container.ExecError
	if errors.As(err, &refused) && refused.Code == 0 {
		const prefix = "unable to upgrade connection: "
		http.Error(r.writer, strings.TrimPrefix(refused.Message, prefix), http.StatusNotFound)
		return nil
	}
	if err != nil && refused == nil {
		return err
	}
	session := &session{server: r.server, options: options, process: found, refused: refused}
	if webSocket {
		session.overWebSocket(r.writer.ResponseWriter, r.http)
	} else {
		session.overSPDY(r.writer.ResponseWriter, r.http)
	}
	return nil
}

func isSPDY(req *http.Request) bool {
	return strings.Contains(strings.ToLower(req.Header.Get("Connection")), "upgrade") &&
		strings.Contains(strings.ToLower(req.Header.Get("Upgrade")), "spdy")
}
