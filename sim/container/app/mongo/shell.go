package mongo

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// shell is a mongo shell between two runs. It is immutable: what changes is replaced.
type shell struct {
	place     string // HOST:PORT
	database  string
	user      string // who has logged in, and where
	password  string
	authdb    string
	slaveOk   bool
	quiet     bool
	variables map[string]value
	frames    []frame // statements that wait
	shown     bool    // the prompt is on the screen
	prompted  bool    // input comes from a person
	text      string  // lines of a statement that is not complete
	until     time.Time
	lastValue value
	evaluates bool // --eval: only the last value is printed
}

// frame is a list of statements that is being run.
type frame struct {
	list []*statement
	next int
	loop *statement // to which it belongs: its condition is asked again at the end
}

// failure is an exception of a script.
type failure struct{ text string }

func (f failure) Error() string { return f.text }

var errLost = errors.New("the connection was closed")

// run is one run of the shell's commands.
type run struct {
	*shell
	c *applet.Call
}

// send sends a command to the server.
func (r *run) send(name string, pairs ...any) (*object, error) {
	what := doc("cmd", name, "db", r.database)
	for i := 0; i+1 < len(pairs); i += 2 {
		what.set(pairs[i].(string), pairs[i+1])
	}
	what.set("user", r.user).set("pwd", r.password).set("authdb", r.authdb).set("slaveOk", r.slaveOk)
	answer, _, err := app.Dial(r.c.System, r.place, []byte(wirePrefix+encode(what)))
	if err != nil {
		return nil, failure{"Error: error doing query: failed: network error while attempting to run command '" + name + "' on host '" + r.place + "' "}
	}
	if o, ok := decode(string(answer)); ok {
		return o, nil
	}
	return nil, failure{"Error: error doing query: failed: " + errLost.Error()}
}

// refused makes an exception of an answer that is a refusal.
func refused(answer *object, prefix string) error {
	if truth(answer.get("ok")) {
		return nil
	}
	return failure{prefix + show(answer, true, "")}
}

// advance runs statements until none is left or one waits.
func (r *run) advance() error {
	for steps := 0; len(r.frames) > 0; steps++ {
		if steps > 100000 {
			return failure{"stsim: stopped after 100000 statements: an endless loop?"}
		}
		top := r.frames[len(r.frames)-1]
		rest := r.frames[: len(r.frames)-1 : len(r.frames)-1]
		if top.next == len(top.list) {
			r.frames = rest
			if top.loop != nil {
				if err := r.enter(top.loop); err != nil {
					return err
				}
			}
			continue
		}
		s := top.list[top.next]
		top.next++
		r.frames = append(rest, top)
		if s.kind != "expression" {
			if err := r.enter(s); err != nil {
				return err
			}
			continue
		}
		v, err := r.eval(s.value)
		if err != nil {
			return err
		}
		if s.name != "" {
			r.variables = maps.Clone(r.variables)
			if r.variables == nil {
				r.variables = map[string]value{}
			}
			r.variables[s.name] = v
			v = undefined{}
		}
		if len(r.frames) == 1 {
			r.lastValue = v
			if !r.evaluates {
				r.print(v)
			}
		}
		if r.until.After(r.c.System.Now()) {
			return nil
		}
	}
	return nil
}

// enter begins a block, or a branch or a turn of a loop.
func (r *run) enter(s *statement) error {
	if s.kind == "block" {
		r.frames = append(slices.Clip(r.frames), frame{list: s.body})
		return nil
	}
	v, err := r.eval(s.value)
	if err != nil {
		return err
	}
	f := frame{list: s.body}
	if s.kind == "while" {
		f.loop = s
	}
	if !truth(v) {
		if f = (frame{list: s.other}); s.kind == "while" {
			return nil
		}
	}
	r.frames = append(slices.Clip(r.frames), f)
	return nil
}

// print shows the value of a statement.
func (r *run) print(v value) {
	switch v := v.(type) {
	case undefined:
	case string:
		fmt.Fprintln(r.c.Stdout, v)
	case cursor:
		r.printCursor(v)
	case result:
		fmt.Fprintln(r.c.Stdout, string(v))
	case *object, []value:
		text := show(v, true, "")
		if len(text) < 80 {
			text = show(v, false, "")
		}
		fmt.Fprintln(r.c.Stdout, text)
	case thing:
		fmt.Fprintln(r.c.Stdout, v.shown(r.shell))
	default:
		fmt.Fprintln(r.c.Stdout, show(v, false, ""))
	}
}

