package api

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// printer lays one kind out as a table: the heads, and the cells of one object below them.
type printer struct {
	columns []metav1.TableColumnDefinition
	row     func(object Object, now time.Time) []any
}

// printers has one entry for each kind that upstream prints with more than a name and a creation time.
// A kind's columns do not depend on the release that is simulated: the layout is v1.36.3's throughout.
// Upstream: pkg/printers/internalversion/printers.go, AddHandlers.
var printers = map[string]printer{
	"ClusterRoleBinding":      clusterRoleBindingPrinter,
	"ConfigMap":               configMapPrinter,
	"ControllerRevision":      controllerRevisionPrinter,
	"CronJob":                 cronJobPrinter,
	"CSINode":                 csiNodePrinter,
	"DaemonSet":               daemonSetPrinter,
	"Deployment":              deploymentPrinter,
	"EndpointSlice":           endpointSlicePrinter,
	"Endpoints":               endpointsPrinter,
	"Event":                   eventPrinter,
	"HorizontalPodAutoscaler": horizontalPodAutoscalerPrinter,
	"Ingress":                 ingressPrinter,
	"Job":                     jobPrinter,
	"Lease":                   leasePrinter,
	"Namespace":               namespacePrinter,
	"NetworkPolicy":           networkPolicyPrinter,
	"Node":                    nodePrinter,
	"PersistentVolume":        persistentVolumePrinter,
	"PersistentVolumeClaim":   persistentVolumeClaimPrinter,
	"Pod":                     podPrinter,
	"PodDisruptionBudget":     podDisruptionBudgetPrinter,
	"PodTemplate":             podTemplatePrinter,
	"PriorityClass":           priorityClassPrinter,
	"ReplicaSet":              replicaSetPrinter,
	"ReplicationController":   replicationControllerPrinter,
	"ResourceQuota":           resourceQuotaPrinter,
	"RoleBinding":             roleBindingPrinter,
	"Secret":                  secretPrinter,
	"Service":                 servicePrinter,
	"ServiceAccount":          serviceAccountPrinter,
	"StatefulSet":             statefulSetPrinter,
	"StorageClass":            storageClassPrinter,
	"VolumeAttachment":        volumeAttachmentPrinter,
}

// defaultPrinter is the layout of every other kind, LimitRange, Role and ClusterRole among them: the name and the
// creation time itself rather than an age. Upstream: apiserver pkg/registry/rest/table.go.
var defaultPrinter = printer{
	columns: []metav1.TableColumnDefinition{
		nameColumn,
		column("Created At", "date", describe(metav1.ObjectMeta{}, "creationTimestamp")),
	},
	row: func(object Object, _ time.Time) []any {
		return []any{object.GetName(), object.GetCreationTimestamp().UTC().Format(time.RFC3339)}
	},
}

// printerOf is the server-side printer of a kind: the columns of its metav1.Table, those of the wide layout (priority
// 1) included, and a function that fills in the cells of one object, one cell for each column and in their order.
// Cells are strings, int64s and bools. Ages are counted from now, which is virtual time. Any kind has a printer;
// the row function must be given an object of the kind it was asked for, in the stored version, with its defaults
// filled in. The columns are shared: do not change them.
func printerOf(kind string) (columns []metav1.TableColumnDefinition, row func(object Object, now time.Time) []any) {
	found, known := printers[kind]
	if !known {
		found = defaultPrinter
	}
	return found.columns, found.row
}

// printed makes a printer from a row function that knows its kind's Go type.
func printed[T Object](row func(object T, now time.Time) []any, columns ...metav1.TableColumnDefinition) printer {
	return printer{
		columns: columns,
		row:     func(object Object, now time.Time) []any { return row(object.(T), now) },
	}
}

// Columns that nearly every kind has.
var (
	nameColumn = metav1.TableColumnDefinition{
		Name: "Name", Type: "string", Format: "name", Description: describe(metav1.ObjectMeta{}, "name"),
	}
	ageColumn        = textColumn("Age", describe(metav1.ObjectMeta{}, "creationTimestamp"))
	containersColumn = wideColumn("Containers", "Names of each container in the template.")
	imagesColumn     = wideColumn("Images", "Images referenced by each container in the template.")
)

// column is a column of the given JSON type that every layout shows.
func column(name, kind, description string) metav1.TableColumnDefinition {
	return metav1.TableColumnDefinition{Name: name, Type: kind, Description: description}
}

func textColumn(name, description string) metav1.TableColumnDefinition {
	return column(name, "string", description)
}

// wideColumn is a text column that only the wide layout shows.
func wideColumn(name, description string) metav1.TableColumnDefinition {
	wide := textColumn(name, description)
	wide.Priority = 1
	return wide
}

// describe is what the API reference says about a field, given by its JSON name.
func describe(owner interface{ SwaggerDoc() map[string]string }, field string) string {
	return owner.SwaggerDoc()[field]
}

// What stands in a cell that has nothing to show. Which of the words it is differs by column.
const (
	cellNone    = "<none>"
	cellUnset   = "<unset>"
	cellUnknown = "<unknown>"
)

// ageOf is the age of an object, in the way kubectl shows it: "5s", "2m30s", "3d4h".
func ageOf(object metav1.Object, now time.Time) string {
	return elapsed(object.GetCreationTimestamp().Time, now)
}

// elapsed is the time from an instant until now. An instant that never was is not known.
func elapsed(since, now time.Time) string {
	if since.IsZero() {
		return cellUnknown
	}
	return duration.HumanDuration(now.Sub(since))
}

// orElse is the text, or what stands in for it when it is empty.
func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// valueOr is the text behind the pointer, or what stands in for it when there is none.
func valueOr[T ~string](text *T, otherwise string) string {
	if text == nil {
		return otherwise
	}
	return string(*text)
}

// quantityText prints a copy, because a quantity remembers its printed form and stored objects must not change.
func quantityText(quantity *resource.Quantity) string {
	if quantity == nil {
		return (*resource.Quantity)(nil).String()
	}
	printable := quantity.DeepCopy()
	return printable.String()
}

// containerCells are the names and the images of the containers of a pod template.
func containerCells(containers []corev1.Container) (names, images string) {
	allNames, allImages := make([]string, len(containers)), make([]string, len(containers))
	for i := range containers {
		allNames[i], allImages[i] = containers[i].Name, containers[i].Image
	}
	return strings.Join(allNames, ","), strings.Join(allImages, ",")
}

// firstFew joins the first few of the entries and says how many more there are.
type firstFew struct {
	limit   int
	entries []string
	seen    int
}

func (f *firstFew) add(entry string) {
	if f.seen++; f.seen <= f.limit {
		f.entries = append(f.entries, entry)
	}
}

func (f *firstFew) String() string {
	return withMore(strings.Join(f.entries, ","), f.seen-f.limit)
}

// withMore says after a shortened list how many entries were left out, if any were.
func withMore(shown string, more int) string {
	if more <= 0 {
		return shown
	}
	return fmt.Sprintf("%s + %d more...", shown, more)
}
