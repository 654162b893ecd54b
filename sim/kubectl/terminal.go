package kubectl

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// kubectl finds out whether it sits at a terminal by asking the operating system about its standard input. A page's terminal is not the operating
// system's, so what kubectl does at a terminal (exec -t, run -it) is done here.

// noTerminalWarning is what kubectl says when -t is given and its standard input is no terminal of this machine.
const noTerminalWarning = "Unable to use a TTY - input is not a terminal or the right kind of file\n"

// withoutWarning passes on everything but that warning, which kubectl prints in one write.
type withoutWarning struct{ to io.Writer }

// Write implements [io.Writer].
func (w *withoutWarning) Write(data []byte) (int, error) {
	if kept := bytes.ReplaceAll(data, []byte(noTerminalWarning), nil); len(kept) > 0 {
		if _, err := w.to.Write(kept); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

// withTerminal asks for a terminal on the container's side, where both output streams are one.
func withTerminal(request *http.Request) *http.Request {
	request = request.Clone(request.Context())
	query := request.URL.Query()
	query.Set("tty", "true")
	query.Del("stderr")
	request.URL.RawQuery = query.Encode()
	return request
}

// rememberSession notes what kubectl says after a session with the main process of a container: it goes on, or is started again.
func (t *transport) rememberSession(request *http.Request) {
	kind, pod := objectAt(strings.TrimSuffix(request.URL.Path, "/attach"))
	query := request.URL.Query()
	if kind == nil || kind.Kind != "Pod" || query.Get("stdin") != "true" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.goodbye = fmt.Sprintf("Session ended, resume using 'kubectl attach %s -c %s -n %s -i -t' command\n", pod.Name, query.Get("container"), pod.Namespace)
}

// sayGoodbye is called before the command's next request and at its end.
func (t *transport) sayGoodbye() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.goodbye != "" {
		_, _ = io.WriteString(t.say, t.goodbye)
		t.goodbye = ""
	}
}

// wantsTerminal looks for -t among the flags, also as -it.
func wantsTerminal(args []string) bool {
	for _, arg := range args {
		switch {
		case arg == "--":
			return false
		case arg == "--tty" || arg == "--tty=true":
			return true
		case len(arg) > 1 && arg[0] == '-' && arg[1] != '-' && strings.Trim(arg[1:], "itqR") == "" && strings.Contains(arg, "t"):
			return true
		}
	}
	return false
}
