// Package shell is the shell of the simulated containers, and of the host lines of a scenario page. It reads POSIX shell
// and most of bash.
//
// # A running shell is a value
//
// A [Process] is a program that runs: a shell with everything it started, or a single applet. It is immutable. Run gives
// the Process as it is when nothing in it can go on, which is when it has ended or when all of it waits: for the clock (sleep),
// for input (read, cat), for a change of files (tail -f) or for a signal. The caller keeps that value, and
// calls Run again when what [State] names has come. Whoever keeps an old value can run it again: that is how a
// simulated cluster with a sleeping script in it is forked.
//
// For that, nothing of a shell lives on Go's stack. The interpreter is a machine over the syntax tree: each process
// has a stack of frames, and a frame (a loop, a list, a simple command) is a small struct that knows how far it has got.
// Variables, descriptors, pipes, jobs and traps are plain data next to it. No goroutine is involved.
//
// # What is whose
//
// mvdan.cc/sh/v3/syntax parses. Words are expanded here, because a command substitution within a word may sleep: the
// expansion then stops, the commands run as a child process, and the word is expanded again from its start with their
// output at hand. Assignments of an expansion (${x:=1}, $((i++))) become real when the word is complete, so doing it
// again does no harm. Arithmetic, pattern operators and globs are mvdan.cc/sh/v3/expand's.
//
// # Processes
//
// Each stage of a pipeline, each subshell, background job and external command is a process with its own number; ps shows
// them by [Process.Tree]. They run one after the other, in order of their numbers, each until it waits. A pipe holds
// 16 KiB before its writer waits; a writer whose reader has ended is ended by SIGPIPE, so "yes | head -1" ends. When the first
// process ends, what is left of the others ends with it.
//
// # Commands
//
// A command is a function, a builtin, or a file: by path or along $PATH, in the container's files only. A file that begins
// with [StubPrefix] stands for an applet or for a command that System.Command knows; a file with a #! line runs that
// interpreter. With Spec.Builtins a command without a file is looked for among the applets, as on the host of a page.
//
// # Signals
//
// A signal without a trap ends a process with status 128 + its number; a trap runs when the command in the foreground is over, and at
// once in wait and read. With Spec.Init the first process has Linux's protection of process 1: only KILL ends it
// without a trap, which is why a Pod whose command is a plain sleep takes its whole grace period to end.
//
// # The terminal
//
// With Spec.TTY the Process writes the echo, a line at a time, when a line is read. So input that was delivered early
// still gives the transcript a person would see. The shell is interactive when it is started without a script on
// a terminal, or with -i.
//
// # Bounds
//
// [Limits] bounds steps, output and depth. Further: 256 KiB per script, 500 brackets within each other, 1 MiB per variable, 4 MiB
// of variables per shell, 8 MiB for one word, 16384 words from braces, 4 MiB from one command substitution, 2 MiB of arguments,
// 32 MiB written to files and pipes in one Run, 200 processes.
//
// # Not simulated
//
// These are refused with a message: process substitution, coprocesses, select, /dev/tcp, integer and case attributes of variables,
// the ERR and DEBUG traps, setting a ulimit, stopping a process. The umask holds for redirections only, not for what applets
// make. sh and bash read the same language (so sh knows arrays and braces); they differ in their messages and in some statuses. Files that are removed between two runs lose what is
// written to them later. History and line editing are not there.
package shell
