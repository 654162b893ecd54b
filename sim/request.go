package sim

import (
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
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
	err = c.request(dryRun, func(r *registry.Registry) error {
		created, err = r.Create(object)
		return err
	})
	return created, err
}

// Update replaces an object or a subresource of it; see [registry.Registry.Update].
func (c *Cluster) Update(object api.Object, subresource string, dryRun bool) (updated api.Object, err error) {
	err = c.request(dryRun, func(r *registry.Registry) error {
		updated, err = r.Update(object, subresource)
		return err
	})
	return updated, err
}

// Mutate is read, change and update in one: what a PATCH is. Change gets the current object (nil when there is none and
// create is set) and must give back a changed copy.
func (c *Cluster) Mutate(kind *api.Kind, name api.Name, subresource string, create, dryRun bool, change func(current api.Object) (api.Object, error)) (result api.Object, created bool, err error) {
	err = c.request(dryRun, func(r *registry.Registry) error {
		current, found := r.Tx.Object(kind, name.Namespace, name.Name)
		if !found && !create {
			_, err = r.Get(kind, name)
			return err
		}
		if !found {
			current = nil
		}
		changed, err := change(current)
		if err != nil {
			return err
		}
		if created = !found; created {
			result, err = r.Create(changed)
		} else {
			result, err = r.Update(changed, subresource)
		}
		return err
	})
	return result, created, err
}

// Delete asks for the end of an object; see [registry.Registry.Delete].
func (c *Cluster) Delete(kind *api.Kind, name api.Name, options metav1.DeleteOptions) (last api.Object, gone bool, err error) {
	err = c.request(len(options.DryRun) > 0, func(r *registry.Registry) error {
		last, gone, err = r.Delete(kind, name, options)
		return err
	})
	return last, gone, err
}

// Evict deletes a Pod if its disruption budget allows.
func (c *Cluster) Evict(pod api.Name, options metav1.DeleteOptions) error {
	return c.request(len(options.DryRun) > 0, func(r *registry.Registry) error { return r.Evict(pod, options) })
}

// Bind puts a Pod on a node.
func (c *Cluster) Bind(pod api.Name, node string, dryRun bool) error {
	return c.request(dryRun, func(r *registry.Registry) error {
		_, err := r.Bind(pod, node)
		return err
	})
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
	err = c.request(dryRun, func(r *registry.Registry) error {
		object, err := r.Get(kind, name)
		if err != nil {
			return err
		}
		scale, err := registry.ScaleOf(object)
		if err != nil {
			return err
		}
		if scale, err = change(scale); err != nil {
			return err
		}
		result, err = r.UpdateScale(kind, scale)
		return err
	})
	return result, err
}

// Exec starts a command in a container and runs it to its end or its first wait. Read what it prints with Output.
func (c *Cluster) Exec(pod api.Name, containerName string, args []string, tty, stdin bool) (process int, err error) {
	err = c.input(func(tx *store.Tx) error {
		process, err = container.Exec(c.world(tx), pod, containerName, args, tty, stdin)
		return err
	})
	return process, err
}

// Attach finds the main process of a container.
func (c *Cluster) Attach(pod api.Name, containerName string) (process int, err error) {
	return container.Attach(c.View(), pod, containerName)
}

// Input types into a process; end closes its standard input.
func (c *Cluster) Input(process int, data []byte, end bool) {
	c.act(func(world *container.World) { container.Input(world, process, data, end) })
}

// Signal sends a process a signal.
func (c *Cluster) Signal(process, signal int) {
	c.act(func(world *container.World) { container.Signal(world, process, signal) })
}

// Act lets the caller use the container runtime directly, in one transaction.
func (c *Cluster) Act(action func(world *container.World)) { c.act(action) }

// Output reads what a process has printed, from a position on that an earlier call gave back (0 at first).
func (c *Cluster) Output(process, from int) (chunks []container.Chunk, next int, ended bool, exitCode int) {
	return container.Output(c.View(), process, from)
}

func (c *Cluster) act(action func(world *container.World)) {
	_ = c.input(func(tx *store.Tx) error { // the error is the action's, and it has none
		action(c.world(tx))
		return nil
	})
}

// errDryRun makes the transaction of a dry run end like a failed one.
type dryRunDone struct{}

func (dryRunDone) Error() string { return "dry run" }

func (c *Cluster) request(dryRun bool, do func(r *registry.Registry) error) error {
	err := c.input(func(tx *store.Tx) error {
		if err := do(c.registry(tx)); err != nil {
			return err
		}
		if dryRun {
			return dryRunDone{}
		}
		return nil
	})
	if _, dry := err.(dryRunDone); dry {
		return nil
	}
	return err
}

// look reads through the registry without a transaction of consequence.
func (c *Cluster) look(do func(r *registry.Registry) error) error {
	tx := c.db.Begin()
	defer tx.Abort()
	return do(c.registry(tx))
}
