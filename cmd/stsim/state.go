package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/journal"
)

// keptCluster is a cluster whose history is kept in a file: what came in is there before anybody is told that it came. It implements [door.Keeper].
type keptCluster struct {
	*sim.Cluster
	path string
	file *journal.File
}

// createState makes a cluster, lets it begin, and its file with all that has come in by then. The file is made whole or not at all.
func createState(path string, options sim.Options, begin func(cluster *sim.Cluster) error) (*keptCluster, error) {
	cluster, err := sim.Make(options)
	if err != nil {
		return nil, err
	}
	var first []sim.Recorded
	cluster.Record(func(recorded sim.Recorded) { first = append(first, recorded) })
	if err := begin(cluster); err != nil {
		return nil, err
	}
	return keepFrom(path, options, cluster, first)
}

// keepFrom makes the file of a cluster of which all that came in is known, and keeps what comes.
func keepFrom(path string, options sim.Options, cluster *sim.Cluster, first []sim.Recorded) (*keptCluster, error) {
	file, err := journal.Create(path, journal.Header{Program: programVersion(), Options: options}, first)
	if err != nil {
		return nil, stateFailure(path, err)
	}
	return keep(path, cluster, file), nil
}

// keep has everything that comes in from now on kept.
func keep(path string, cluster *sim.Cluster, file *journal.File) *keptCluster {
	cluster.Record(file.Append)
	cluster.SetRecall(recall(path, func() int {
		_ = file.Sync() // Failed tells
		return math.MaxInt
	}))
	return &keptCluster{Cluster: cluster, path: path, file: file}
}

// openState comes back to the cluster of a file; nil when there is none yet. What it has to say about that goes to out.
func openState(path string, check func(sim.Options) error, out io.Writer) (*keptCluster, error) {
	tell := &retelling{out: out, path: path, begun: time.Now()}
	file, torn, err := journal.Open(path, func(header journal.Header) error {
		if err := sameProgram(header); err != nil {
			return err
		}
		if err := check(header.Options); err != nil {
			return err
		}
		if tell.cluster, tell.err = sim.Make(header.Options); tell.err == nil {
			tell.cluster.SetRecall(recall(path, func() int { return tell.records }))
		}
		return tell.err
	}, tell.take)
	if err != nil {
		return nil, stateFailure(path, err)
	}
	if file == nil {
		return nil, nil
	}
	if torn > 0 {
		fmt.Fprintf(out, "%s ends with %d bytes of a record that was never finished. They are cut off: nobody was told that it was kept.\n", path, torn)
	}
	tell.done()
	return keep(path, tell.cluster, file), nil
}

// sameProgram refuses a journal of a program that may take other ways.
func sameProgram(header journal.Header) error {
	if header.Program == programVersion() {
		return nil
	}
	return fmt.Errorf("it was recorded by stsim %s, and this is %s, which may do other things with the same requests\n"+
		"hint: serve it with stsim %s, and take the objects along with kubectl get -o yaml", header.Program, programVersion(), header.Program)
}

// stateFailure says what is wrong with a file, and what to do about it.
func stateFailure(path string, err error) error {
	hint := "name another file, or move this one away to begin anew"
	var locked *journal.LockedError
	var damaged *journal.DamagedError
	var other *journal.FormatError
	switch {
	case errors.As(err, &locked):
		hint = "the cluster is being served already, and stsim kubectl reaches it; for a second one name another file"
	case errors.As(err, &damaged):
		hint = fmt.Sprintf("nothing was changed; head -c %d %s > OTHER makes a file with what comes before, for --state OTHER", damaged.Offset, path)
	case errors.As(err, &other):
		hint = "nothing was changed; name a file that stsim has made, or a new one"
	case errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR):
		hint = "name a file, such as " + filepath.Join(path, "cluster.stsim")
	case errors.Is(err, fs.ErrNotExist):
		hint = "make the folder first: mkdir -p " + filepath.Dir(path)
	case errors.Is(err, fs.ErrPermission):
		hint = "name a file in a folder that you may write to"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "make room, and run the same command again"
	}
	message := err.Error()
	if !strings.Contains(message, "hint: ") {
		message += "\nhint: " + hint
	}
	return failure{"--state " + path + ": " + message}
}

// The methods that follow do nothing for a nil keptCluster: one that is not kept.

// close lets others have the file.
func (k *keptCluster) close() {
	if k != nil {
		_ = k.file.Close() // end has said what there is to say
	}
}

// credentials are those with which the cluster was served last.
func (k *keptCluster) credentials() (credentials, error) {
	if k == nil {
		return credentials{}, nil
	}
	return readCredentials(k.path)
}

// keepCredentials has the next one that serves the cluster use the same.
func (k *keptCluster) keepCredentials(access credentials, names netip.AddrPort) error {
	if k == nil {
		return nil
	}
	access.DNS = names.String()
	return access.write(k.path)
}

// guard has nobody told of anything that is not kept.
func (k *keptCluster) guard(d *door.Door) {
	if k != nil {
		d.KeepWith(k)
	}
}

