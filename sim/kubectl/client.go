package kubectl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/kubectl/pkg/cmd/util"

	"github.com/stsim/stsim/sim/apiserver"
	"github.com/stsim/stsim/sim/door"
)

// Interrupted is the exit code of a command that was interrupted (128 + SIGINT).
const Interrupted = 130

// Client runs kubectl against one cluster. Its methods are safe for concurrent use.
type Client struct {
	door      *door.Door
	config    *rest.Config
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
}

// Command is one kubectl command line.
type Command struct {
	Args           []string  // without "kubectl" itself
	Stdin          io.Reader // nil: empty
	Stdout, Stderr io.Writer
	Terminal       bool     // whether standard input and output count as a terminal (-t)
	Files          Files    // where file names lead; nil: nowhere
	Programs       Programs // the person's editor and diff; nil: none
	// Beside is asked before each request, and is nil for a command that runs alone. While others run at the same time it gives a key that
	// orders this one's requests among theirs, and otherwise "".
	Beside func() (key string)
	// Asked is told of every request, and may be nil. Requests of one command may come at the same time.
	Asked func(method string, at *url.URL)
}

// New makes the kubectl of a cluster.
func New(d *door.Door) (*Client, error) {
	takeOver.Do(takeOverGlobals)
	config := apiserver.RESTConfig(d)
	config.QPS = -1 // no throttling: it would sleep by the wall clock
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting kubectl: %w", err)
	}
	cached := orderly{memory.NewMemCacheClient(client)}
	return &Client{door: d, config: config, discovery: cached, mapper: restmapper.NewDeferredDiscoveryRESTMapper(cached)}, nil
}

// Run runs a command to its end and gives its exit code. When the context ends, the command is interrupted as by Ctrl-C. When Run has
// returned, nothing more is written.
func (c *Client) Run(ctx context.Context, command Command) (exitCode int) {
	if command.Stdin == nil {
		command.Stdin = strings.NewReader("")
	}
	if reason := refusal(command.Args); reason != "" {
		fmt.Fprintf(command.Stderr, "error: %s\n", reason)
		return 1
	}
	files := newStaged(command.Files, command.Stdin)
	defer files.remove()
	outputs := newOutputs(&command, files)
	defer outputs.close()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan exit, 2) // kubectl may end twice: see [failure]
	between := newTransport(ctx, c.door, command, outputs, func(e exit) { ended <- e })
	go func() { ended <- c.execute(ctx, command, between, files) }()
	var end exit
	select {
	case end = <-ended:
	case <-ctx.Done():
		return Interrupted
	}
	outputs.flush()
	if end.message != "" {
		fmt.Fprintln(command.Stderr, strings.TrimSuffix(end.message, "\n"))
	}
	files.bringBack(command.Files)
	return end.code
}

// execute runs the command tree. kubectl ends a command in the middle by the fatal handler, which panics with an exit.
func (c *Client) execute(ctx context.Context, command Command, between *transport, files *staged) (end exit) {
	defer func() {
		switch stopped := recover().(type) {
		case nil:
		case exit:
			end = between.excuse(stopped)
		default:
			end = exit{fmt.Sprintf("error: kubectl panicked: %v", stopped), 2}
		}
	}()
	if between.called == "cp" {
		defer copying(between.end)()
	}
	flags := newFlags()
	config := rest.CopyConfig(c.config)
	config.Wrap(between.wrap)
	config.WarningHandler = rest.NewWarningWriter(command.Stderr, rest.WarningWriterOptions{Deduplicate: true})
	get := &getter{client: c, flags: flags, config: config, warn: func(text string) { fmt.Fprintln(command.Stderr, text) }}
	root := newTree(command.Args, get, flags, streams{In: command.Stdin, Out: command.Stdout, ErrOut: command.Stderr}, between)
	files.confine(root, command.Args)
	root.SetArgs(append([]string{}, command.Args...)) // not nil: cobra would take those of this process
	root.SilenceErrors, root.SilenceUsage = true, true
	if err := root.ExecuteContext(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return exit{code: Interrupted}
		}
		util.CheckErr(err)
	}
	between.sayGoodbye()
	if between.called == "cp" { // the tar at the other side may have failed after all has come
		_ = c.door.Settle(ctx, "~") // behind everybody else
	}
	return exit{}
}
