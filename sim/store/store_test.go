package store_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const things store.Table = "thing"

// thing is a row of the world behind the API.
type thing struct{ key, text string }

func (t *thing) RowKey() string { return t.key }

func newDB() *store.DB { return store.New(start, things) }

func pod(namespace, name, node string, owners ...api.UID) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: corev1.PodSpec{NodeName: node}}
	for _, owner := range owners {
		pod.OwnerReferences = append(pod.OwnerReferences, metav1.OwnerReference{UID: owner})
	}
	return pod
}

func commit(db *store.DB, change func(tx *store.Tx)) {
	tx := db.Begin()
	change(tx)
	tx.Commit()
}

func names[T api.Object](objects func(func(T) bool)) string {
	var all []string
	for object := range objects {
		all = append(all, api.NameOf(object).String())
	}
	return strings.Join(all, " ")
}

func filled() *store.DB {
	db := newDB()
	commit(db, func(tx *store.Tx) {
		tx.Put(pod("b", "web-0", "node-1", "u1"))
		tx.Put(withVolumes(pod("a", "web-10", "node-2", "u1", "u2")))
		tx.Put(withVolumes(pod("a", "web-1", "node-1")))
		tx.Put(pod("ab", "web-0", ""))
		tx.Put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}})
		tx.Put(&appsv1.StatefulSet{ObjectMeta: pod("a", "web", "", "u1").ObjectMeta})
	})
	return db
}

// withVolumes gives a Pod a claim and one of its own.
func withVolumes(pod *corev1.Pod) *corev1.Pod {
	claim := &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "www"}
	pod.Spec.Volumes = []corev1.Volume{
		{Name: "www", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: claim}},
		{Name: "own", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}},
	}
	return pod
}

func TestFinding(t *testing.T) {
	view := filled().View()
	for what, found := range map[string][2]string{
		"all, by namespace and name":     {names(store.List[*corev1.Pod](view, "")), "a/web-1 a/web-10 ab/web-0 b/web-0"},
		"a namespace, not its namesakes": {names(store.List[*corev1.Pod](view, "a")), "a/web-1 a/web-10"},
		"an empty namespace":             {names(store.List[*corev1.Pod](view, "c")), ""},
		"by owner":                       {names(store.Owned[*corev1.Pod](view, "u1")), "a/web-10 b/web-0"},
		"by second owner":                {names(store.Owned[*corev1.Pod](view, "u2")), "a/web-10"},
		"by unknown owner":               {names(store.Owned[*corev1.Pod](view, "u")), ""},
		"on a node":                      {names(store.OnNode(view, "node-1")), "a/web-1 b/web-0"},
		"on a node of a longer name":     {names(store.OnNode(view, "node-10")), ""},
		"using a claim":                  {names(store.UsingClaim(view, "a", "www")), "a/web-1 a/web-10"},
		"using a claim it brings along":  {names(store.UsingClaim(view, "a", "web-10-own")), "a/web-10"},
		"using one of a longer name":     {names(store.UsingClaim(view, "a", "www-")), ""},
		"using one elsewhere":            {names(store.UsingClaim(view, "b", "www")), ""},
		"depending, of all kinds":        {names(view.Dependents("u1")), "a/web-10 b/web-0 a/web"},
		"of another kind":                {names(store.List[*corev1.Node](view, "")), "node-1"},
	} {
		if found[0] != found[1] {
			t.Errorf("%s: found %q, want %q", what, found[0], found[1])
		}
	}
	for node, want := range map[string]int{"node-1": 2, "node-2": 1, "node-10": 0, "node": 0} {
		if found := store.CountOnNode(view, node); found != want {
			t.Errorf("%d Pods on %s, want %d", found, node, want)
		}
	}
	if found, ok := store.Get[*corev1.Pod](view, "a", "web-1"); !ok || found.ResourceVersion != "3" {
		t.Errorf("Get gave %v %v, want the third write", found, ok)
	}
	if found, ok := store.Get[*corev1.Pod](view, "a", "web"); ok {
		t.Errorf("Get found %v by the beginning of its name", found)
	}
	for pod := range store.List[*corev1.Pod](view, "") {
		if pod.Name == "web-1" {
			break // leaving early must be possible
		}
	}
}

func TestReplacingMovesIndexes(t *testing.T) {
	db := filled()
	commit(db, func(tx *store.Tx) {
		tx.Put(pod("a", "web-10", "node-1"))
		tx.Delete(pod("b", "web-0", ""))
		if found := names(store.OnNode(tx.View, "node-1")); found != "a/web-1 a/web-10" {
			t.Errorf("a transaction reads its own writes: found %q", found)
		}
	})
	if found := names(store.Owned[*corev1.Pod](db.View(), "u1")); found != "" {
		t.Errorf("owned by u1: %q, want none", found)
	}
}

