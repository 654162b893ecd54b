package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tableNow is the virtual time at which the tables of these tests are printed.
var tableNow = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// ago is the instant so long before tableNow.
func ago(elapsed time.Duration) metav1.Time { return metav1.NewTime(tableNow.Add(-elapsed)) }

// aged is the metadata of an object that is five minutes old.
func aged(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, CreationTimestamp: ago(5 * time.Minute)}
}

// agedAndDeleted is the metadata of an object that is five minutes old and waits to be gone.
func agedAndDeleted(name string) metav1.ObjectMeta {
	meta, since := aged(name), ago(time.Second)
	meta.DeletionTimestamp = &since
	return meta
}

// cellsOf is an object's row as one line, with a bar before the columns that only the wide layout shows. It fails when
// the row does not match its columns, when a cell is no plain value, and when printing changed the object.
func cellsOf(t *testing.T, kind string, object Object) string {
	t.Helper()
	before := object.DeepCopyObject()
	columns, row := printerOf(kind)
	cells := row(object, tableNow)
	if len(cells) != len(columns) {
		t.Fatalf("%s: a row has %d cells below %d columns", kind, len(cells), len(columns))
	}
	for _, cell := range cells {
		switch cell.(type) {
		case string, int64, bool:
		default:
			t.Fatalf("%s: a cell is a %T, and neither text, a number nor a truth value", kind, cell)
		}
	}
	if _, err := json.Marshal(cells); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, object) {
		t.Fatalf("%s: printing changed the object", kind)
	}
	return inLayout(columns, func(i int) string { return fmt.Sprint(cells[i]) })
}

// headsOf are the column heads of a kind in kubectl's spelling.
func headsOf(kind string) string {
	columns, _ := printerOf(kind)
	return inLayout(columns, func(i int) string { return strings.ToUpper(columns[i].Name) })
}

// inLayout writes [text] for a column of the wide layout and text for any other.
func inLayout(columns []metav1.TableColumnDefinition, text func(i int) string) string {
	var line []string
	for i, column := range columns {
		entry := text(i)
		if column.Priority > 0 {
			entry = "[" + entry + "]"
		}
		line = append(line, entry)
	}
	return strings.Join(line, " | ")
}

// checkRow is one line of a table of tests: what is so, and how it looks.
type checkRow struct {
	situation string
	object    Object
	want      string
}

func checkRows(t *testing.T, kind string, rows []checkRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.situation, func(t *testing.T) {
			t.Helper()
			if got := cellsOf(t, kind, row.object); got != row.want {
				t.Errorf("%s\n got %s\nwant %s", row.situation, got, row.want)
			}
		})
	}
}

func TestColumnHeadsAreThoseOfKubectl(t *testing.T) {
	for kind, want := range map[string]string{
		"ClusterRole":             "NAME | CREATED AT",
		"ClusterRoleBinding":      "NAME | ROLE | AGE | [USERS] | [GROUPS] | [SERVICEACCOUNTS]",
		"ConfigMap":               "NAME | DATA | AGE",
		"ControllerRevision":      "NAME | CONTROLLER | REVISION | AGE",
		"CronJob":                 "NAME | SCHEDULE | TIMEZONE | SUSPEND | ACTIVE | LAST SCHEDULE | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"CSINode":                 "NAME | DRIVERS | AGE",
		"DaemonSet":               "NAME | DESIRED | CURRENT | READY | UP-TO-DATE | AVAILABLE | NODE SELECTOR | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"Deployment":              "NAME | READY | UP-TO-DATE | AVAILABLE | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"EndpointSlice":           "NAME | ADDRESSTYPE | PORTS | ENDPOINTS | AGE",
		"Endpoints":               "NAME | ENDPOINTS | AGE",
		"Event":                   "LAST SEEN | TYPE | REASON | OBJECT | [SUBOBJECT] | [SOURCE] | MESSAGE | [FIRST SEEN] | [COUNT] | [NAME]",
		"HorizontalPodAutoscaler": "NAME | REFERENCE | TARGETS | MINPODS | MAXPODS | REPLICAS | AGE",
		"Ingress":                 "NAME | CLASS | HOSTS | ADDRESS | PORTS | AGE",
		"Job":                     "NAME | STATUS | COMPLETIONS | DURATION | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"Lease":                   "NAME | HOLDER | AGE",
		"LimitRange":              "NAME | CREATED AT",
		"Namespace":               "NAME | STATUS | AGE",
		"NetworkPolicy":           "NAME | POD-SELECTOR | AGE",
		"Node":                    "NAME | STATUS | ROLES | AGE | VERSION | [INTERNAL-IP] | [EXTERNAL-IP] | [OS-IMAGE] | [KERNEL-VERSION] | [CONTAINER-RUNTIME]",
		"PersistentVolume":        "NAME | CAPACITY | ACCESS MODES | RECLAIM POLICY | STATUS | CLAIM | STORAGECLASS | VOLUMEATTRIBUTESCLASS | REASON | AGE | [VOLUMEMODE]",
		"PersistentVolumeClaim":   "NAME | STATUS | VOLUME | CAPACITY | ACCESS MODES | STORAGECLASS | VOLUMEATTRIBUTESCLASS | AGE | [VOLUMEMODE]",
		"Pod":                     "NAME | READY | STATUS | RESTARTS | AGE | [IP] | [NODE] | [NOMINATED NODE] | [READINESS GATES]",
		"PodDisruptionBudget":     "NAME | MIN AVAILABLE | MAX UNAVAILABLE | ALLOWED DISRUPTIONS | AGE",
		"PodTemplate":             "NAME | CONTAINERS | IMAGES | POD LABELS",
		"PriorityClass":           "NAME | VALUE | GLOBAL-DEFAULT | AGE | PREEMPTIONPOLICY",
		"ReplicaSet":              "NAME | DESIRED | CURRENT | READY | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"ReplicationController":   "NAME | DESIRED | CURRENT | READY | AGE | [CONTAINERS] | [IMAGES] | [SELECTOR]",
		"ResourceQuota":           "NAME | REQUEST | LIMIT | AGE",
		"Role":                    "NAME | CREATED AT",
		"RoleBinding":             "NAME | ROLE | AGE | [USERS] | [GROUPS] | [SERVICEACCOUNTS]",
		"Secret":                  "NAME | TYPE | DATA | AGE",
		"Service":                 "NAME | TYPE | CLUSTER-IP | EXTERNAL-IP | PORT(S) | AGE | [SELECTOR]",
		"ServiceAccount":          "NAME | AGE",
		"StatefulSet":             "NAME | READY | AGE | [CONTAINERS] | [IMAGES]",
		"StorageClass":            "NAME | PROVISIONER | RECLAIMPOLICY | VOLUMEBINDINGMODE | ALLOWVOLUMEEXPANSION | AGE",
		"VolumeAttachment":        "NAME | ATTACHER | PV | NODE | ATTACHED | AGE",
	} {
		if got := headsOf(kind); got != want {
			t.Errorf("%s\n got %s\nwant %s", kind, got, want)
		}
	}
}

