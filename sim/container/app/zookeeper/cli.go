package zookeeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// cliState is what an interactive zkCli.sh knows between two lines.
type cliState struct {
	server  string
	session uint64
	number  int  // of the next command
	shown   bool // its prompt is on the screen
	watches bool
}

// sessionTimeout is what zkCli.sh asks for.
const sessionTimeout = 30 * time.Second

// zkCli is ZooKeeper's command line: with a command it runs that, else it reads commands from its input.
func zkCli(c *applet.Call) applet.Outcome {
	state, resumed := c.State.(cliState)
	args := c.Args[1:]
	servers := "localhost:2181"
	for len(args) > 1 && (args[0] == "-server" || args[0] == "-timeout") {
		if args[0] == "-server" {
			servers = args[1]
		}
		args = args[2:]
	}
	if !resumed {
		fmt.Fprintf(c.Stdout, "Connecting to %s\n", servers)
		if len(args) == 0 {
			fmt.Fprint(c.Stdout, "Welcome to ZooKeeper!\nJLine support is enabled\n")
		}
		state = connect(c, servers)
		if state.session != 0 {
			printEvent(c.Stdout, "state:SyncConnected type:None path:null")
		}
	}
	if len(args) > 0 {
		if state.session == 0 && needsServer(args) {
			fmt.Fprintf(c.Stderr, "Exception in thread \"main\" org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss for %s\n", pathOf(args))
			return applet.Exit(1)
		}
		quiet := state.command(c, args)
		state.ask(c, call{Op: "close"})
		if !quiet {
			return applet.Exit(1)
		}
		return applet.Exit(0)
	}
	return state.interact(c, servers)
}

// connect opens a session with the first server that gives one.
func connect(c *applet.Call, servers string) cliState {
	for _, place := range strings.Split(servers, ",") {
		if !strings.Contains(place, ":") {
			place += ":2181"
		}
		s := cliState{server: place}
		a, err := s.send(c, call{Op: "session", Timeout: sessionTimeout.Milliseconds()})
		if err == nil && a.Failure == "" {
			s.session = a.Session
			return s
		}
	}
	return cliState{server: servers}
}

var errConnection = errors.New("the connection was closed")

func (s cliState) send(c *applet.Call, what call) (a answer, err error) {
	text, err := json.Marshal(what)
	if err != nil {
		return a, err
	}
	data, _, err := app.Dial(c.System, s.server, append([]byte(callPrefix), text...))
	if err != nil {
		return a, err
	}
	if json.Unmarshal(data, &a) != nil {
		return a, errConnection
	}
	return a, nil
}

// ask sends a request of the session and prints what its watches have seen. A connection that is lost is a failure like any other.
func (s cliState) ask(c *applet.Call, what call) answer {
	what.Session = s.session
	a, err := s.send(c, what)
	if err != nil || s.session == 0 {
		return answer{Failure: connectionBad, Path: what.Path}
	}
	for _, event := range a.Events {
		printEvent(c.Stdout, "state:SyncConnected "+event)
	}
	return a
}

func printEvent(w io.Writer, event string) {
	fmt.Fprintf(w, "\nWATCHER::\n\nWatchedEvent %s\n", event)
}

// interact reads commands.
func (s cliState) interact(c *applet.Call, servers string) applet.Outcome {
	for {
		if !s.shown {
			status := "CONNECTED"
			if s.session == 0 {
				status = "CONNECTING"
			}
			fmt.Fprintf(c.Stdout, "[zk: %s(%s) %d] ", servers, status, s.number)
			s.shown = true
		}
		end := strings.IndexByte(string(c.Stdin.Data), '\n')
		if end < 0 && !c.Stdin.Closed {
			return s.wait(c)
		}
		line := string(c.Stdin.Data)
		if end >= 0 {
			line = line[:end]
			c.Stdin.Data = c.Stdin.Data[end+1:]
		} else {
			c.Stdin.Data = nil
		}
		args := fields(line)
		if end < 0 && len(args) == 0 || len(args) > 0 && (args[0] == "quit" || args[0] == "close") {
			if len(args) > 0 {
				fmt.Fprint(c.Stdout, "Quitting...\n")
			}
			s.ask(c, call{Op: "close"})
			return applet.Exit(0)
		}
		s.shown = false
		if len(args) == 0 {
			continue
		}
		s.number++
		if s.session == 0 {
			again := connect(c, servers)
			s.server, s.session = again.server, again.session
		}
		s.command(c, args)
	}
}

// wait blocks until something is typed. Meanwhile the session is kept alive, and with watches their news are asked for.
func (s cliState) wait(c *applet.Call) applet.Outcome {
	if s.session != 0 {
		if a := s.ask(c, call{Op: "ping"}); a.Failure == noSession {
			printEvent(c.Stdout, "state:Expired type:None path:null")
			s.session = 0
		} else if len(a.Events) > 0 {
			s.shown = false
			return s.interact(c, s.server)
		}
	}
	pause := sessionTimeout / 3
	if s.watches {
		pause = time.Second
	}
	return applet.Outcome{Block: &applet.Block{Until: c.System.Now().Add(pause), Input: true}, State: s}
}