func TestDeletingWhatIsNotThere(t *testing.T) {
	defer func() {
		if problem := fmt.Sprint(recover()); !strings.Contains(problem, "delete of Pod a/web-9, which is not there") {
			t.Errorf("found %q", problem)
		}
	}()
	newDB().Begin().Delete(pod("a", "web-9", ""))
}

func TestViewsAndAbortedTransactions(t *testing.T) {
	db := filled()
	before := db.View()
	tx := db.Begin()
	tx.Put(pod("c", "late", ""))
	tx.Schedule(start, "loop", "key")
	tx.Identity()
	if found := names(store.List[*corev1.Pod](db.View(), "c")); found != "" {
		t.Errorf("others see %q before the commit", found)
	}
	tx.Abort()
	if meta := db.View().Meta(); meta != before.Meta() {
		t.Errorf("an aborted transaction left %+v, want %+v", meta, before.Meta())
	}
	commit(db, func(tx *store.Tx) { tx.Put(pod("c", "late", "")) })
	if found := names(store.List[*corev1.Pod](before, "c")); found != "" {
		t.Errorf("an old view shows %q", found)
	}
}

func TestRows(t *testing.T) {
	db := newDB()
	commit(db, func(tx *store.Tx) {
		for _, key := range []string{"b/1", "a/2", "a/10", "ab/1", "a"} {
			tx.PutRow(things, &thing{key: key, text: "first"})
		}
		tx.PutRow(things, &thing{key: "a/2", text: "second"})
		tx.DeleteRow(things, "b/1")
		tx.DeleteRow(things, "never there")
		var log []string
		for _, change := range tx.RowChanges() {
			log = append(log, fmt.Sprintf("%v>%v", change.Old, change.New))
		}
		want := "<nil>>&{b/1 first} <nil>>&{a/2 first} <nil>>&{a/10 first} <nil>>&{ab/1 first} <nil>>&{a first} &{a/2 first}>&{a/2 second} &{b/1 first}><nil>"
		if found := strings.Join(log, " "); found != want {
			t.Errorf("changes\n%s\nwant\n%s", found, want)
		}
	})
	for prefix, want := range map[string]string{"": "a a/10 a/2 ab/1", "a/": "a/10 a/2", "a": "a a/10 a/2 ab/1", "c": ""} {
		var keys []string
		for row := range store.Rows[*thing](db.View(), things, prefix) {
			keys = append(keys, row.key)
		}
		if found := strings.Join(keys, " "); found != want {
			t.Errorf("prefix %q: %q, want %q", prefix, found, want)
		}
	}
	if row, found := store.GetRow[*thing](db.View(), things, "a/2"); !found || row.text != "second" {
		t.Errorf("GetRow gave %v %v", row, found)
	}
}

