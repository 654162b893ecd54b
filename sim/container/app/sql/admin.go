package sql

import (
	"fmt"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
)

// AdminClient is the command mysqladmin: ping, status, version, processlist and shutdown.
func AdminClient(c *applet.Call) applet.Outcome {
	f, err := readFlags(c.Args[1:], c.Env)
	if err != nil || len(f.operands) == 0 {
		if err == nil {
			err = fmt.Errorf("expected a command: ping, status, processlist or shutdown")
		}
		fmt.Fprintf(c.Stderr, "mysqladmin: [ERROR] %s\n", err)
		return applet.Exit(1)
	}
	state, _ := c.State.(clientState)
	statement := ""
	switch f.operands[0] {
	case "ping":
	case "status", "extended-status":
		statement = "SHOW GLOBAL STATUS"
	case "processlist":
		statement = "SHOW PROCESSLIST"
	case "shutdown":
		statement = "SHUTDOWN"
	case "variables":
		statement = "SHOW GLOBAL VARIABLES"
	default:
		fmt.Fprintf(c.Stderr, "mysqladmin: Unknown command: '%s'\nhint: ping, status, processlist, variables and shutdown are simulated\n", f.operands[0])
		return applet.Exit(1)
	}
	request := Request{}
	if statement != "" {
		request.Statements = []string{statement}
	}
	response, failure, pending := f.send(c.System, request)
	if pending {
		if outcome, waiting := f.wait(c, state); waiting {
			return outcome
		}
	}
	ping := f.operands[0] == "ping"
	switch {
	case failure != nil && failure.Code == 1045 && ping:
		fmt.Fprintf(c.Stderr, "mysqladmin: connect to server at '%s' failed\nerror: '%s'\n", f.shownHost(), failure.Message)
		return applet.Exit(0) // somebody is there
	case failure != nil:
		fmt.Fprintf(c.Stderr, "mysqladmin: connect to server at '%s' failed\nerror: '%s'\n", f.shownHost(), failure.Message)
		if failure.Code == 2002 {
			fmt.Fprintf(c.Stderr, "Check that mysqld is running and that the socket: '%s' exists!\n", sockets[0])
		}
		return applet.Exit(1)
	case ping:
		fmt.Fprint(c.Stdout, "mysqld is alive\n")
	}
	for _, reply := range response.Replies {
		if reply.Error != nil {
			fmt.Fprintf(c.Stderr, "mysqladmin: %s failed; error: '%s'\n", strings.ToLower(f.operands[0]), reply.Error.Message)
			return applet.Exit(1)
		}
		format{table: true, names: true}.print(c.Stdout, reply.Result)
	}
	return applet.Exit(0)
}

func (f *flags) shownHost() string {
	if f.host == "" {
		return "localhost"
	}
	return f.host
}
