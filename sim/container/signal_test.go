package container

import (
	"strings"
	"testing"
	"time"
)

// A signal from an exec runs the main process's trap within the same step, and neither loses what the other has written.
func TestKillFromExec(t *testing.T) {
	b := newBench(t)
	b.pod("p", `containers: [{name: main, image: busybox, command: [sh, -c, "trap 'echo trapped > /trapped' USR1; while true; do sleep 1; done"]}]`)
	b.start("p", "main")
	b.exec("p", "echo before > /before; kill -USR1 1; echo after > /after")
	b.run(3 * time.Second)
	b.want("files", b.exec("p", "cat /before /trapped /after"), "before\ntrapped\nafter\n")
	b.want("PID 1 is protected", b.exec("p", "kill -9 1; kill 1; sleep 3; echo still here"), "still here\n")
	b.want("others are not", b.exec("p", "sleep 100 & p=$!; kill $p; wait $p; echo $?"), "143\n")
	b.wantContains("no such process", b.exec("p", "kill 4711"), "No such process")
	if c := b.container("p", "main"); c.State != Running {
		t.Error("PID 1 was killed from within its container")
	}
}

// The end of the main process is the end of everything in its container.
func TestExecDiesWithTheContainer(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: nginx}]")
	b.start("p", "main")
	number := 0
	b.do(func(w *World) {
		number, _ = Exec(w, podNamed("p"), "", []string{"sleep", "1000"}, false, false)
	})
	b.do(func(w *World) {
		Execute(w, Command{Action: StopContainer, UID: uid("p"), Container: "main", Grace: 30 * time.Second})
	})
	b.run(time.Second)
	if _, _, ended, code := Output(b.db.View(), number, 0); !ended || code != 137 {
		t.Errorf("ended %v with %d", ended, code)
	}
	b.do(func(w *World) { Execute(w, Command{Action: RemoveSandbox, UID: uid("p")}) })
	b.do(func(w *World) { Close(w, number) })
	if text := rows(b.db); strings.Contains(text, "true") {
		t.Errorf("left behind:\n%s", text)
	}
}

// A person at a terminal: prompt, echo, and the end by exit.
func TestTerminal(t *testing.T) {
	b := newBench(t)
	b.pod("p", "containers: [{name: main, image: busybox, stdin: true, tty: true}]")
	b.start("p", "main")
	number := 0
	b.do(func(w *World) {
		var err error
		if number, err = Attach(w.Tx.View, podNamed("p"), ""); err != nil {
			t.Fatal(err)
		}
	})
	for _, line := range []string{"hostname", "cd /etc", "exit 3"} {
		b.do(func(w *World) { Input(w, number, []byte(line+"\n"), false) })
	}
	chunks, _, ended, code := Output(b.db.View(), number, 0)
	var text strings.Builder
	for _, chunk := range chunks {
		text.WriteString(chunk.Data)
	}
	b.want("transcript", strings.ReplaceAll(text.String(), "\r", ""), "/ # hostname\np\n/ # cd /etc\n/etc # exit 3\n")
	if !ended || code != 3 || b.container("p", "main").ExitCode != 3 {
		t.Errorf("%v %d", ended, code)
	}
}
