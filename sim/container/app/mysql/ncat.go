package mysql

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/app"
	"github.com/stsim/stsim/sim/container/applet"
)

// ncat connects to a port, or with --listen answers connections with the output of a program (-c or --sh-exec, -e or --exec).
func ncat(c *applet.Call) applet.Outcome {
	line, err := readNcat(c.Args[1:])
	if err != nil {
		fmt.Fprintf(c.Stderr, "Ncat: %v. QUITTING.\n", err)
		return applet.Exit(2)
	}
	if line.listen {
		return c.System.Command("ncat-listen")(c)
	}
	addresses := applet.Resolve(c.System, line.host)
	if len(addresses) == 0 {
		fmt.Fprintf(c.Stderr, "Ncat: Could not resolve hostname \"%s\": Name or service not known. QUITTING.\n", line.host)
		return applet.Exit(2)
	}
	var request []byte
	if in := c.Stdin; in != nil && !line.recvOnly {
		if !in.Closed {
			return applet.Outcome{Block: &applet.Block{Input: true}}
		}
		request, in.Data = in.Data, nil
	}
	answer, err := c.System.Exchange(netip.AddrPortFrom(addresses[0], line.port), request)
	if err != nil {
		var why *applet.NetworkError
		reason := "Connection refused"
		if errors.As(err, &why) {
			reason = string(why.Reason)
		}
		fmt.Fprintf(c.Stderr, "Ncat: %s.\n", reason)
		return applet.Exit(1)
	}
	if !line.sendOnly {
		_, _ = c.Stdout.Write(answer)
	}
	return applet.Exit(0)
}

// ncatLine is a command line of ncat.
type ncatLine struct {
	listen, recvOnly, sendOnly bool
	keepOpen                   bool
	shell                      bool // run is for a shell
	run                        string
	host                       string
	port                       uint16
}

func readNcat(args []string) (line ncatLine, err error) {
	var operands []string
	for i := 0; i < len(args); i++ {
		name, value, attached := strings.Cut(args[i], "=")
		next := func() string {
			if attached {
				return value
			}
			if i++; i < len(args) {
				return args[i]
			}
			return ""
		}
		switch name {
		case "--listen", "-l":
			line.listen = true
		case "--keep-open", "-k":
			line.keepOpen = true
		case "--send-only":
			line.sendOnly = true
		case "--recv-only":
			line.recvOnly = true
		case "--max-conns", "-m", "-w", "--wait", "-i", "--idle-timeout", "-p", "--source-port":
			if text := next(); name == "-p" || name == "--source-port" {
				operands = append(operands, text)
			}
		case "-c", "--sh-exec":
			line.run, line.shell = next(), true
		case "-e", "--exec":
			line.run = next()
		case "-4", "-n", "-v", "-t", "--nodns", "--verbose":
		default:
			if strings.HasPrefix(name, "-") {
				return line, fmt.Errorf("the simulated ncat does not know %s; hint: it knows --listen --keep-open --send-only --recv-only --sh-exec --exec", name)
			}
			operands = append(operands, args[i])
		}
	}
	if line.listen && len(operands) == 1 {
		operands = []string{"", operands[0]}
	}
	if len(operands) != 2 {
		return line, errors.New("expected a host and a port")
	}
	port, err := strconv.ParseUint(operands[1], 10, 16)
	if err != nil || port == 0 {
		return line, fmt.Errorf("Invalid port number \"%s\"", operands[1])
	}
	line.host, line.port = operands[0], uint16(port)
	return line, nil
}

// listener is ncat --listen.
type listener struct{}

func (listener) Start(r *app.Run) {
	line, err := readNcat(r.Args[1:])
	if err == nil && line.run != "" {
		_, err = splitCommand(line.run)
	}
	if err != nil {
		fmt.Fprintf(r.Stderr(), "Ncat: %v. QUITTING.\n", err)
		r.Exit(2)
		return
	}
	if err := r.Listen(line.port); err != nil {
		fmt.Fprintf(r.Stderr(), "Ncat: bind to 0.0.0.0:%d: Address already in use. QUITTING.\n", line.port)
		r.Exit(2)
	}
}

func (listener) Wake(*app.Run)                 {}
func (listener) Signal(r *app.Run, signal int) { r.TerminateOn(signal, 128+signal) }

// Serve runs the program for a connection. It must be one that does not wait.
func (listener) Serve(r *app.Run, _ uint16, request []byte) []byte {
	line, _ := readNcat(r.Args[1:])
	if line.run == "" {
		_, _ = r.Stdout().Write(request)
		return []byte{}
	}
	argv, err := splitCommand(line.run)
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	run(r, argv, request, &out)
	if !line.keepOpen {
		r.Exit(0)
	}
	return append([]byte{}, out.Bytes()...)
}

// run calls a command of the image from within a server.
func run(r *app.Run, argv []string, input []byte, out io.Writer) int {
	system := r.System()
	name := path.Base(argv[0])
	command := applet.Named(name)
	if own := system.Command(name); own != nil {
		command = own
	}
	if _, err := system.Files().Stat("/usr/bin/" + name); err != nil || command == nil {
		fmt.Fprintf(r.Stderr(), "sh: 1: %s: not found\n", argv[0])
		return 127
	}
	outcome := command(&applet.Call{System: system, Args: argv, Env: r.Env, Dir: r.Dir, Stdin: &applet.Stdin{Data: input, Closed: true}, Stdout: out, Stderr: r.Stderr()})
	if outcome.Block != nil {
		fmt.Fprintf(r.Stderr(), "stsim: %s would wait, which is not simulated for a program that ncat runs\n", name)
		return 1
	}
	return outcome.Code
}

// splitCommand cuts a command line into words. It has no pipes, variables and lists.
func splitCommand(text string) ([]string, error) {
	var words []string
	word, quote, inside := "", rune(0), false
	for _, c := range text {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word += string(c)
		case c == '\'' || c == '"':
			quote, inside = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if inside {
				words = append(words, word)
			}
			word, inside = "", false
		case slices.Contains([]rune("|&;<>$`(){}*?\\"), c):
			return nil, fmt.Errorf("stsim's ncat runs one program with plain arguments, found %q in %q; hint: put what you need into a program's options", c, text)
		default:
			word, inside = word+string(c), true
		}
	}
	if inside {
		words = append(words, word)
	}
	if len(words) == 0 || quote != 0 {
		return nil, fmt.Errorf("expected a command, found %q", text)
	}
	return words, nil
}
