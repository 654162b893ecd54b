package kubectl

import (
	"context"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/cmd/logs"
	"k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/cmd/util/podcmd"
	"k8s.io/kubectl/pkg/polymorphichelpers"
	"k8s.io/kubectl/pkg/util/podutils"
)

// kubectl logs reads several logs in the order of a map, and says which Pod and which container it has chosen on the standard error of the
// process. Here the order is that of Pods and containers, and what it says goes where the rest of the command's output goes. And with -f it
// tries again by the wall clock while there is no log yet; here by the virtual one.

// followRetry is what kubectl logs -f sleeps when there is no log yet.
const followRetry = time.Second

// newLogs is kubectl's command with another way to choose and to order.
func newLogs(f factory, s streams, t *transport) *cobra.Command {
	o := logs.NewLogsOptions(s)
	command := logs.NewCmdLogs(f, s)
	command.ResetFlags()
	o.AddFlags(command)
	command.Run = func(command *cobra.Command, args []string) {
		util.CheckErr(o.Complete(f, command, args))
		util.CheckErr(o.Validate())
		if o.Follow && !o.IgnoreLogErrors {
			o.ConsumeRequestFn = t.follow(o)
		}
		util.CheckErr(runLogs(command.Context(), o, s.ErrOut))
	}
	return command
}

// follow reads a log that there may not be yet.
func (t *transport) follow(o *logs.LogsOptions) func(context.Context, rest.ResponseWrapper, io.Writer) error {
	once := o.ConsumeRequestFn
	return func(ctx context.Context, request rest.ResponseWrapper, out io.Writer) error {
		deadline := t.now().Add(o.GetPodTimeout)
		for {
			err := once(ctx, request, out)
			if _, refused := err.(apierrors.APIStatus); !refused {
				return err
			}
			fmt.Fprintln(o.ErrOut, err)
			if again := t.now().Add(followRetry); again.After(deadline) {
				t.end(exit{"error: " + context.DeadlineExceeded.Error(), 1})
				<-t.ctx.Done()
			} else if err := t.pass(again); err != nil {
				return err
			}
			if err := t.ctx.Err(); err != nil {
				return err
			}
		}
	}
}

func runLogs(ctx context.Context, o *logs.LogsOptions, warn io.Writer) error {
	chosen := logChoice{get: o.RESTClientGetter, timeout: o.GetPodTimeout, allContainers: o.AllContainers, allPods: o.AllPods, warn: warn}
	if err := chosen.add(o.Object, o.Options.(*corev1.PodLogOptions)); err != nil {
		return err
	}
	groups := [][]logRequest{chosen.requests}
	if !o.Follow {
		groups = nil
		for i := range chosen.requests {
			groups = append(groups, chosen.requests[i:i+1])
		}
	}
	for _, group := range groups {
		requests := map[corev1.ObjectReference]rest.ResponseWrapper{}
		for _, request := range group {
			requests[request.of] = request.log
		}
		one := *o
		one.LogsForObject = func(genericclioptions.RESTClientGetter, runtime.Object, runtime.Object, time.Duration, bool) (map[corev1.ObjectReference]rest.ResponseWrapper, error) {
			return requests, nil
		}
		one.AllPodLogsForObject = polymorphichelpers.AllPodLogsForObjectFunc(one.LogsForObject)
		if err := one.RunLogsContext(ctx); err != nil {
			return err
		}
	}
	return nil
}

// logChoice collects the logs that a command reads.
type logChoice struct {
	get                    genericclioptions.RESTClientGetter
	timeout                time.Duration
	allContainers, allPods bool
	warn                   io.Writer
	requests               []logRequest
}

type logRequest struct {
	of  corev1.ObjectReference
	log rest.ResponseWrapper
}

func (c *logChoice) add(object runtime.Object, options *corev1.PodLogOptions) error {
	switch object := object.(type) {
	case *corev1.PodList:
		for i := range object.Items {
			if err := c.add(&object.Items[i], options); err != nil {
				return err
			}
		}
		return nil
	case *corev1.Pod:
		return c.pod(object, options)
	}
	config, err := c.get.ToRESTConfig()
	if err != nil {
		return err
	}
	client, err := corev1client.NewForConfig(config)
	if err != nil {
		return err
	}
	namespace, selector, err := polymorphichelpers.SelectorsForObject(object)
	if err != nil {
		return fmt.Errorf("cannot get the logs from %T: %w", object, err)
	}
	order := func(pods []*corev1.Pod) sort.Interface { return podutils.ByLogging(pods) }
	pod, count, err := polymorphichelpers.GetFirstPod(client, namespace, selector.String(), c.timeout, order)
	if err != nil {
		return err
	}
	if count > 1 && c.allPods {
		pods, err := polymorphichelpers.GetPodList(client, namespace, selector.String(), c.timeout, order)
		if err != nil {
			return err
		}
		return c.add(pods, options)
	}
	if count > 1 {
		fmt.Fprintf(c.warn, "Found %v pods, using pod/%v\n", count, pod.Name)
	}
	return c.pod(pod, options)
}

// pod adds the logs of one Pod: of one container, or of all.
func (c *logChoice) pod(pod *corev1.Pod, options *corev1.PodLogOptions) error {
	var names []string
	switch {
	case c.allContainers:
		for _, container := range pod.Spec.InitContainers {
			names = append(names, container.Name)
		}
		for _, container := range pod.Spec.Containers {
			names = append(names, container.Name)
		}
		for _, container := range pod.Spec.EphemeralContainers {
			names = append(names, container.Name)
		}
	default:
		container, err := podcmd.FindOrDefaultContainerByName(pod, options.Container, c.allPods, c.warn)
		if err != nil {
			return err
		}
		names = []string{container.Name}
	}
	for _, name := range names {
		options := options.DeepCopy()
		options.Container = name
		found, err := polymorphichelpers.LogsForObjectFn(c.get, pod, options, c.timeout, false)
		if err != nil {
			return err
		}
		for of, log := range found { // one
			c.requests = append(c.requests, logRequest{of, log})
		}
	}
	return nil
}