// markEvery is how often it is kept how far the cluster is although nobody asks, by the wall clock.
const markEvery = 5 * time.Second

// watch ends the context when nothing can be kept any more. Until then it keeps how far the cluster is from time to time.
func (k *keptCluster) watch(ctx context.Context, d *door.Door) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if k == nil {
		return ctx, cancel
	}
	go func() {
		ticker := time.NewTicker(markEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-k.file.Failed():
				cancel()
				return
			case <-ticker.C:
				d.Pass(func(*sim.Cluster) {})
				_ = k.file.Sync() // Failed tells
			}
		}
	}()
	return ctx, cancel
}

// end keeps how far the cluster is now. It gives the reason when that cannot be kept, or could not be any more before.
func (k *keptCluster) end(d *door.Door) error {
	if k == nil {
		return nil
	}
	d.Pass(func(*sim.Cluster) {})
	if err := k.file.Sync(); err != nil {
		return failure{fmt.Sprintf("--state %s: what happens can no longer be kept: %v\nhint: all that was answered is in the file; see to the disk, and run the same command again", k.path, err)}
	}
	return nil
}

// Note implements [door.Keeper].
func (k *keptCluster) Note(cluster *sim.Cluster) uint32 { return k.file.Mark(cluster.Point()) }

// Keep implements [door.Keeper]. When nothing can be kept any more it never returns: nobody may be told that something was. The program ends then.
func (k *keptCluster) Keep(number uint32) {
	if k.file.Wait(number) != nil {
		select {}
	}
}

// retelling repeats a history, and says how far it is when that takes long.
type retelling struct {
	out     io.Writer
	path    string
	cluster *sim.Cluster
	err     error
	records int // inputs and marks
	inputs  int
	begun   time.Time
	told    time.Time
}

// progressEvery is how often it is said how far a repetition is, by the wall clock.
const progressEvery = time.Second

func (r *retelling) take(recorded sim.Recorded) error {
	if err := r.cluster.TakeAt(recorded); err != nil {
		return fmt.Errorf("after %d inputs: %w", r.inputs, err)
	}
	r.records++
	if len(recorded.Input) > 0 {
		r.inputs++
	}
	if now := time.Now(); now.Sub(r.begun) > progressEvery && now.Sub(r.told) > progressEvery {
		r.told = now
		fmt.Fprintf(r.out, "coming back: %d inputs, %d events, until %s of virtual time\n", r.inputs, r.cluster.Events(), r.cluster.Now().UTC().Format(time.DateTime))
	}
	return nil
}

func (r *retelling) done() {
	lived := r.cluster.Now().Sub(r.cluster.Options().Start).Round(time.Millisecond)
	fmt.Fprintf(r.out, "The cluster comes from %s: %d inputs and %d events, %s of its time, repeated in %s.\n",
		r.path, r.inputs, r.cluster.Events(), lived, time.Since(r.begun).Round(time.Millisecond))
}

// checkFlags refuses flags that ask for another cluster than that of the file, and puts what the file says in the place of those that say nothing.
func (f *serveFlags) checkFlags(given *pflag.FlagSet, file sim.Options) error {
	asked := f.options(file.Start)
	was := reflect.ValueOf(file)
	for _, flag := range []struct{ name, field string }{{"nodes", "Nodes"}, {"kubernetes", "Kubernetes"}, {"seed", "Seed"}, {"without", "Without"}, {"with", "With"}, {"feature-gates", "Gates"}, {"zone", "Zone"},
		{"pod-cidr", "PodCIDR"}, {"service-cidr", "ServiceCIDR"}} {
		found, want := was.FieldByName(flag.field).Interface(), reflect.ValueOf(asked).FieldByName(flag.field).Interface()
		if given.Changed(flag.name) && fmt.Sprint(found) != fmt.Sprint(want) {
			return fmt.Errorf("--%s %v: the cluster in the file has %v\nhint: leave --%s out, or name a new file", flag.name, want, found, flag.name)
		}
	}
	for _, flag := range []struct {
		name        string
		found, want any
	}{{"ttl", file.DNS.TTL, asked.DNS.TTL}, {"pods", file.DNS.Pods, asked.DNS.Pods}, {"dns-cache", file.DNS.Cache, asked.DNS.Cache}} {
		if given.Changed(flag.name) && flag.found != flag.want {
			return fmt.Errorf("--%s: the cluster in the file has %v, not %v\nhint: leave --%s out, or name a new file", flag.name, flag.found, flag.want, flag.name)
		}
	}
	f.nodes, f.kubernetes, f.seed = file.Nodes, file.Kubernetes, file.Seed
	f.without, f.with, f.gates = slices.Clone(file.Without), slices.Clone(file.With), slices.Clone(file.Gates)
	f.dns.adopt(file.Zone, file.DNS)
	return f.addresses.again(file)
}

// adopt takes over how the DNS of a cluster is set up.
func (d *dnsSetup) adopt(zone string, dns api.DNS) {
	d.zone, d.pods, d.cache, d.ttl = zone, dns.Pods, dns.Cache, max(int(dns.TTL/time.Second), 0)
}
