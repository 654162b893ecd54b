package app

import "strings"

// Signals by number, named as everywhere.
const (
	SIGHUP  = 1
	SIGINT  = 2
	SIGQUIT = 3
	SIGKILL = 9
	SIGUSR1 = 10
	SIGUSR2 = 12
	SIGTERM = 15
)

// signalNumbers are the signals a Pod may name in lifecycle.stopSignal and that programs here know.
var signalNumbers = map[string]int{"HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "KILL": SIGKILL, "USR1": SIGUSR1, "USR2": SIGUSR2, "TERM": SIGTERM}

// SignalNumber reads SIGTERM and the like; 0 for others.
func SignalNumber(name string) int { return signalNumbers[strings.TrimPrefix(name, "SIG")] }
