package agnhost

import (
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/shell"
	"github.com/stsim/stsim/storage"
)

// Image is the test image of Kubernetes: one program with many subcommands, of which pause, netexec and test-webserver are simulated.
func Image(r app.Reference) *app.Image {
	img := &app.Image{Root: func() storage.Tree { return agnhostTree() }, Entrypoint: []string{"/agnhost"}, Command: []string{"pause"}, Servers: map[string]app.Server{"agnhost": agnhost{}}}
	switch r.Last() {
	case "test-webserver", "netexec":
		img.Command = []string{r.Last()}
	}
	return img
}

var agnhostTree = sync.OnceValue(func() storage.Tree {
	return app.WithCommands(app.Skeleton("busybox"), "/bin", func(string) bool { return true }).
		With("/agnhost", shell.Stub("agnhost"), 0o755).
		With("/localhost.crt", []byte("-----BEGIN CERTIFICATE-----\nc3RzaW0gaGFzIG5vIGNlcnRpZmljYXRlcw==\n-----END CERTIFICATE-----\n"), 0o644)
})

// agnhost is that program.
type agnhost struct{}

func (agnhost) Start(r *app.Run) {
	command := "pause"
	if len(r.Args) > 1 {
		command = r.Args[1]
	}
	r.State = command
	switch command {
	case "pause":
	case "test-webserver":
		agnhostListen(r, "--port", 80)
	case "netexec":
		agnhostListen(r, "--http-port", 8080)
	default:
		fmt.Fprintf(r.Stderr(), "agnhost %s is not simulated: expected pause, netexec or test-webserver\n", command)
		r.Exit(1)
	}
}

// agnhostListen takes the port that a flag names.
func agnhostListen(r *app.Run, flag string, port uint64) {
	for i, arg := range r.Args {
		text, found := strings.CutPrefix(arg, flag+"=")
		if arg == flag && i+1 < len(r.Args) {
			text, found = r.Args[i+1], true
		}
		if number, err := strconv.ParseUint(text, 10, 16); found && err == nil {
			port = number
		}
	}
	if err := r.Listen(uint16(port)); err != nil {
		fmt.Fprintf(r.Stderr(), "listen tcp :%d: bind: address already in use\n", port)
		r.Exit(1)
	}
}

func (agnhost) Wake(*app.Run) {}

func (agnhost) Signal(r *app.Run, signal int) { r.TerminateOn(signal, 0) }

func (agnhost) Serve(r *app.Run, _ uint16, data []byte) []byte {
	req, _, ok := app.ParseRequest(data)
	if !ok {
		return nil
	}
	res := &app.Response{Status: 200, Head: req.Method == http.MethodHead}
	kind := "text/plain; charset=utf-8"
	if r.State == "netexec" {
		res.Status, res.Body = netexec(r, req)
	} else if text, err := r.System().Files().ReadText(path.Clean(req.Path)); err == nil {
		res.Body, kind = []byte(text), app.ContentType(req.Path, kind)
	} else {
		res.Status, res.Body = 404, []byte("404 page not found\n")
	}
	res.Add("Content-Type", kind)
	res.Add("Date", r.System().Now().UTC().Format(http.TimeFormat))
	res.Add("Content-Length", strconv.Itoa(len(res.Body)))
	return res.Bytes()
}

// netexec answers the paths of agnhost netexec that need nothing beyond the container.
func netexec(r *app.Run, req app.Request) (int, []byte) {
	switch req.Path {
	case "/":
		return 200, []byte("NOW: " + r.System().Now().UTC().String())
	case "/hostname", "/hostName":
		return 200, []byte(r.System().Hostname())
	case "/clientip":
		return 200, []byte(r.Client().String())
	case "/healthz":
		return 200, nil
	case "/echo":
		for _, pair := range strings.Split(req.Query, "&") {
			if text, found := strings.CutPrefix(pair, "msg="); found {
				return 200, []byte(text)
			}
		}
		return 200, nil
	}
	return 404, []byte("404 page not found\n")
}
