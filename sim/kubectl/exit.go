package kubectl

import (
	"flag"
	"io"
	"runtime"
	"strings"
	"sync"

	"k8s.io/klog/v2"
	"k8s.io/kubectl/pkg/cmd/util"

	_ "github.com/stsim/stsim/sim/kubectl/english" // before kubectl's texts are made
)

// exit is how a command ends: by itself, or by the fatal handler.
type exit struct {
	message string // an error; "" when there is none or kubectl has printed it
	code    int
}

var takeOver sync.Once

// takeOverGlobals changes the two things that kubectl keeps for the whole process: what ends a failed command, and where logs go.
func takeOverGlobals() {
	util.BehaviorOnFatal(failure)
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			panic(err) // klog has these flags
		}
	}
	klog.SetOutput(io.Discard)
}

// failure ends a failed command where kubectl would end the process. In the command's own goroutine it unwinds the stack. kubectl cp also
// fails in a goroutine that it has started; that one, and with it the copy, is left as it is: they hold nothing but memory, and must not
// go on.
func failure(message string, code int) {
	stopped := exit{message, code}
	if inCommand() {
		panic(stopped)
	}
	copier.mu.Lock()
	end := copier.end
	copier.mu.Unlock()
	if end != nil {
		end(stopped)
	}
	select {}
}

// inCommand says whether the caller's stack leads back to [Client.execute].
func inCommand() bool {
	callers := make([]uintptr, 256)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.Function, "(*Client).execute") {
			return true
		}
		if !more {
			return false
		}
	}
}

// copier is the kubectl cp under way: one at a time, because a failure in a goroutine that it has started does not say whose it is.
var copier struct {
	turn sync.Mutex
	mu   sync.Mutex
	end  func(exit)
}

// copying begins a kubectl cp, which ends with a call of end or of what is returned.
func copying(end func(exit)) (done func()) {
	copier.turn.Lock()
	var once sync.Once
	release := func() {
		once.Do(func() {
			copier.mu.Lock()
			copier.end = nil
			copier.mu.Unlock()
			copier.turn.Unlock()
		})
	}
	copier.mu.Lock()
	copier.end = func(e exit) {
		end(e)
		release()
	}
	copier.mu.Unlock()
	return release
}
