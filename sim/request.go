package sim

import (
	"fmt"
	"net/netip"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
	"github.com/stsim/stsim/storage"
)

// This file is the door for requests from outside: each method is one transaction, made whole or not at all. The errors
// are upstream's metav1.Status errors. Objects handed in are taken over; objects handed out are shared and must not be changed.

// Get finds an object.
func (c *Cluster) Get(kind *api.Kind, name api.Name) (api.Object, error) {
	var object api.Object
	err := c.look(func(r *registry.Registry) (err error) {
		object, err = r.Get(kind, name)
		return err
	})
	return object, err
}

// Create makes an object. With dryRun everything is checked and nothing kept.
func (c *Cluster) Create(object api.Object, dryRun bool) (created api.Object, err error) {
	out, err := c.take(Input{Do: DoCreate, Objects: []api.Object{object}}, dryRun)
	return out.Object, err
}

// Update replaces an object or a subresource of it; see [registry.Registry.Update].
func (c *Cluster) Update(object api.Object, subresource string, dryRun bool) (updated api.Object, err error) {
	out, err := c.take(Input{Do: DoUpdate, Objects: []api.Object{object}, Part: subresource}, dryRun)
	return out.Object, err
}

// Mutate is read, change and update in one: what a PATCH is. Change gets the current object (nil when there is none and
// create is set) and must give back a changed copy. As an [Input] it is the create or the update that came of it.
func (c *Cluster) Mutate(kind *api.Kind, name api.Name, subresource string, create, dryRun bool, change func(current api.Object) (api.Object, error)) (result api.Object, created bool, err error) {
	current, found := c.View().Object(kind, name.Namespace, name.Name)
	if !found && !create {
		return nil, false, kind.NotFound(name.Name)
	}
	if !found {
		current = nil
	}
	changed, err := change(current)
	if err != nil {
		return nil, false, err
	}
	if !found {
		result, err = c.Create(changed, dryRun)
		return result, true, err
	}
	result, err = c.Update(changed, subresource, dryRun)
	return result, false, err
}

// Delete asks for the end of an object; see [registry.Registry.Delete].
func (c *Cluster) Delete(kind *api.Kind, name api.Name, options metav1.DeleteOptions) (last api.Object, gone bool, err error) {
	out, err := c.take(Input{Do: DoDelete, Kind: kind.Kind, Name: name, Options: &options}, len(options.DryRun) > 0)
	return out.Object, out.Gone, err
}

// Evict deletes a Pod if its disruption budget allows.
func (c *Cluster) Evict(pod api.Name, options metav1.DeleteOptions) error {
	_, err := c.take(Input{Do: DoEvict, Name: pod, Options: &options}, len(options.DryRun) > 0)
	return err
}

// Bind puts a Pod on a node.
func (c *Cluster) Bind(pod api.Name, node string, dryRun bool) error {
	_, err := c.take(Input{Do: DoBind, Name: pod, Target: node}, dryRun)
	return err
}

// Scale reads the scale subresource.
func (c *Cluster) Scale(kind *api.Kind, name api.Name) (*autoscalingv1.Scale, error) {
	object, err := c.Get(kind, name)
	if err != nil {
		return nil, err
	}
	return registry.ScaleOf(object)
}

// UpdateScale reads the scale subresource, changes it and writes it back.
func (c *Cluster) UpdateScale(kind *api.Kind, name api.Name, dryRun bool, change func(*autoscalingv1.Scale) (*autoscalingv1.Scale, error)) (result *autoscalingv1.Scale, err error) {
	scale, err := c.Scale(kind, name)
	if err != nil {
		return nil, err
	}
	if scale, err = change(scale); err != nil {
		return nil, err
	}
	out, err := c.take(Input{Do: DoScale, Kind: kind.Kind, Objects: []api.Object{scale}}, dryRun)
	if err != nil {
		return nil, err
	}
	return out.Object.(*autoscalingv1.Scale), nil
}

