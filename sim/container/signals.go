package container

import "strings"

// Signals by number.
const (
	sigHup  = 1
	sigInt  = 2
	sigQuit = 3
	sigKill = 9
	sigUsr1 = 10
	sigUsr2 = 12
	sigTerm = 15
)

// signalNumbers are the signals a Pod may name in lifecycle.stopSignal and that programs here know.
var signalNumbers = map[string]int{"HUP": sigHup, "INT": sigInt, "QUIT": sigQuit, "KILL": sigKill, "USR1": sigUsr1, "USR2": sigUsr2, "TERM": sigTerm}

// signalNumber reads SIGTERM and the like; 0 for others.
func signalNumber(name string) int { return signalNumbers[strings.TrimPrefix(name, "SIG")] }
