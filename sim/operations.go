package sim

import (
	"fmt"
	"net/netip"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/container"
	"github.com/stsim/stsim/sim/network"
	"github.com/stsim/stsim/sim/registry"
	"github.com/stsim/stsim/sim/store"
)

// do does in a transaction what an input is for.
func (c *Cluster) do(tx *store.Tx, in Input) (out Outcome, err error) {
	switch in.Do {
	case DoCreate, DoUpdate, DoScale, DoApply, DoDelete, DoEvict, DoBind:
		return c.doRequest(tx, in)
	case DoBefall:
		return out, c.strike(tx, in.Target)
	}
	return c.doRuntime(tx, in)
}

// doRequest makes a request to the API.
func (c *Cluster) doRequest(tx *store.Tx, in Input) (out Outcome, err error) {
	if err := c.answers(tx.View); err != nil {
		return out, err
	}
	requests := c.registry(tx)
	switch in.Do {
	case DoCreate, DoUpdate:
		object, err := in.object()
		if err != nil {
			return out, err
		}
		if in.Do == DoCreate {
			out.Object, err = requests.Create(object)
		} else {
			out.Object, err = requests.Update(object, in.Part)
		}
		return out, err
	case DoScale:
		object, err := in.object()
		if err != nil {
			return out, err
		}
		scale, is := object.(*autoscalingv1.Scale)
		if !is {
			return out, fmt.Errorf("%s: expected a Scale, found %T", in.Do, object)
		}
		kind, err := in.kind()
		if err != nil {
			return out, err
		}
		out.Object, err = requests.UpdateScale(kind, scale)
		return out, err
	case DoApply:
		for _, object := range in.Objects {
			object.SetManagedFields(registry.By("kubectl-create", ""))
			if err := applyOne(requests, object); err != nil {
				return out, err
			}
		}
		return out, nil
	case DoDelete:
		kind, err := in.kind()
		if err != nil {
			return out, err
		}
		out.Object, out.Gone, err = requests.Delete(kind, in.Name, in.options())
		return out, err
	case DoEvict:
		return out, requests.Evict(in.Name, in.options())
	default: // DoBind
		_, err := requests.Bind(in.Name, in.Target)
		return out, err
	}
}

// doRuntime does something with containers, the network or the person's machine.
func (c *Cluster) doRuntime(tx *store.Tx, in Input) (out Outcome, err error) {
	world := c.world(tx)
	switch in.Do {
	case DoExec:
		out.Number, err = container.Exec(world, in.Name, in.Part, in.Args, in.TTY, in.Stdin)
	case DoType:
		container.Input(world, in.Number, in.Data, in.End)
	case DoSignal:
		container.Signal(world, in.Number, in.Signal)
	case DoClose:
		container.Close(world, in.Number)
	case DoForward:
		out.Data, out.Refused = container.Forward(world, in.Name, uint16(in.Number), in.Data)
	case DoDial:
		to, problem := netip.ParseAddrPort(in.Target)
		client, wrong := netip.ParseAddr(in.Part)
		if problem != nil || wrong != nil {
			return out, fmt.Errorf("%s: expected an address and a port such as 10.244.1.2:80 and a client's address, found %q and %q", in.Do, in.Target, in.Part)
		}
		out.Connection, out.Refused = container.Dial(world, client, to)
	case DoSay:
		connection, problem := container.ParseConnection(in.Target)
		if problem != nil {
			return out, fmt.Errorf("%s: %w", in.Do, problem)
		}
		out.Data, out.Refused = container.Say(world, connection, in.Data)
	case DoConnect, DoHostSend:
		to, problem := netip.ParseAddrPort(in.Target)
		switch {
		case problem != nil:
			err = fmt.Errorf("%s: expected an address and a port such as 10.244.1.2:80, found %q", in.Do, in.Target)
		case in.Do == DoConnect:
			out.Data, out.Refused = container.Request(world, netip.Addr{}, to, in.Data)
		default:
			out.Data, out.Refused = container.Host(world).Exchange(to, in.Data)
		}
	case DoHost:
		out.Files = container.Host(world).Files()
	case DoChoose:
		if in.Of < 1 {
			return out, fmt.Errorf("%s %s: expected at least one answer, found %d", in.Do, in.Target, in.Of)
		}
		out.Number = c.chooser.Choose(in.Target, in.Of)
	case DoRemember:
		if in.Reply == nil {
			return out, fmt.Errorf("%s %s: expected a reply, found none", in.Do, in.Target)
		}
		network.NameCache{Tx: tx}.Save(in.Target, *in.Reply)
	default:
		err = fmt.Errorf("there is no operation %q", in.Do)
	}
	return out, err
}

// object is the one object of an input.
func (in *Input) object() (api.Object, error) {
	if len(in.Objects) != 1 {
		return nil, fmt.Errorf("%s: expected one object, found %d", in.Do, len(in.Objects))
	}
	if _, isScale := in.Objects[0].(*autoscalingv1.Scale); !isScale && api.KindOf(in.Objects[0]) == nil {
		return nil, fmt.Errorf("%s: objects of type %T are not simulated", in.Do, in.Objects[0])
	}
	return in.Objects[0], nil
}

func (in *Input) kind() (*api.Kind, error) {
	kind := api.KindNamed(in.Kind)
	if kind == nil {
		return nil, fmt.Errorf("%s: no kind is named %q (hint: kinds are written as in manifests, e.g. StatefulSet)", in.Do, in.Kind)
	}
	return kind, nil
}

func (in *Input) options() metav1.DeleteOptions {
	if in.Options == nil {
		return metav1.DeleteOptions{}
	}
	return *in.Options
}