func TestSchedule(t *testing.T) {
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	db := newDB()
	commit(db, func(tx *store.Tx) {
		tx.Schedule(at(3), "loop", "a")
		tx.Schedule(at(1), "loop", "b")
		tx.Schedule(at(1), "loop", "c")
		tx.Schedule(at(5), "loop", "b") // later than what is pending: no change
		tx.Schedule(at(1), "loop", "b") // the same: keeps its place before c
		tx.Schedule(at(0), "loop", "a") // earlier: replaces
		tx.Schedule(at(-9), "pool", "a")
		tx.Schedule(at(1), "loo", "pb") // another kind and key that look alike when joined
	})
	var order []string
	for event := range db.View().Events() {
		order = append(order, fmt.Sprintf("%d:%s/%s", int(event.When.Sub(start).Seconds()), event.Kind, event.Key))
	}
	if want := []string{"0:loop/a", "0:pool/a", "1:loop/b", "1:loop/c", "1:loo/pb"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	for range order {
		next, _ := db.View().NextEvent()
		commit(db, func(tx *store.Tx) { tx.Take(next) })
	}
	if _, found := db.View().NextEvent(); found {
		t.Error("an event is left")
	}
	if now := db.View().Meta().Now; !now.Equal(at(1)) {
		t.Errorf("the clock stands at %v", now)
	}
	commit(db, func(tx *store.Tx) { tx.AdvanceTo(start) })
	if now := db.View().Meta().Now; !now.Equal(at(1)) {
		t.Error("the clock went back")
	}
}

func TestForksAreIndependent(t *testing.T) {
	db := filled()
	twin := db.Fork()
	commit(db, func(tx *store.Tx) { tx.Put(pod("x", "parent", "")); tx.PutRow(things, &thing{key: "parent"}) })
	commit(twin, func(tx *store.Tx) {
		tx.Put(pod("x", "twin", ""))
		tx.Schedule(start, "loop", "twin")
		tx.Identity()
	})
	commit(db, func(tx *store.Tx) { tx.Put(pod("x", "parent-2", "")) })
	if found := names(store.List[*corev1.Pod](db.View(), "x")); found != "x/parent x/parent-2" {
		t.Errorf("the parent has %q", found)
	}
	if found := names(store.List[*corev1.Pod](twin.View(), "x")); found != "x/twin" {
		t.Errorf("the twin has %q", found)
	}
	if _, found := store.GetRow[*thing](twin.View(), things, "parent"); found {
		t.Error("the twin has the parent's row")
	}
	if _, found := db.View().NextEvent(); found || db.View().Meta().Identities != 0 {
		t.Error("the parent has the twin's event or counter")
	}
	for owner, log := range map[string]*store.DB{"x/parent x/parent-2": db, "x/twin": twin} {
		changes, err := log.Since(6)
		var found []string
		for _, change := range changes {
			found = append(found, api.NameOf(change.New).String())
		}
		if err != nil || strings.Join(found, " ") != owner {
			t.Errorf("log %q %v, want %q", found, err, owner)
		}
	}
}

// Transactions that proceed write into the state itself. Who keeps a view, forks, or is going through rows does not notice.
func TestWhatIsKeptStaysAsItIs(t *testing.T) {
	proceed := func(db *store.DB, change func(tx *store.Tx)) {
		tx := db.Proceed()
		change(tx)
		tx.Commit()
	}
	db := newDB()
	for i := range 100 {
		proceed(db, func(tx *store.Tx) {
			tx.Put(pod("x", fmt.Sprintf("%03d", i), "node-1"))
			tx.PutRow(things, &thing{key: fmt.Sprint(i)})
		})
	}
	view, twin := db.View(), db.Fork()
	before := names(store.List[*corev1.Pod](view, "x"))
	proceed(db, func(tx *store.Tx) {
		var seen []string
		for p := range store.OnNode(tx.View, "node-1") {
			tx.Delete(p)
			tx.Put(pod("x", "new-"+p.Name, "node-1"))
			tx.Schedule(start, "loop", p.Name)
			seen = append(seen, api.NameOf(p).String())
		}
		if found := strings.Join(seen, " "); found != before {
			t.Errorf("went through %s, want %s", found, before)
		}
	})
	proceed(twin, func(tx *store.Tx) { tx.Put(pod("x", "twin", "")); tx.DeleteRow(things, "7") })
	aborted := db.Begin()
	aborted.Put(pod("x", "aborted", ""))
	aborted.Abort()
	proceed(db, func(tx *store.Tx) { tx.Put(pod("x", "zzz", "")) })
	if found := names(store.List[*corev1.Pod](view, "x")); found != before {
		t.Errorf("the view has %s, want %s", found, before)
	}
	if found := names(store.List[*corev1.Pod](twin.View(), "x")); found != before+" x/twin" {
		t.Errorf("the twin has %s", found)
	}
	after := "x/new-" + strings.ReplaceAll(strings.TrimPrefix(before, "x/"), " x/", " x/new-") + " x/zzz"
	if found := names(store.List[*corev1.Pod](db.Present(), "x")); found != after {
		t.Errorf("there is %s, want %s", found, after)
	}
	if _, found := store.GetRow[*thing](db.Present(), things, "7"); !found {
		t.Error("what the twin deleted is gone here")
	}
}

func TestLog(t *testing.T) {
	db := newDB()
	commit(db, func(tx *store.Tx) { tx.Put(pod("a", "p", "")) })
	commit(db, func(tx *store.Tx) { tx.Put(pod("a", "p", "node-1")) })
	commit(db, func(tx *store.Tx) { tx.Delete(pod("a", "p", "")) })
	changes, err := db.Since(0)
	if err != nil || len(changes) != 3 {
		t.Fatalf("%d changes %v, want 3", len(changes), err)
	}
	if c := changes[0]; c.Old != nil || c.New == nil || c.Revision != 1 || c.Kind.Kind != "Pod" {
		t.Errorf("creation %+v", c)
	}
	if c := changes[1]; c.Old != changes[0].New || c.Object().GetResourceVersion() != "2" {
		t.Errorf("change %+v", c)
	}
	if c := changes[2]; c.New != nil || c.Object() != changes[1].New || c.Revision != 3 {
		t.Errorf("deletion %+v", c)
	}
	if changes, err = db.Since(3); err != nil || len(changes) != 0 {
		t.Errorf("after the newest: %d changes %v", len(changes), err)
	}
	const more = 3 * store.DefaultLog
	for i := range more {
		commit(db, func(tx *store.Tx) { tx.Put(pod("a", fmt.Sprint(i%7), "")) })
	}
	if _, err = db.Since(3); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("long after: %v, want ErrCompacted", err)
	}
	newest := db.View().Meta().Revision
	for _, back := range []uint64{1, 127, 128, 129, 1000, store.DefaultLog} {
		changes, err = db.Since(newest - back)
		if err != nil || uint64(len(changes)) != back || changes[0].Revision != newest-back+1 || changes[back-1].Revision != newest {
			t.Errorf("the last %d: %d changes %v", back, len(changes), err)
		}
	}
	if _, err := db.Fork().Since(3); !errors.Is(err, store.ErrCompacted) {
		t.Errorf("a fork answers %v, want ErrCompacted", err)
	}
}
