package sim_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// An input of every kind of field.
func everyField() sim.Input {
	return sim.Input{
		Do: sim.DoUpdate, Kind: "Pod", Name: api.Name{Namespace: "default", Name: "web-0"}, Part: "status",
		Objects: []api.Object{
			&corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "web-0", Labels: map[string]string{"b": "2", "a": "1"}}},
			&autoscalingv1.Scale{TypeMeta: metav1.TypeMeta{APIVersion: "autoscaling/v1", Kind: "Scale"}, Spec: autoscalingv1.ScaleSpec{Replicas: 3}},
		},
		Options: &metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)},
		Target:  "10.244.0.1:80", Args: []string{"sh", "", "-c"}, Number: -7, Signal: 15, Of: 3, TTY: true, Stdin: true, End: true, Data: []byte{0, 255},
		Reply:   &dnsserver.CachedReply{Stored: time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC), Seconds: 30, Rcode: 3},
		Instant: time.Date(2026, 1, 1, 0, 3, 12, 0, time.UTC),
	}
}

func TestInputsAreReadAsTheyWereWritten(t *testing.T) {
	want := everyField()
	data, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var found sim.Input
	if err := found.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("found %+v\nwant  %+v", found, want)
	}
	fields := reflect.ValueOf(want)
	for i := range fields.NumField() {
		if fields.Field(i).IsZero() {
			t.Errorf("the test leaves out %s", fields.Type().Field(i).Name)
		}
	}
	for cut := range data {
		_ = found.UnmarshalBinary(data[:cut]) // must not panic
	}
}

func FuzzReadInput(f *testing.F) {
	data, err := everyField().MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("\x01\x04type\x0b\x01\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in sim.Input
		if in.UnmarshalBinary(data) != nil {
			return
		}
		_ = in.String()
		once, err := in.MarshalBinary()
		if err != nil {
			return // such as a DNS record that can be read and not written
		}
		var again sim.Input
		if err := again.UnmarshalBinary(once); err != nil {
			t.Fatalf("%v in %s", err, hex.EncodeToString(once))
		}
		if twice, err := again.MarshalBinary(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%x\n%x %v", once, twice, err)
		}
	})
}

const recordedSet = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {selector: {app: web}, type: NodePort, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: nginx, image: nginx, ports: [{containerPort: 80}], volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]}
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// live lets chance use a cluster: requests that are accepted, requests that are not, commands, faults, and time.
func live(t *testing.T, c *sim.Cluster, seed uint64, steps int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	set, pods, services := api.KindNamed("StatefulSet"), api.KindNamed("Pod"), api.KindNamed("Service")
	if err := c.Apply([]byte(recordedSet)); err != nil {
		t.Fatal(err)
	}
	for i := range steps {
		pod := api.Name{Namespace: "default", Name: fmt.Sprintf("web-%d", random.IntN(4))}
		node := fmt.Sprintf("node-%d", 1+random.IntN(4))
		switch random.IntN(14) {
		case 0:
			c.RunFor(time.Duration(random.IntN(60_000)) * time.Millisecond)
		case 1:
			for range random.IntN(30) {
				c.Step()
			}
		case 2:
			_, _ = c.UpdateScale(set, api.Name{Namespace: "default", Name: "web"}, random.IntN(4) == 0, func(scale *autoscalingv1.Scale) (*autoscalingv1.Scale, error) {
				scale.Spec.Replicas = int32(random.IntN(6)) - 1
				return scale, nil
			})
		case 3:
			_, _, _ = c.Delete(pods, pod, metav1.DeleteOptions{})
		case 4:
			_ = c.Evict(pod, metav1.DeleteOptions{})
		case 5:
			if process, err := c.Exec(pod, "", []string{"sh", "-c", fmt.Sprintf("echo %d $(hostname) >> /usr/share/nginx/html/index.html; sleep %d; cat", i, i%5)}, false, true); err == nil {
				c.Input(process, []byte("typed\n"), random.IntN(2) == 0)
				c.RunFor(time.Second)
				c.Close(process)
			}
		case 6:
			_ = c.Befall(sim.Fault{Verb: sim.NodeDown, Node: node})
		case 7:
			_ = c.Befall(sim.Fault{Verb: sim.NodeCut, Node: node})
		case 8, 9:
			_ = c.Befall(sim.Fault{Verb: sim.NodeUp, Node: node})
		case 10:
			_, _, _ = c.Mutate(set, api.Name{Namespace: "default", Name: "web"}, "", false, random.IntN(3) == 0, func(current api.Object) (api.Object, error) {
				changed := api.Copy(current)
				changed.SetAnnotations(map[string]string{"turn": fmt.Sprint(i)})
				return changed, nil
			})
		case 11: // a Service draws its address, also one that is refused
			service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("s%d", random.IntN(9))}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
			if random.IntN(3) == 0 {
				service.Name = "Not_A_Name"
			}
			_, _ = c.Create(service, random.IntN(3) == 0)
		case 12:
			if front, err := c.Get(services, api.Name{Namespace: "default", Name: "front"}); err == nil {
				address := netip.AddrPortFrom(netip.MustParseAddr(front.(*corev1.Service).Spec.ClusterIP), 80)
				_, _ = c.Connect(address, []byte("GET / HTTP/1.1\r\nHost: front\r\n\r\n"))
				if connection, err := c.Dial(netip.MustParseAddr("127.0.0.1"), address); err == nil {
					_, _ = c.Say(connection, []byte("GET / HTTP/1.1\r\nHost: front\r\n\r\n"))
				}
			}
		case 13:
			_, _ = c.Forward(pod, 80, []byte("GET / HTTP/1.1\r\nHost: web\r\n\r\n"))
			c.Choose("a question", 3)
			c.RememberReply("a key", dnsserver.CachedReply{Stored: c.Now(), Seconds: 5})
		}
	}
}

func TestRecordedInputsRepeatTheHistory(t *testing.T) {
	for seed := range uint64(8) {
		options := sim.Options{Seed: seed, Nodes: 3, History: -1}
		var inputs []sim.Recorded
		recording := options
		recording.Record = func(input sim.Recorded) { inputs = append(inputs, input) }
		c := sim.New(recording)
		live(t, c, seed, 150)
		end := c.Point()

		again := sim.New(options)
		for _, input := range inputs {
			if err := again.TakeAt(input); err != nil {
				t.Fatal(err)
			}
		}
		if err := again.RunTo(end); err != nil {
			t.Fatal(err)
		}
		if found := sim.Difference(c.View(), again.View()); found != "" {
			t.Fatalf("seed %d: another history after %d inputs: %s", seed, len(inputs), found)
		}
		c.RunFor(time.Minute) // and chance stands where it stood
		again.RunFor(time.Minute)
		if found := sim.Difference(c.View(), again.View()); found != "" {
			t.Fatalf("seed %d: another future: %s", seed, found)
		}
		if len(inputs) < 50 {
			t.Errorf("seed %d: only %d inputs", seed, len(inputs))
		}
	}
}

func TestAHistoryOfAnotherClusterIsRefused(t *testing.T) {
	var inputs []sim.Recorded
	c := sim.New(sim.Options{Seed: 1, Record: func(input sim.Recorded) { inputs = append(inputs, input) }})
	live(t, c, 1, 40)
	other := sim.New(sim.Options{Seed: 1, Nodes: 4})
	var err error
	for _, input := range inputs {
		if err = other.TakeAt(input); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "history is another one") {
		t.Errorf("found %v", err)
	}
}
