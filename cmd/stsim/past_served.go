package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

// pastPath is where a served cluster shows itself as it was: the API below pastPath + INSTANT, for reading only.
const pastPath = "/stsim/at/"

// maxPasts is how many instants are kept ready. A command of kubectl asks several questions about the same one.
const maxPasts = 4

// pasts answers [pastPath].
type pasts struct {
	door *door.Door

	mu    sync.Mutex
	order []time.Time // the last asked for at the end
	known map[time.Time]http.Handler
}

func newPasts(d *door.Door) *pasts { return &pasts{door: d, known: map[time.Time]http.Handler{}} }

// ServeHTTP implements [http.Handler].
func (p *pasts) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	text, below, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, pastPath), "/")
	handler, err := p.at(text)
	if err != nil {
		refuse(writer, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	if why := notOfThePast(request); why != "" {
		refuse(writer, http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed,
			fmt.Sprintf("the cluster is shown as it was at %s, and %s\nhint: stsim clock back makes it the present", text, why))
		return
	}
	inner := request.Clone(request.Context())
	inner.URL.Path, inner.URL.RawPath = "/"+below, ""
	handler.ServeHTTP(writer, inner)
}

// notOfThePast is why a request cannot be made of the past; empty for one that can.
func notOfThePast(request *http.Request) string {
	query := request.URL.Query()
	isTrue := func(name string) bool { return query.Get(name) == "true" || query.Get(name) == "1" }
	last := request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]
	switch {
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		return "the past cannot be changed"
	case last == "exec" || last == "attach" || last == "portforward" || strings.Contains(request.URL.Path, "/proxy"):
		return "nothing can be done in the past"
	case isTrue("watch") || isTrue("follow") || strings.Contains(request.URL.Path, "/watch/"):
		return "nothing happens there that could be waited for"
	}
	return ""
}

// at is the API at an instant, which is written as for parseInstant.
func (p *pasts) at(text string) (http.Handler, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var twin *sim.Cluster
	p.door.Do(func(cluster *sim.Cluster) { twin = cluster.Fork() })
	instant, err := parseInstant(text, twin.Options().Start)
	if err != nil {
		return nil, err
	}
	if handler, known := p.known[instant]; known && !instant.Equal(twin.Now()) {
		return handler, nil
	}
	past, err := twin.At(instant)
	if err != nil {
		return nil, err
	}
	if len(p.order) == maxPasts {
		delete(p.known, p.order[0])
		p.order = p.order[1:]
	}
	handler := apiserver.New(door.New(past))
	p.known[instant], p.order = handler, append(p.order, instant)
	return handler, nil
}

// forget forgets the instants that are no longer of the past.
func (p *pasts) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.order = nil
	clear(p.known)
}

// pastServer is the address of the API of a served cluster as it was. The instant may also be how long ago it was: -30s.
func pastServer(served servedCluster, instant string) (string, error) {
	var state clockState
	if err := served.ask(http.MethodPost, clockPath, url.Values{"do": {"show"}}, &state); err != nil {
		return "", err
	}
	if ago, err := time.ParseDuration(instant); err == nil && ago < 0 {
		instant = state.Now.Add(ago).UTC().Format(time.RFC3339Nano)
	}
	at, err := parseInstant(instant, state.Begin)
	if err != nil {
		return "", fmt.Errorf("--at: %w", err)
	}
	if at.After(state.Now) {
		return "", fmt.Errorf("--at %s has not come yet: it is %s\nhint: stsim clock advance lets time go by", instant, sinceBegin(state.Now, state.Begin))
	}
	return served.server + pastPath + at.UTC().Format(time.RFC3339Nano), nil
}

// takeAt takes --at INSTANT out of the arguments of kubectl. Only what comes before "--" is looked at.
func takeAt(args []string) (rest []string, instant string, err error) {
	for i := 0; i < len(args); i++ {
		value, joined := strings.CutPrefix(args[i], "--at=")
		switch {
		case args[i] == "--":
			return append(rest, args[i:]...), instant, nil
		case joined:
			instant = value
		case args[i] == "--at":
			if i+1 == len(args) {
				return nil, "", fmt.Errorf("--at: expected an instant, such as 3m12s after the beginning, or -30s from now")
			}
			i++
			instant = args[i]
		default:
			rest = append(rest, args[i])
		}
	}
	return rest, instant, nil
}

// inThePast has the arguments of kubectl lead to a served cluster as it was.
func inThePast(ctx context.Context, args []string, instant string) ([]string, error) {
	named := ""
	for i, arg := range args {
		if value, joined := strings.CutPrefix(arg, "--kubeconfig="); joined {
			named = value
		} else if arg == "--kubeconfig" && i+1 < len(args) {
			named = args[i+1]
		}
	}
	served, err := findServed(ctx, named)
	if err != nil {
		return nil, err
	}
	server, err := pastServer(served, instant)
	if err != nil {
		return nil, err
	}
	return append([]string{"--server=" + server}, args...), nil
}