// fields splits a line; double quotes hold words together.
func fields(line string) (words []string) {
	var word strings.Builder
	quoted, begun := false, false
	for _, r := range line + " " {
		switch {
		case r == '"':
			quoted, begun = !quoted, true
		case (r == ' ' || r == '\t' || r == '\r') && !quoted:
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	return words
}

const usage = `ZooKeeper -server host:port cmd args
	stat path [watch]
	set path data [version]
	ls path [watch]
	ls2 path [watch]
	get path [watch]
	create [-s] [-e] path data acl
	delete path [version]
	rmr path
	close 
	quit 
`

func needsServer(args []string) bool { return args[0] != "help" && args[0] != "quit" }

func pathOf(args []string) string {
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "/") {
			return arg
		}
	}
	return "/"
}

// command runs one command and says whether the client goes on as usual.
func (s *cliState) command(c *applet.Call, args []string) bool {
	var flags, rest []string
	for _, arg := range args[1:] {
		if len(arg) == 2 && arg[0] == '-' && len(rest) == 0 {
			flags = append(flags, arg)
		} else {
			rest = append(rest, arg)
		}
	}
	has := func(flag string) bool { return strings.Contains(strings.Join(flags, " "), flag) }
	need := map[string]int{"create": 1, "get": 1, "set": 2, "ls": 1, "ls2": 1, "stat": 1, "delete": 1, "rmr": 1, "deleteall": 1}
	count, known := need[args[0]]
	if args[0] == "quit" {
		fmt.Fprint(c.Stdout, "Quitting...\n")
		return true
	}
	if !known || len(rest) < count {
		fmt.Fprint(c.Stderr, usage)
		return true
	}
	if problem := validPath(rest[0]); problem != "" {
		fmt.Fprintf(c.Stderr, "Command failed: java.lang.IllegalArgumentException: %s\n", problem)
		return true
	}
	what := call{Op: args[0], Path: rest[0], Version: -1, Ephemeral: has("-e"), Sequential: has("-s")}
	switch args[0] {
	case "create":
		if len(rest) > 1 {
			what.Data = rest[1]
		}
	case "set":
		what.Data = rest[1]
		what.Version = versionAt(rest, 2)
	case "delete":
		what.Version = versionAt(rest, 1)
	case "rmr", "deleteall":
		return s.removeAll(c, rest[0])
	case "ls2":
		what.Op, what.Watch = "ls", len(rest) > 1
	default:
		what.Watch = len(rest) > 1 || has("-w")
	}
	s.watches = s.watches || what.Watch
	a := s.ask(c, what)
	if a.Failure != "" {
		return s.failed(c, a, args)
	}
	switch args[0] {
	case "create":
		fmt.Fprintf(c.Stderr, "Created %s\n", a.Path)
	case "get":
		fmt.Fprintf(c.Stdout, "%s\n", a.Data)
		fmt.Fprint(c.Stderr, a.Stat.text())
	case "ls", "ls2":
		fmt.Fprintf(c.Stdout, "[%s]\n", strings.Join(a.Children, ", "))
		if args[0] == "ls2" {
			fmt.Fprint(c.Stderr, a.Stat.text())
		}
	case "set", "stat":
		fmt.Fprint(c.Stderr, a.Stat.text())
	}
	return true
}

func versionAt(args []string, i int) int {
	if i < len(args) {
		if n, err := strconv.Atoi(args[i]); err == nil {
			return n
		}
	}
	return -1
}

// removeAll removes a node and what is below it.
func (s *cliState) removeAll(c *applet.Call, path string) bool {
	list := s.ask(c, call{Op: "ls", Path: path})
	for _, child := range list.Children {
		if !s.removeAll(c, strings.TrimSuffix(path, "/")+"/"+child) {
			return false
		}
	}
	a := s.ask(c, call{Op: "delete", Path: path, Version: -1})
	return a.Failure == "" || s.failed(c, a, []string{"rmr", path})
}

// failed prints why a request failed. A lost connection ends a client that was started for one command.
func (s *cliState) failed(c *applet.Call, a answer, args []string) bool {
	texts := map[string]string{
		noNode: "Node does not exist: ", nodeExists: "Node already exists: ", notEmpty: "Node not empty: ", badVersion: "version No is not valid : ",
		badArguments: "Arguments are not valid : ", ofEphemerals: "Ephemerals cannot have children: ",
	}
	if text, known := texts[a.Failure]; known {
		fmt.Fprintf(c.Stderr, "%s%s\n", text, a.Path)
		return true
	}
	name := a.Failure
	fmt.Fprintf(c.Stderr, "Exception in thread \"main\" org.apache.zookeeper.KeeperException$%sException: KeeperErrorCode = %s for %s\n", name, name, pathOf(args))
	s.session = 0
	return false
}
