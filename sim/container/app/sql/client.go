package sql

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/applet"
)

// clientState is how far a client has got.
type clientState struct {
	asked    bool // for the password
	password *string
	giveUp   time.Time // of a connection that nobody answers
	session  int64
	address  string // of the server that has the session
	greeted  bool
	prompted bool
	schema   string
	flavour  string
	pending  string // an unfinished statement
}

// Client is the command mysql (mariadb): statements of -e, of a script on its input, or of a person at a prompt.
func Client(c *applet.Call) applet.Outcome {
	f, err := readFlags(c.Args[1:], c.Env)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: [ERROR] %s\n", name(c), err)
		fmt.Fprintf(c.Stderr, "hint: the simulated %s knows -h -P -u -p -D -e -B -s -t -E -N -f -r and --connect-timeout\n", name(c))
		return applet.Exit(7)
	}
	if f.version {
		fmt.Fprintf(c.Stdout, "%s  Ver 14.14 Distrib 5.7, for Linux (x86_64), as stsim simulates it\n", name(c))
		return applet.Exit(0)
	}
	if len(f.operands) > 0 {
		f.schema = f.operands[0]
	}
	state, resumed := c.State.(clientState)
	if f.passwordGiven && !resumed {
		fmt.Fprintf(c.Stderr, "%s: [Warning] Using a password on the command line interface can be insecure.\n", name(c))
	}
	if f.ask && state.password == nil {
		if !state.asked {
			fmt.Fprint(c.Stdout, "Enter password: ")
			state.asked = true
		}
		line, outcome, ok := readLine(c, state)
		if !ok {
			return outcome
		}
		state.password = &line
	}
	if state.password != nil {
		f.password = *state.password
	}
	if f.execute == nil && c.TTY && stdin(c).Outside {
		return f.talk(c, state)
	}
	return f.batchRun(c, state)
}

func name(c *applet.Call) string { return c.Args[0][strings.LastIndexByte(c.Args[0], '/')+1:] }

func stdin(c *applet.Call) *applet.Stdin {
	if c.Stdin == nil {
		c.Stdin = &applet.Stdin{Closed: true}
	}
	return c.Stdin
}

// readLine takes a line of the input, or says to wait for one.
func readLine(c *applet.Call, state clientState) (string, applet.Outcome, bool) {
	in := stdin(c)
	text := string(in.Data)
	end := strings.IndexByte(text, '\n')
	if end < 0 && !in.Closed {
		return "", applet.Outcome{Block: &applet.Block{Input: true}, State: state}, false
	}
	if end < 0 {
		in.Data = nil
		return text, applet.Outcome{}, true
	}
	in.Data = in.Data[end+1:]
	return strings.TrimSuffix(text[:end], "\r"), applet.Outcome{}, true
}

// wait lets a connection that nobody answers take its time; the failure then ends the command.
func (f flags) wait(c *applet.Call, state clientState) (applet.Outcome, bool) {
	if state.giveUp.IsZero() {
		limit := 127 * time.Second // as long as Linux tries
		if f.timeout > 0 {
			limit = time.Duration(f.timeout) * time.Second
		}
		state.giveUp = c.System.Now().Add(limit)
	}
	if c.System.Now().Before(state.giveUp) {
		return applet.Outcome{Block: &applet.Block{Until: state.giveUp}, State: state}, true
	}
	return applet.Outcome{}, false
}

// batchRun executes the statements of -e or of a script, all in one connection.
func (f flags) batchRun(c *applet.Call, state clientState) applet.Outcome {
	script := ""
	if f.execute != nil {
		script = *f.execute
	} else {
		if !stdin(c).Closed {
			return applet.Outcome{Block: &applet.Block{Input: true}, State: state}
		}
		script = string(stdin(c).Data)
	}
	pieces, _ := Split(script)
	request := Request{Schema: f.schema, Force: f.force}
	for _, piece := range pieces {
		request.Statements = append(request.Statements, piece.Text)
	}
	response, failure, pending := f.send(c.System, request)
	if pending {
		if outcome, waiting := f.wait(c, state); waiting {
			return outcome
		}
	}
	if failure != nil {
		fmt.Fprintln(c.Stderr, failure.Error())
		return applet.Exit(1)
	}
	silent := f.silent
	if !c.TTY {
		silent++
	}
	look := format{table: f.table || silent == 0, names: !f.noNames && silent < 2, raw: f.raw}
	failed := false
	for i, reply := range response.Replies {
		look.vertical = f.vertical || pieces[i].Vertical
		if f.verbose {
			fmt.Fprintf(c.Stdout, "--------------\n%s\n--------------\n\n", pieces[i].Text)
		}
		if reply.Error != nil {
			fmt.Fprintln(c.Stderr, reply.Error.Text(pieces[i].Line))
			failed = true
			continue
		}
		look.print(c.Stdout, reply.Result)
	}
	if failed && !f.force {
		return applet.Exit(1)
	}
	return applet.Exit(0)
}

