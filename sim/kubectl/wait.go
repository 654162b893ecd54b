package kubectl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/wait"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// kubectl wait looks through an informer, which polls by the wall clock, and gives up by the wall clock. Here its conditions are
// asked as with --timeout=0, which looks once, whenever the object has changed, until the timeout has passed in virtual time.

// newWait is kubectl's command with another way to wait.
func newWait(get factory, s streams, t *transport) *cobra.Command {
	flags := wait.NewWaitFlags(get, s)
	command := wait.NewCmdWait(get, s)
	command.ResetFlags()
	flags.AddFlags(command)
	command.Run = func(_ *cobra.Command, args []string) {
		o, err := flags.ToOptions(args)
		util.CheckErr(err)
		util.CheckErr(t.wait(o))
	}
	return command
}

func (t *transport) wait(o *wait.WaitOptions) error {
	if o.Timeout == 0 {
		return o.RunWaitContext(t.ctx)
	}
	deadline := t.now().Add(o.Timeout)
	if slices.ContainsFunc(o.ForCondition, func(condition string) bool { return strings.EqualFold(condition, "create") }) {
		if err := t.waitForCreation(o, deadline); err != nil {
			return err
		}
	}
	for i, condition := range o.ConditionFn {
		gone := strings.EqualFold(o.ForCondition[i], "delete")
		o.ConditionFn[i] = func(ctx context.Context, info *resource.Info, o *wait.WaitOptions) (runtime.Object, bool, error) {
			return t.waitFor(ctx, condition, gone, info, o, deadline)
		}
	}
	return o.RunWaitContext(t.ctx)
}

// waitFor waits until one object meets one condition. The condition gone is met by another object of the same name, too.
func (t *transport) waitFor(ctx context.Context, condition wait.ConditionFunc, gone bool, info *resource.Info, o *wait.WaitOptions, deadline time.Time) (runtime.Object, bool, error) {
	once := *o
	once.Timeout = 0
	kind := api.KindForResource(info.Mapping.Resource.Group, info.Mapping.Resource.Resource)
	look := func(cluster *sim.Cluster) (version string, uid api.UID) {
		if object, found := cluster.View().Object(kind, info.Namespace, info.Name); found {
			return object.GetResourceVersion(), object.GetUID()
		}
		return "", ""
	}
	var version string
	var before, uid api.UID
	for first := true; ; first = false {
		t.door.Do(func(cluster *sim.Cluster) { version, uid = look(cluster) })
		if first {
			before = uid
		}
		t.forget()
		object, met, err := condition(ctx, info, &once)
		switch {
		case met, gone && uid != before:
			return object, true, nil
		case err == nil, err.Error() == "condition not met for "+info.ObjectName(), !first && apierrors.IsNotFound(err):
		default:
			return object, false, err
		}
		err = t.door.WaitUntil(t.ctx, deadline, func(cluster *sim.Cluster) bool {
			now, _ := look(cluster)
			return now != version
		})
		if errors.Is(err, context.DeadlineExceeded) && t.ctx.Err() == nil {
			return object, false, fmt.Errorf("%w on %s/%s", errTimedOut, info.Mapping.Resource.Resource, info.Name)
		} else if err != nil {
			return object, false, err
		}
	}
}

// waitForCreation waits until there is what the command names.
func (t *transport) waitForCreation(o *wait.WaitOptions, deadline time.Time) error {
	for {
		events := t.events()
		t.forget()
		found := false
		err := o.ResourceFinder.Do().Visit(func(*resource.Info, error) error {
			found = true
			return nil
		})
		if found || err != nil && !apierrors.IsNotFound(err) {
			t.forget()
			return err
		}
		err = t.door.WaitUntil(t.ctx, deadline, func(cluster *sim.Cluster) bool { return cluster.Events() != events })
		if errors.Is(err, context.DeadlineExceeded) && t.ctx.Err() == nil {
			return errTimedOut
		} else if err != nil {
			return err
		}
	}
}

func (t *transport) events() (count uint64) {
	t.door.Do(func(cluster *sim.Cluster) { count = cluster.Events() })
	return count
}

// forget makes the next questions new ones: nobody has slept before them.
func (t *transport) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.asked)
}
