package sql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stsim/stsim/sim/container/applet"
)

// flags is the command line of a client, the options of all MySQL clients among them.
type flags struct {
	host, user, password, schema string
	passwordGiven, ask           bool // -pTEXT, or -p alone: ask for it
	port                         uint16
	timeout                      int // seconds; 0 for none
	execute                      *string
	batch, table, vertical       bool
	noNames, force, raw, verbose bool
	silent                       int
	version                      bool
	operands                     []string
}

// long names of options, by their letter. Those with a colon have a value.
var longFlags = map[string]string{
	"host": "h:", "user": "u:", "password": "p", "port": "P:", "database": "D:", "execute": "e:", "batch": "B", "silent": "s", "table": "t", "vertical": "E",
	"skip-column-names": "N", "force": "f", "raw": "r", "verbose": "v", "version": "V", "socket": "S:", "connect-timeout": "T:", "connect_timeout": "T:", "protocol": "O:",
	"default-character-set": "O:", "quick": "q", "no-auto-rehash": "A", "skip-auto-rehash": "A", "defaults-file": "O:", "defaults-extra-file": "O:", "ssl-mode": "O:", "no-defaults": "q", "comments": "q",
	"skip-ssl": "q", "wait": "q", "count": "O:", "sleep": "O:",
}

const valueLetters = "huPDeST"

// readFlags reads a command line. env may bring a password in MYSQL_PWD.
func readFlags(args, env []string) (flags, error) {
	f := flags{host: "", user: "root", port: 3306}
	for _, variable := range env {
		if value, found := strings.CutPrefix(variable, "MYSQL_PWD="); found {
			f.password = value
		}
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case strings.HasPrefix(arg, "--") && len(arg) > 2:
			name, value, attached := strings.Cut(arg[2:], "=")
			letter, known := longFlags[name]
			if !known {
				return f, fmt.Errorf("unknown option '%s'", arg)
			}
			if strings.HasSuffix(letter, ":") && !attached {
				if i++; i == len(args) {
					return f, fmt.Errorf("option '--%s' requires an argument", name)
				}
				value = args[i]
			}
			if err := f.set(letter[0], value, attached); err != nil {
				return f, err
			}
		case len(arg) > 1 && arg[0] == '-':
			for j := 1; j < len(arg); j++ {
				value, attached := "", false
				switch {
				case arg[j] == 'p':
					value, attached = arg[j+1:], j+1 < len(arg)
				case strings.IndexByte(valueLetters, arg[j]) >= 0:
					if value = arg[j+1:]; value == "" {
						if i++; i == len(args) {
							return f, fmt.Errorf("option '-%c' requires an argument", arg[j])
						}
						value = args[i]
					}
				case strings.IndexByte("BstENfrvVqACnL", arg[j]) < 0:
					return f, fmt.Errorf("unknown option '-%c'", arg[j])
				}
				if err := f.set(arg[j], value, attached); err != nil {
					return f, err
				}
				if arg[j] == 'p' || strings.IndexByte(valueLetters, arg[j]) >= 0 {
					break
				}
			}
		default:
			f.operands = append(f.operands, arg)
		}
	}
	return f, nil
}

func (f *flags) set(letter byte, value string, attached bool) error {
	switch letter {
	case 'h':
		f.host = value
	case 'u':
		f.user = value
	case 'p':
		f.password, f.passwordGiven, f.ask = value, attached, !attached
	case 'P':
		number, err := strconv.ParseUint(value, 10, 16)
		if err != nil || number == 0 {
			return fmt.Errorf("expected a port, found '%s'", value)
		}
		f.port = uint16(number)
	case 'D':
		f.schema = value
	case 'e':
		f.execute = &value
	case 'B':
		f.batch, f.silent = true, max(f.silent, 1)
	case 's':
		f.silent++
	case 't':
		f.table = true
	case 'E':
		f.vertical = true
	case 'N':
		f.noNames = true
	case 'f':
		f.force = true
	case 'r':
		f.raw = true
	case 'v':
		f.verbose = true
	case 'V':
		f.version = true
	case 'T':
		number, err := strconv.Atoi(value)
		if err != nil || number < 0 {
			return fmt.Errorf("expected seconds, found '%s'", value)
		}
		f.timeout = number
	}
	return nil
}

// sockets are where a server's socket file may be.
var sockets = []string{"/var/run/mysqld/mysqld.sock", "/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock"}

// local says whether the client uses the server's socket.
func (f *flags) local() bool { return f.host == "" || f.host == "localhost" }

// send connects to the server and sends a request. pending means that nobody answers: the client waits until its timeout.
func (f *flags) send(system applet.System, request Request) (response Response, failure *Error, pending bool) {
	request.User, request.Password = f.user, f.password
	host := f.host
	if f.local() {
		socket := ""
		for _, name := range sockets {
			if _, err := system.Files().Stat(name); err == nil {
				socket = name
			}
		}
		if socket == "" {
			return Response{}, noSocket(sockets[0], 2), false
		}
		host, request.Socket = "127.0.0.1", true
	}
	addresses := applet.Resolve(system, host)
	if len(addresses) == 0 {
		return Response{}, &Error{2005, "HY000", fmt.Sprintf("Unknown MySQL server host '%s' (0)", host)}, false
	}
	answer, reason := exchange(system, addresses, f.port, request.Bytes())
	switch {
	case reason == applet.TimedOut:
		return Response{}, f.refused(110), true
	case reason == applet.NoRoute:
		return Response{}, f.refused(113), false
	case reason == applet.ConnectionRefused && request.Socket:
		return Response{}, noSocket(sockets[0], 111), false
	case reason == applet.ConnectionRefused:
		return Response{}, f.refused(111), false
	}
	if reason == "" {
		if response, ok := ParseResponse(answer); ok {
			return response, response.Refused, false
		}
	}
	return Response{}, &Error{2013, "HY000", "Lost connection to MySQL server at 'reading initial communication packet', system error: 104"}, false
}

func noSocket(name string, number int) *Error {
	return &Error{2002, "HY000", fmt.Sprintf("Can't connect to local MySQL server through socket '%s' (%d)", name, number)}
}

func (f *flags) refused(number int) *Error {
	return &Error{2003, "HY000", fmt.Sprintf("Can't connect to MySQL server on '%s' (%d)", f.host, number)}
}
