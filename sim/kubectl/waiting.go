package kubectl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// kubectl waits by the wall clock: it polls, it sleeps before it tries again, and it gives up after a while. Here all of this happens in
// virtual time, in which a command of kubectl's takes as long as it would on a real cluster.

// pollInterval is what kubectl sleeps between two equal questions.
const pollInterval = time.Second

// runPatience is how long kubectl run waits for its Pod when it is not told.
const runPatience = time.Minute

// errTimedOut ends the request of a command that has waited long enough; errGaveUp that of kubectl drain.
var (
	errTimedOut = errors.New("timed out waiting for the condition")
	errGaveUp   = errors.New("global timeout reached")
)

func never(*sim.Cluster) bool { return false }

// pass lets virtual time pass until an instant.
func (t *transport) pass(until time.Time) error {
	if err := t.door.WaitUntil(t.ctx, until, never); !errors.Is(err, context.DeadlineExceeded) || t.ctx.Err() != nil {
		return err
	}
	return nil
}

// poll lets time pass before a command asks the same question again: it has slept in between.
func (t *transport) poll(request *http.Request) error {
	if request.Method != http.MethodGet || request.URL.Query().Get("watch") != "" {
		return nil
	}
	key := request.URL.String() + " " + request.Header.Get("Accept")
	now := t.now()
	t.mu.Lock()
	last, again := t.asked[key]
	if again {
		now = last.Add(pollInterval)
	}
	t.asked[key] = now
	t.mu.Unlock()
	if !again {
		return nil
	}
	return t.pass(now)
}

// awaitsDeletion says whether the command reads an object that it has deleted: then it waits until that is gone. kubectl would read it once
// more, and if it is still there start an informer, or poll. Here the first read is answered when the object is gone: the same wait, to the
// event.
func (t *transport) awaitsDeletion(request *http.Request) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return request.Method == http.MethodGet && t.deleted[request.URL.Path] && !isWatch(request)
}

// awaitDeletion waits until the object is gone, or another one has its name.
func (t *transport) awaitDeletion(request *http.Request) error {
	kind, name := objectAt(request.URL.Path)
	if kind == nil {
		return nil
	}
	now := t.now()
	t.mu.Lock()
	if timeout := flagDuration(t.args, "--timeout", 0); timeout > 0 && t.patience.IsZero() && t.called == "delete" {
		t.patience = now.Add(timeout)
	}
	deadline := t.patience
	t.mu.Unlock()
	if t.called == "drain" {
		deadline = t.drainDeadline()
	}
	var uid api.UID
	err := t.door.WaitUntil(t.ctx, deadline, func(cluster *sim.Cluster) bool {
		object, found := cluster.View().Object(kind, name.Namespace, name.Name)
		if found && uid == "" {
			uid = object.GetUID()
		}
		return !found || object.GetUID() != uid || object.GetDeletionTimestamp() == nil
	})
	if errors.Is(err, context.DeadlineExceeded) && t.ctx.Err() == nil {
		if t.called == "drain" {
			return errGaveUp
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.timedOut = fmt.Sprintf("%v on %s/%s", errTimedOut, kind.Resource, name.Name)
		return errTimedOut
	}
	return err
}

// limit ends the command when it has watched for as long as it wants to; stop is called when it has seen what it wanted.
func (t *transport) limit() (stop func()) {
	var patience time.Duration
	switch t.called {
	case "rollout":
		patience = flagDuration(t.args, "--timeout", 0)
	case "run":
		patience = flagDuration(t.args, "--pod-running-timeout", runPatience)
	}
	if patience <= 0 {
		return nil
	}
	deadline := t.now().Add(patience)
	ctx, cancel := context.WithCancel(t.ctx)
	go func() {
		if err := t.door.WaitUntil(ctx, deadline, never); errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			t.end(exit{"error: " + errTimedOut.Error(), 1})
		}
	}()
	return cancel
}

// excuse gives the reason for which a command has failed: that it has waited in vain shows in a failed request.
func (t *transport) excuse(end exit) exit {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timedOut != "" {
		end.message = "error: " + t.timedOut
	}
	return end
}

// flagDuration reads a flag of the command line before kubectl does.
func flagDuration(args []string, name string, otherwise time.Duration) time.Duration {
	for i, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		if flag == "--" {
			break
		}
		if flag != name {
			continue
		}
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		if duration, err := time.ParseDuration(value); err == nil {
			return duration
		}
	}
	return otherwise
}

// objectAt finds which object a path of the API means; nil for other paths.
func objectAt(path string) (*api.Kind, api.Name) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return nil, api.Name{}
	}
	switch {
	case len(parts) == 4 && parts[0] == "namespaces":
		return api.KindForResource(group, parts[2]), api.Name{Namespace: parts[1], Name: parts[3]}
	case len(parts) == 2:
		return api.KindForResource(group, parts[0]), api.Name{Name: parts[1]}
	}
	return nil, api.Name{}
}