// talk is the client at a prompt: every statement is a connection of its own, in a session that the server keeps.
func (f flags) talk(c *applet.Call, state clientState) applet.Outcome {
	if !state.greeted {
		response, failure, pending := f.send(c.System, Request{Schema: f.schema, Keep: true})
		if pending {
			if outcome, waiting := f.wait(c, state); waiting {
				return outcome
			}
		}
		if failure != nil {
			fmt.Fprintln(c.Stderr, failure.Error())
			return applet.Exit(1)
		}
		state.session, state.address, state.flavour, state.schema, state.greeted = response.Session, response.Address, response.Flavour, f.schema, true
		greet(c.Stdout, response)
	}
	for {
		if !state.prompted {
			_, _ = io.WriteString(c.Stdout, state.prompt())
			state.prompted = true
		}
		if in := stdin(c); len(in.Data) == 0 && in.Closed {
			fmt.Fprint(c.Stdout, "Bye\n")
			return f.leave(c, state)
		}
		line, outcome, ok := readLine(c, state)
		if !ok {
			return outcome
		}
		state.prompted = false
		switch command := strings.ToLower(strings.TrimRight(strings.TrimSpace(line), "; ")); {
		case state.pending == "" && (command == "exit" || command == "quit" || command == `\q`):
			fmt.Fprint(c.Stdout, "Bye\n")
			return f.leave(c, state)
		case command == `\c`:
			state.pending = ""
			continue
		case state.pending == "" && strings.HasPrefix(command, "use ") && !strings.Contains(line, ";"):
			line += ";"
		}
		state.pending += line + "\n"
		pieces, open := Split(state.pending)
		if open || len(pieces) == 0 {
			if len(pieces) == 0 {
				state.pending = ""
			}
			continue
		}
		state.pending = ""
		for _, piece := range pieces {
			if !f.say(c, &state, piece) {
				return applet.Exit(1)
			}
		}
	}
}

func greet(w io.Writer, response Response) {
	command := "MySQL"
	if response.Flavour == "MariaDB" {
		command = "MariaDB"
	}
	fmt.Fprintf(w, "Welcome to the %s monitor.  Commands end with ; or \\g.\nYour %s connection id is %d\nServer version: %s\n\nType 'help;' or '\\h' for help. Type '\\c' to clear the current input statement.\n\n",
		command, command, response.Session, response.Version)
}

func (state clientState) prompt() string {
	switch {
	case state.pending != "":
		return "    -> "
	case state.flavour == "MariaDB":
		schema := state.schema
		if schema == "" {
			schema = "(none)"
		}
		return "MariaDB [" + schema + "]> "
	}
	return "mysql> "
}

// say sends one statement of the person; false ends the client.
func (f flags) say(c *applet.Call, state *clientState, piece Piece) bool {
	request := Request{Session: state.session, Keep: true, Statements: []string{piece.Text}}
	response, failure, _ := f.at(state.address).send(c.System, request)
	if failure != nil && (failure.Code == 2006 || failure.Code == 2003) { // the server has been restarted, or another one answers
		fmt.Fprintf(c.Stdout, "%s\nNo connection. Trying to reconnect...\n", failure.Error())
		request.Session, request.Schema = 0, state.schema
		if response, failure, _ = f.send(c.System, request); failure == nil {
			schema := state.schema
			if schema == "" {
				schema = "*** NONE ***"
			}
			fmt.Fprintf(c.Stdout, "Connection id:    %d\nCurrent database: %s\n\n", response.Session, schema)
			state.session, state.address = response.Session, response.Address
		}
	}
	if failure != nil {
		fmt.Fprintln(c.Stdout, failure.Error())
		return true
	}
	for _, reply := range response.Replies {
		if reply.Error != nil {
			fmt.Fprintln(c.Stdout, reply.Error.Error())
			continue
		}
		if reply.Schema != "" {
			state.schema = reply.Schema
		}
		format{table: true, vertical: f.vertical || piece.Vertical, names: !f.noNames, talk: true}.print(c.Stdout, reply.Result)
	}
	return true
}

func (f flags) leave(c *applet.Call, state clientState) applet.Outcome {
	_, _, _ = f.at(state.address).send(c.System, Request{Session: state.session, Close: true})
	return applet.Exit(0)
}

// at is the same client, connected to the server that a connection found: a Service would choose anew each time.
func (f flags) at(address string) *flags {
	if !f.local() && address != "" {
		f.host = address
	}
	return &f
}