func TestEveryColumnSaysWhatItMeans(t *testing.T) {
	for kind, printer := range printers {
		names := 0
		for _, column := range printer.columns {
			if column.Description == "" {
				t.Errorf("%s: column %s has no description; is the field's JSON name right?", kind, column.Name)
			}
			switch column.Type {
			case "string", "integer", "boolean":
			default:
				t.Errorf("%s: column %s has the type %q", kind, column.Name, column.Type)
			}
			if column.Name == "Name" && column.Format == "name" {
				names++
			}
		}
		if names != 1 {
			t.Errorf("%s: %d columns are the name of the object, want one", kind, names)
		}
	}
}

func TestKindsWithoutALayoutOfTheirOwn(t *testing.T) {
	elsewhere := aged("reader")
	elsewhere.CreationTimestamp = metav1.NewTime(ago(5 * time.Minute).In(time.FixedZone("", 3600)))
	checkRows(t, "Role", []checkRow{
		{"the creation time is shown in UTC instead of an age", &rbacv1.Role{ObjectMeta: elsewhere}, "reader | 2030-01-02T11:55:00Z"},
	})
	checkRows(t, "Widget", []checkRow{
		{"a kind nobody knows prints the same way", &corev1.LimitRange{ObjectMeta: aged("gear")}, "gear | 2030-01-02T11:55:00Z"},
	})
}

func TestAges(t *testing.T) {
	for _, c := range []struct {
		situation string
		created   metav1.Time
		want      string
	}{
		{"just created", ago(0), "0s"},
		{"seconds up to two minutes", ago(119 * time.Second), "119s"},
		{"minutes with seconds up to ten minutes", ago(150 * time.Second), "2m30s"},
		{"minutes alone after ten", ago(11*time.Minute + 5*time.Second), "11m"},
		{"hours with minutes", ago(3*time.Hour + 20*time.Minute), "3h20m"},
		{"days with hours", ago(76 * time.Hour), "3d4h"},
		{"never created", metav1.Time{}, "<unknown>"},
		{"created a moment in the future, by another clock", ago(-time.Second), "0s"},
		{"created in the future", ago(-time.Hour), "<invalid>"},
	} {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot", CreationTimestamp: c.created}}
		if got, want := cellsOf(t, "ServiceAccount", account), "robot | "+c.want; got != want {
			t.Errorf("%s: got %s, want %s", c.situation, got, want)
		}
	}
}

func TestAnEmptyObjectOfEveryKindPrints(t *testing.T) {
	for _, kind := range Kinds() {
		empty := kind.New()
		if cells := kind.Row(empty, tableNow); len(cells) != len(kind.Columns) {
			t.Errorf("%s: a row has %d cells below %d columns", kind.Kind, len(cells), len(kind.Columns))
		}
	}
}