// fail prints an exception.
func (r *run) fail(err error) {
	fmt.Fprintf(r.c.Stdout, "%s E QUERY    [thread1] %s :\n@(shell):1:1\n", r.c.System.Now().UTC().Format("2006-01-02T15:04:05.000-0700"), err)
}

// prompt is what a person sees.
func (r *run) prompt() string {
	answer, err := r.send("isMaster")
	if err != nil || text(answer.get("set")) == "" {
		return "> "
	}
	if text(answer.get("stateName")) == "STARTUP" {
		return "> "
	}
	return text(answer.get("set")) + ":" + text(answer.get("stateName")) + "> "
}

// mongo is the command.
func mongo(version string) applet.Applet {
	return func(c *applet.Call) applet.Outcome {
		s, resumed := c.State.(shell)
		r := &run{&s, c}
		script, evaluates := "", false
		if !resumed {
			var problem string
			if script, evaluates, problem = r.arguments(version); problem != "" {
				fmt.Fprintln(c.Stderr, problem)
				return applet.Exit(1)
			}
			s.prompted = c.TTY && !evaluates
			if code, ok := r.connect(version); !ok {
				return applet.Exit(code)
			}
			if s.evaluates = evaluates; evaluates {
				list, err := parse(script)
				if err != nil {
					r.fail(err)
					return applet.Exit(252)
				}
				s.frames, s.lastValue = []frame{{list: list}}, undefined{}
			}
		}
		for {
			if s.until.After(c.System.Now()) {
				return applet.Outcome{Block: &applet.Block{Until: s.until}, State: s}
			}
			if err := r.advance(); err != nil {
				s.frames = nil
				r.fail(err)
				if s.evaluates {
					return applet.Exit(252)
				}
			}
			if s.until.After(c.System.Now()) {
				continue
			}
			if s.evaluates {
				r.print(s.lastValue)
				return applet.Exit(0)
			}
			if done, waits := r.read(); done {
				return applet.Exit(0)
			} else if waits {
				return applet.Outcome{Block: &applet.Block{Input: true}, State: s}
			}
		}
	}
}

// read takes the next statement from the input.
func (r *run) read() (done, waits bool) {
	c := r.c
	if r.prompted && !r.shown {
		if r.text == "" {
			fmt.Fprint(c.Stdout, r.prompt())
		} else {
			fmt.Fprint(c.Stdout, "... ")
		}
		r.shown = true
	}
	end := strings.IndexByte(string(c.Stdin.Data), '\n')
	if end < 0 && !c.Stdin.Closed {
		return false, true
	}
	line := string(c.Stdin.Data)
	last := end < 0
	if !last {
		line = line[:end]
		c.Stdin.Data = c.Stdin.Data[end+1:]
	} else {
		c.Stdin.Data = nil
	}
	r.shown = false
	word := strings.TrimSuffix(strings.TrimSpace(line), ";")
	if r.text == "" && (word == "exit" || word == "quit()" || word == "quit" || last && word == "") {
		if !last || word == "" {
			fmt.Fprintln(c.Stdout, "bye")
		}
		return true, false
	}
	if r.text == "" && r.helper(word) {
		return false, false
	}
	r.text += line + "\n"
	list, err := parse(r.text)
	var syntax *syntaxError
	if errors.As(err, &syntax) && syntax.incomplete && !last {
		return false, false
	}
	r.text = ""
	if err != nil {
		r.fail(err)
		return false, false
	}
	r.frames = []frame{{list: list}}
	return false, false
}

// helper does what is no JavaScript: use, show.
func (r *run) helper(line string) bool {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != "use" && words[0] != "show" {
		return false
	}
	if words[0] == "use" {
		r.database = words[1]
		fmt.Fprintln(r.c.Stdout, "switched to db "+words[1])
		return true
	}
	var answer *object
	var err error
	key := "names"
	switch words[1] {
	case "dbs", "databases":
		answer, err = r.send("listDatabases")
		key = "databases"
	case "collections", "tables":
		answer, err = r.send("listCollections")
	default:
		err = failure{"Error: don't know how to show [" + words[1] + "]"}
	}
	if err == nil {
		err = refused(answer, "Error: ")
	}
	if err != nil {
		r.fail(err)
		return true
	}
	names, _ := answer.get(key).([]value)
	for _, name := range names {
		if key == "databases" {
			fmt.Fprintf(r.c.Stdout, "%-6s  0.000GB\n", text(name))
		} else {
			fmt.Fprintln(r.c.Stdout, text(name))
		}
	}
	return true
}

