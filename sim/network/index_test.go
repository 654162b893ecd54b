package network

import (
	"fmt"
	"net/netip"
	"strconv"
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/dnsserver"
	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// sameAnswers asks an index and the plain view about every name that the test cluster has or could have.
func sameAnswers(t *testing.T, index *Index, db *store.DB) {
	t.Helper()
	config := DNSConfig(settings, nil)
	config.Pods = dnsserver.PodsVerified
	names := []string{"default.svc", "other.svc", "10-244-1-2.default.pod", "10-244-1-9.default.pod"}
	for _, service := range []string{"plain", "headless", "nobody", "sticky", "door", "late"} {
		names = append(names, service+".default.svc", "web-0."+service+".default.svc", "web-2."+service+".default.svc")
	}
	for i := range names {
		names[i] += ".cluster.local."
	}
	for _, name := range append(names, "20.0.96.10.in-addr.arpa.", "2.1.244.10.in-addr.arpa.", "9.1.244.10.in-addr.arpa.") {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeSRV, dns.TypePTR} {
			question := new(dns.Msg)
			question.SetQuestion(name, qtype)
			question.Id = 0
			expected := dnsserver.Answer(Names{View: db.View()}, config, question, dnsserver.UDP)
			if found := dnsserver.Answer(index, config, question, dnsserver.UDP); found.String() != expected.String() {
				t.Fatalf("the index says\n%v\nexpected\n%v", found, expected)
			}
		}
	}
}

func TestAnIndexFollowsTheCluster(t *testing.T) {
	db := cluster()
	index := NewIndex()
	index.Advance(db)
	sameAnswers(t, index, db)

	change := func(change func(tx *store.Tx)) {
		t.Helper()
		tx := db.Begin()
		change(tx)
		tx.Commit()
		index.Advance(db)
		sameAnswers(t, index, db)
	}
	change(func(tx *store.Tx) { tx.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other"}}) })
	change(func(tx *store.Tx) {
		slice, _ := store.Get[*discoveryv1.EndpointSlice](tx.View, "default", "headless-x")
		ready := api.Copy(slice)
		ready.Endpoints[2].Conditions.Ready = to(true)
		ready.Endpoints[0].Addresses = []string{"10.244.1.9"}
		tx.Put(ready)
	})
	change(func(tx *store.Tx) {
		slice, _ := store.Get[*discoveryv1.EndpointSlice](tx.View, "default", "plain-x")
		moved := api.Copy(slice)
		moved.Labels[discoveryv1.LabelServiceName] = "late"
		tx.Put(moved)
		tx.Put(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "late"}, Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}})
	})
	change(func(tx *store.Tx) {
		pod, _ := store.Get[*corev1.Pod](tx.View, "default", "web-0")
		ended := api.Copy(pod)
		ended.Status.Phase = corev1.PodFailed
		tx.Put(ended)
		service, _ := store.Get[*corev1.Service](tx.View, "default", "door")
		tx.Delete(service)
		slice, _ := store.Get[*discoveryv1.EndpointSlice](tx.View, "default", "sticky-x")
		tx.Delete(slice)
	})
	change(func(tx *store.Tx) {
		pod, _ := store.Get[*corev1.Pod](tx.View, "default", "web-0")
		tx.Delete(pod)
		namespace, _ := store.Get[*corev1.Namespace](tx.View, "", "default")
		tx.Delete(namespace)
	})
	// More changes at once than the log holds.
	change(func(tx *store.Tx) {
		tx.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "default"}})
		for i := range 2 * store.DefaultLog {
			tx.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "n" + strconv.Itoa(i%10)}})
		}
	})
	// An earlier cluster.
	db = cluster()
	index.Advance(db)
	sameAnswers(t, index, db)
	if !index.PodByIP("default", netip.MustParseAddr("10.244.1.2")) {
		t.Error("expected the Pod to be there again")
	}
}

// A fork and the cluster it comes from are at the same revision, and differ.
func TestAnIndexTellsForksApart(t *testing.T) {
	db := cluster()
	fork := db.Fork()
	for number, twin := range []*store.DB{db, fork} {
		tx := twin.Begin()
		tx.Put(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "late"}, Spec: corev1.ServiceSpec{ClusterIP: "10.96.0.3" + strconv.Itoa(number)}})
		tx.Commit()
	}
	index := NewIndex()
	for _, twin := range []*store.DB{db, fork, db} {
		before := index.Version()
		index.Advance(twin)
		sameAnswers(t, index, twin)
		if index.Version() == before {
			t.Error("expected packed answers not to count any longer")
		}
		before = index.Version()
		index.Advance(twin)
		if index.Version() != before {
			t.Error("expected packed answers to count as long as nothing happens")
		}
	}
}

// BenchmarkAdvance changes one Pod of a large headless service and brings the index up to it: the time must not grow with the service.
func BenchmarkAdvance(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			db, change := largeHeadless(size)
			index := NewIndex()
			index.Advance(db)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				change(i%2 == 0)
				b.StartTimer()
				index.Advance(db)
			}
		})
	}
}

// largeHeadless is a headless service with slices of 100 endpoints, and a function that makes the first of them ready or not.
func largeHeadless(size int) (db *store.DB, change func(ready bool)) {
	db = cluster()
	slice := func(number int, ready bool) *discoveryv1.EndpointSlice {
		s := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
			Namespace: "default", Name: "large-" + strconv.Itoa(number), Labels: map[string]string{discoveryv1.LabelServiceName: "large"},
		}}
		for i := range 100 {
			s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{
				Addresses: []string{netip.AddrFrom4([4]byte{10, 200, byte(number), byte(i)}).String()}, Hostname: to("large-" + strconv.Itoa(100*number+i)),
				Conditions: discoveryv1.EndpointConditions{Ready: to(ready || i > 0)},
			})
		}
		return s
	}
	put := func(object api.Object) {
		tx := db.Begin()
		tx.Put(object)
		tx.Commit()
	}
	put(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "large"}, Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}})
	for number := range size / 100 {
		put(slice(number, true))
	}
	return db, func(ready bool) { put(slice(0, ready)) }
}

func TestPodsThatDNSKnows(t *testing.T) {
	now := metav1.Now()
	for _, c := range []struct {
		what string
		pod  corev1.Pod
		want string
	}{
		{"one that runs", corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.244.1.2"}}, "[10.244.1.2]"},
		{"one of both families", corev1.Pod{Status: corev1.PodStatus{PodIP: "10.244.1.2", PodIPs: []corev1.PodIP{{IP: "10.244.1.2"}, {IP: "fd00::2"}}}}, "[10.244.1.2]"},
		{"one written by hand", corev1.Pod{Status: corev1.PodStatus{PodIPs: []corev1.PodIP{{IP: "10.244.1.2"}}}}, "[10.244.1.2]"},
		{"one without an address", corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending}}, "[]"},
		{"one that is being deleted", corev1.Pod{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: &now}, Status: corev1.PodStatus{PodIP: "10.244.1.2"}}, "[]"},
		{"one that has ended", corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodSucceeded, PodIP: "10.244.1.2"}}, "[]"},
		{"one that has failed", corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, PodIP: "10.244.1.2"}}, "[]"},
		{"one that nobody knows of", corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodUnknown, PodIP: "10.244.1.2"}}, "[]"},
	} {
		if got := fmt.Sprint(podAddresses(&c.pod)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
