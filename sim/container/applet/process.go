package applet

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// signals are the names of the signals by number, from 1.
var signals = []string{"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD",
	"CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"}

// signalNumber reads a signal by name, with or without SIG, or by number.
func signalNumber(text string) (int, bool) {
	if number, err := strconv.Atoi(text); err == nil {
		return number, number >= 0 && number <= 64
	}
	text = strings.TrimPrefix(strings.ToUpper(text), "SIG")
	for i, name := range signals {
		if name == text {
			return i + 1, true
		}
	}
	return 0, false
}

func signalName(number int) string {
	if number >= 1 && number <= len(signals) {
		return signals[number-1]
	}
	return strconv.Itoa(number)
}

// kill sends a signal to processes.
func kill(c *Call) Outcome {
	args, signal := c.Args[1:], 15
	if len(args) > 0 && (args[0] == "-l" || args[0] == "-L") {
		return c.listSignals(args[1:])
	}
	if len(args) > 1 && (args[0] == "-s" || args[0] == "-n") {
		args = append([]string{"-" + args[1]}, args[2:]...)
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "--" {
		number, ok := signalNumber(args[0][1:])
		if !ok {
			return c.fail(1, "bad signal name '%s'", args[0][1:])
		}
		signal, args = number, args[1:]
	}
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return c.fail(1, "you need to specify whom to kill")
	}
	failed := false
	for _, arg := range args {
		process, err := strconv.Atoi(arg)
		if err != nil {
			c.errorf("invalid number '%s'", arg)
			failed = true
			continue
		}
		if err := c.System.Signal(process, signal); err != nil {
			c.errorf("can't kill pid %d: %v", process, err)
			failed = true
		}
	}
	return exitFailed(failed)
}

func (c *Call) listSignals(args []string) Outcome {
	if len(args) == 0 {
		for i, name := range signals {
			c.printf("%2d) %s\n", i+1, name)
		}
		return Exit(0)
	}
	for _, arg := range args {
		number, ok := signalNumber(arg)
		switch {
		case !ok:
			return c.fail(1, "unknown signal '%s'", arg)
		case digits(arg, 9, 10) == len(arg):
			if number > 128 {
				number -= 128
			}
			c.print(signalName(number) + "\n")
		default:
			c.printf("%d\n", number)
		}
	}
	return Exit(0)
}

// title is a process's name: the last element of its program's path, without a trailing colon ("nginx: master").
func (p ProcessInfo) title() string {
	if len(p.Command) == 0 {
		return ""
	}
	first, _, _ := strings.Cut(p.Command[0], " ")
	return strings.TrimSuffix(path.Base(first), ":")
}

// line is a process's command line.
func (p ProcessInfo) line() string { return strings.Join(p.Command, " ") }

