package kubectl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
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
}

// Command is one kubectl command line.
type Command struct {
	Args           []string  // without "kubectl" itself
	Stdin          io.Reader // nil: empty
	Stdout, Stderr io.Writer
	Terminal       bool  // whether standard input and output count as a terminal (-t)
	Files          Files // where file names lead; nil: nowhere
}

// New makes the kubectl of a cluster.
func New(d *door.Door) (*Client, error) {
	silence.Do(takeOverGlobals)
	config := apiserver.RESTConfig(d)
	config.QPS = -1 // no throttling: it would sleep by the wall clock
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("connecting kubectl: %w", err)
	}
	return &Client{door: d, config: config, discovery: memory.NewMemCacheClient(client)}, nil
}

// Run runs a command to its end and gives its exit code. When the context ends, the command is interrupted as by Ctrl-C.
func (c *Client) Run(ctx context.Context, command Command) (exitCode int) {
	if command.Stdin == nil {
		command.Stdin = strings.NewReader("")
	}
	if called, _ := calledCommand(command.Args); refused[called] != "" {
		fmt.Fprintf(command.Stderr, "error: kubectl %s is not available here: %s\n", called, refused[called])
		return 1
	}
	files, err := stage(command)
	if err != nil {
		fmt.Fprintf(command.Stderr, "error: %v\n", err)
		return 1
	}
	defer files.remove()
	command.Args, command.Stdout, command.Stderr = files.args, files.output(command.Stdout), files.output(command.Stderr)

	if command.Terminal && wantsTerminal(command.Args) {
		command.Stderr = &withoutWarning{to: command.Stderr}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan int, 1)
	go func() { ended <- c.execute(ctx, command) }()
	select {
	case exitCode = <-ended:
		files.bringBack(command.Files)
		return exitCode
	case <-ctx.Done():
		return Interrupted
	}
}

// execute runs the command tree. kubectl ends a command in the middle by the fatal handler, which panics with an exit.
func (c *Client) execute(ctx context.Context, command Command) (code int) {
	defer func() {
		switch stopped := recover().(type) {
		case nil:
		case exit:
			if stopped.message != "" {
				fmt.Fprintln(command.Stderr, strings.TrimSuffix(stopped.message, "\n"))
			}
			code = stopped.code
		default:
			fmt.Fprintf(command.Stderr, "error: kubectl panicked: %v\n", stopped)
			code = 2
		}
	}()
	flags := newFlags()
	config := rest.CopyConfig(c.config)
	between := newTransport(ctx, c.door, command)
	config.Wrap(between.wrap)
	config.WarningHandler = rest.NewWarningWriter(command.Stderr, rest.WarningWriterOptions{Deduplicate: true})
	get := &getter{flags: flags, config: config, discovery: c.discovery, warn: func(text string) { fmt.Fprintln(command.Stderr, text) }}
	root := newTree(command.Args, get, flags, streams{In: command.Stdin, Out: command.Stdout, ErrOut: command.Stderr})
	root.SetArgs(command.Args)
	root.SilenceErrors, root.SilenceUsage = true, true
	if err := root.ExecuteContext(ctx); err != nil {
		if errors.Is(err, context.Canceled) {
			return Interrupted
		}
		util.CheckErr(err)
	}
	between.sayGoodbye()
	return 0
}

// exit is how the fatal handler leaves a command.
type exit struct {
	message string
	code    int
}

var silence sync.Once

// takeOverGlobals changes the two things that kubectl keeps for the whole process: what ends a failed command, and where logs go.
func takeOverGlobals() {
	util.BehaviorOnFatal(func(message string, code int) { panic(exit{message, code}) })
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			panic(err) // klog has these flags
		}
	}
	klog.SetOutput(io.Discard)
}