// arguments reads the command line.
func (r *run) arguments(version string) (script string, evaluates bool, problem string) {
	host, port := "127.0.0.1", "27017"
	r.database, r.authdb = "test", "admin"
	args := r.c.Args[1:]
	for i := 0; i < len(args); i++ {
		name, given, inline := strings.Cut(args[i], "=")
		next := func() string {
			if !inline && i+1 < len(args) {
				i++
				given = args[i]
			}
			return given
		}
		switch {
		case name == "--quiet":
			r.quiet = true
		case name == "--eval":
			script, evaluates = next(), true
		case name == "--host":
			host = next()
			if _, members, ok := strings.Cut(host, "/"); ok {
				host, _, _ = strings.Cut(members, ",")
			}
			if h, p, ok := strings.Cut(host, ":"); ok {
				host, port = h, p
			}
		case name == "--port":
			port = next()
		case name == "-u" || name == "--username":
			r.user = next()
		case name == "-p" || name == "--password":
			r.password = next()
		case name == "--authenticationDatabase":
			r.authdb = next()
		case strings.HasPrefix(name, "-"):
			return "", false, "Error parsing command line: stsim: " + name + " is not simulated; --quiet, --eval, --host, --port, -u, -p and --authenticationDatabase are"
		case strings.HasPrefix(args[i], "mongodb://"):
			rest := strings.TrimPrefix(args[i], "mongodb://")
			if login, after, found := strings.Cut(rest, "@"); found {
				r.user, r.password, _ = strings.Cut(login, ":")
				rest = after
			}
			rest, _, _ = strings.Cut(rest, "?")
			hosts, database, _ := strings.Cut(rest, "/")
			if database != "" {
				r.database = database
			}
			first, _, _ := strings.Cut(hosts, ",")
			if host = first; strings.Contains(first, ":") {
				host, port, _ = strings.Cut(first, ":")
			}
		default:
			address, database, found := strings.Cut(args[i], "/")
			if !found && !strings.ContainsAny(address, ".:") {
				address, database = "", args[i]
			}
			if database != "" {
				r.database = database
			}
			if h, p, ok := strings.Cut(address, ":"); ok {
				host, port = h, p
			} else if address != "" {
				host = address
			}
		}
	}
	r.place = host + ":" + port
	return script, evaluates, ""
}

// connect says hello to the server.
func (r *run) connect(version string) (code int, ok bool) {
	if !r.quiet {
		fmt.Fprintf(r.c.Stdout, "MongoDB shell version v%s\nconnecting to: mongodb://%s/%s\n", version, r.place, r.database)
	}
	now := r.c.System.Now().UTC().Format("2006-01-02T15:04:05.000-0700")
	if _, _, err := app.Dial(r.c.System, r.place, []byte(wirePrefix+encode(doc("cmd", "isMaster", "db", r.database)))); err != nil {
		why := err.Error()
		var failed *app.DialError
		if errors.As(err, &failed) {
			why = string(failed.Reason)
		}
		fmt.Fprintf(r.c.Stdout, "%s W NETWORK  [thread1] Failed to connect to %s, reason: %s\n", now, r.place, why)
		fmt.Fprintf(r.c.Stdout, "%s E QUERY    [thread1] Error: couldn't connect to server %s, connection attempt failed :\nconnect@src/mongo/shell/mongo.js:240:13\n@(connect):1:6\nexception: connect failed\n", now, r.place)
		return 1, false
	}
	if !r.quiet {
		fmt.Fprintf(r.c.Stdout, "MongoDB server version: %s\n", version)
	}
	if r.user != "" {
		answer, err := r.send("auth")
		if err != nil || !truth(answer.get("ok")) {
			fmt.Fprintf(r.c.Stdout, "%s E QUERY    [thread1] Error: Authentication failed. :\n@(auth):6:1\n@(auth):1:2\nexception: login failed\n", now)
			return 1, false
		}
	}
	return 0, true
}

// quoted is a text as JSON has it.
func quoted(s string) string {
	data, _ := json.Marshal(s) // a text can always be said
	return string(data)
}