// ps lists the processes of the container.
func ps(c *Call) Outcome {
	form, unknown := "busybox", ""
	var columns []string
	for i := 1; i < len(c.Args); i++ {
		arg := c.Args[i]
		switch letters := strings.TrimLeft(arg, "-"); {
		case strings.HasPrefix(arg, "-o") || arg == "o":
			if letters = strings.TrimPrefix(letters, "o"); letters == "" && i+1 < len(c.Args) {
				i++
				letters = c.Args[i]
			}
			columns = append(columns, strings.FieldsFunc(letters, func(r rune) bool { return r == ',' || r == ' ' })...)
		case strings.Trim(letters, "auxwef") == "" && strings.Contains(letters, "u"):
			form = "user"
		case strings.Trim(letters, "elfFAwy") == "" && strings.Contains(letters, "l"):
			form = "long"
		case strings.Trim(letters, "efFAw") == "" && strings.ContainsAny(letters, "fF"):
			form = "full"
		case strings.Trim(letters, "eAaxwT") == "":
			form = "short"
			if !strings.HasPrefix(arg, "-") {
				form = "ax"
			}
		default:
			unknown = arg
		}
	}
	if unknown != "" {
		return c.usage(syntax{letters: "eflAauxo:"}, "unrecognized option: %s", strings.TrimLeft(unknown, "-"))
	}
	processes := c.System.Processes()
	if columns != nil {
		return c.psColumns(processes, columns)
	}
	headers := map[string]string{
		"busybox": "PID   USER     TIME  COMMAND",
		"user":    "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND",
		"long":    "F S UID          PID    PPID  C PRI  NI ADDR SZ WCHAN  STIME TTY          TIME CMD",
		"full":    "UID          PID    PPID  C STIME TTY          TIME CMD",
		"short":   "    PID TTY          TIME CMD",
		"ax":      "    PID TTY      STAT   TIME COMMAND",
	}
	c.print(headers[form] + "\n")
	for _, p := range processes {
		user, started := p.User, c.startText(p.Started)
		switch form {
		case "busybox":
			c.printf("%5d %-8.8s  0:00 %s\n", p.Process, user, p.line())
		case "user":
			c.printf("%-8s %7d  0.0  0.0      0     0 ?        %-4s %5s   0:00 %s\n", shortUser(user), p.Process, p.State, started, p.line())
		case "long":
			c.printf("4 %s %-8s %7d %7d  0  80   0 -     0 -      %5s ?        00:00:00 %s\n", p.State, shortUser(user), p.Process, p.Parent, started, p.line())
		case "full":
			c.printf("%-8s %7d %7d  0 %5s ?        00:00:00 %s\n", shortUser(user), p.Process, p.Parent, started, p.line())
		case "short":
			c.printf("%7d ?        00:00:00 %s\n", p.Process, p.title())
		case "ax":
			c.printf("%7d ?        %-4s   0:00 %s\n", p.Process, p.State, p.line())
		}
	}
	return Exit(0)
}

// shortUser is a user name in eight columns: longer ones end with "+".
func shortUser(name string) string {
	if len(name) > 8 {
		return name[:7] + "+"
	}
	return name
}

// startText is when a process started: the time today, else the day.
func (c *Call) startText(started time.Time) string {
	if c.System.Now().Sub(started) < 24*time.Hour {
		return started.UTC().Format("15:04")
	}
	return started.UTC().Format("Jan02")
}

// psColumns prints the columns that -o names.
func (c *Call) psColumns(processes []ProcessInfo, columns []string) Outcome {
	var rows [][]string
	header := true
	titles := make([]string, len(columns))
	for i, column := range columns {
		name, title, named := strings.Cut(column, "=")
		columns[i], titles[i] = name, strings.ToUpper(map[string]string{"args": "command", "comm": "command", "cmd": "cmd"}[name])
		if titles[i] == "" {
			titles[i] = strings.ToUpper(name)
		}
		if named {
			titles[i] = title
			header = header && title != ""
		}
	}
	if header {
		rows = append(rows, titles)
	}
	right := map[int]bool{}
	for _, p := range processes {
		row := make([]string, len(columns))
		for i, column := range columns {
			switch column {
			case "pid":
				row[i], right[i] = strconv.Itoa(p.Process), true
			case "ppid":
				row[i], right[i] = strconv.Itoa(p.Parent), true
			case "user", "uname":
				row[i] = p.User
			case "comm", "ucmd":
				row[i] = p.title()
			case "args", "cmd", "command":
				row[i] = p.line()
			case "stat", "state", "s":
				row[i] = p.State
			case "etime":
				row[i], right[i] = elapsed(c.System.Now().Sub(p.Started)), true
			case "start", "stime":
				row[i], right[i] = c.startText(p.Started), true
			default:
				c.errorf("bad -o argument '%s', supported arguments: pid,ppid,user,comm,args,stat,etime,start", column)
				return Exit(1)
			}
		}
		rows = append(rows, row)
	}
	c.print(layOut(rows, right, " "))
	return Exit(0)
}

// elapsed is a duration as ps prints it: [[days-]hours:]minutes:seconds.
func elapsed(d time.Duration) string {
	seconds := int(d.Seconds())
	text := fmt.Sprintf("%02d:%02d", seconds/60%60, seconds%60)
	if hours := seconds / 3600 % 24; seconds >= 3600 {
		text = fmt.Sprintf("%02d:", hours) + text
	}
	if days := seconds / 86400; days > 0 {
		text = fmt.Sprintf("%d-", days) + text
	}
	return text
}