// Exec starts a command in a container and runs it to its end or its first wait. Read what it prints with Output.
func (c *Cluster) Exec(pod api.Name, containerName string, args []string, tty, stdin bool) (process int, err error) {
	out, err := c.take(Input{Do: DoExec, Name: pod, Part: containerName, Args: args, TTY: tty, Stdin: stdin}, false)
	return out.Number, err
}

// Attach finds the main process of a container.
func (c *Cluster) Attach(pod api.Name, containerName string) (process int, err error) {
	return container.Attach(c.View(), pod, containerName)
}

// Input types into a process; end closes its standard input.
func (c *Cluster) Input(process int, data []byte, end bool) {
	c.must(Input{Do: DoType, Number: process, Data: data, End: end})
}

// Signal sends a process a signal.
func (c *Cluster) Signal(process, signal int) {
	c.must(Input{Do: DoSignal, Number: process, Signal: signal})
}

// Close ends the use of a process that Exec started; see [container.Close].
func (c *Cluster) Close(process int) { c.must(Input{Do: DoClose, Number: process}) }

// Dial opens a connection from outside of the Pods, by a client with the given address; see [container.Dial].
func (c *Cluster) Dial(client netip.Addr, to netip.AddrPort) (container.Connection, error) {
	out := c.must(Input{Do: DoDial, Target: to.String(), Part: client.String()})
	return out.Connection, out.Refused
}

// Say sends what a client has said over a connection, and gives back the answer; see [container.Say].
func (c *Cluster) Say(connection container.Connection, payload []byte) ([]byte, error) {
	out := c.must(Input{Do: DoSay, Target: connection.String(), Data: payload})
	return out.Data, out.Refused
}

// Forward opens a connection to a port inside of a Pod; see [container.Forward].
func (c *Cluster) Forward(pod api.Name, port uint16, payload []byte) ([]byte, error) {
	out := c.must(Input{Do: DoForward, Name: pod, Number: int(port), Data: payload})
	return out.Data, out.Refused
}

// Connect opens a connection from outside of the cluster; see [container.Request].
func (c *Cluster) Connect(to netip.AddrPort, payload []byte) ([]byte, error) {
	out := c.must(Input{Do: DoConnect, Target: to.String(), Data: payload})
	return out.Data, out.Refused
}

// HostFiles makes the file system of the machine of the person at the keyboard, if need be, and gives a copy to work with.
func (c *Cluster) HostFiles() *storage.FileSystem { return c.must(Input{Do: DoHost}).Files }

// HostSend is Connect from the machine of the person at the keyboard; see [container.Host].
func (c *Cluster) HostSend(to netip.AddrPort, payload []byte) ([]byte, error) {
	out := c.must(Input{Do: DoHostSend, Target: to.String(), Data: payload})
	return out.Data, out.Refused
}

// Choose asks the cluster's [kernel.Chooser] on behalf of somebody outside.
func (c *Cluster) Choose(label string, n int) int {
	return c.must(Input{Do: DoChoose, Target: label, Of: n}).Number
}

// must takes an input that cannot fail.
func (c *Cluster) must(in Input) Outcome {
	out, err := c.take(in, false)
	if err != nil {
		panic(fmt.Sprintf("sim: %s: %v", in, err))
	}
	return out
}

// Act lets the caller use the container runtime directly, in one transaction. It is not an [Input]: a history in which it was used cannot be
// repeated, and a cluster that records its inputs refuses it with a panic.
func (c *Cluster) Act(action func(world *container.World)) {
	if c.options.Record != nil {
		panic("sim: Act cannot be recorded; hint: use Take with an Input")
	}
	_ = c.input(func(tx *store.Tx) error { // the error is the action's, and it has none
		action(c.world(tx))
		return nil
	})
}

// Output reads what a process has printed, from a position on that an earlier call gave back (0 at first).
func (c *Cluster) Output(process, from int) (chunks []container.Chunk, next int, ended bool, exitCode int) {
	return container.Output(c.View(), process, from)
}

// look reads through the registry without a transaction of consequence.
func (c *Cluster) look(do func(r *registry.Registry) error) error {
	tx := c.db.Begin()
	defer tx.Abort()
	return do(c.registry(tx))
}
