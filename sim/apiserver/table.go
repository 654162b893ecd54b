package apiserver

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/stsim/stsim/sim/api"
	"github.com/stsim/stsim/sim/store"
)

// table lays objects out as kubectl get prints them. Ages are virtual. Of a watch only the first table has columns.
func (r *request) table(objects []api.Object, seen moment, heads bool) (*metav1.Table, error) {
	table := &metav1.Table{TypeMeta: r.metaType("Table"), Rows: make([]metav1.TableRow, len(objects))}
	if heads {
		table.ColumnDefinitions = r.kind.Columns
	}
	include := metav1.IncludeObjectPolicy(r.query.Get("includeObject"))
	for i, object := range objects {
		row := &table.Rows[i]
		row.Cells = r.kind.Row(object, seen.now)
		row.Conditions = rowConditions(object)
		switch include {
		case metav1.IncludeNone:
		case metav1.IncludeMetadata, "":
			row.Object.Object = r.plainMetadata(object)
		case metav1.IncludeObject:
			presented, err := present(r.shown(seen.view, object), r.version)
			if err != nil {
				return nil, err
			}
			row.Object.Object = presented
		default:
			return nil, apierrors.NewBadRequest(fmt.Sprintf("unrecognized includeObject value: %q", include))
		}
	}
	return table, nil
}

// rowConditions mark the Pods that have ended (upstream: pkg/printers/internalversion/printers.go).
func rowConditions(object api.Object) []metav1.TableRowCondition {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return nil
	}
	completed := metav1.TableRowCondition{Type: metav1.RowCompleted, Status: metav1.ConditionTrue, Reason: string(pod.Status.Phase)}
	switch pod.Status.Phase {
	case corev1.PodSucceeded:
		completed.Message = "The pod has completed successfully."
	case corev1.PodFailed:
		completed.Message = "The pod failed."
	default:
		return nil
	}
	return []metav1.TableRowCondition{completed}
}

// metadata is an object without anything but its metadata.
func (r *request) metadata(object api.Object, view store.View) *metav1.PartialObjectMetadata {
	return r.plainMetadata(r.shown(view, object))
}

// plainMetadata is metadata for the rows of a Table: no client of one shows managers, and of a thousand objects they take a second to work out.
func (r *request) plainMetadata(object api.Object) *metav1.PartialObjectMetadata {
	partial := meta.AsPartialObjectMetadata(object)
	partial.TypeMeta = r.metaType("PartialObjectMetadata")
	return partial
}

func (r *request) metadataList(objects []api.Object, view store.View, list metav1.ListMeta) runtime.Object {
	partials := &metav1.PartialObjectMetadataList{
		TypeMeta: r.metaType("PartialObjectMetadataList"), ListMeta: list, Items: make([]metav1.PartialObjectMetadata, len(objects)),
	}
	for i, object := range objects {
		partials.Items[i] = *meta.AsPartialObjectMetadata(r.shown(view, object))
	}
	return partials
}

// metaType is a kind of the group meta.k8s.io in the version that was negotiated.
func (r *request) metaType(kind string) metav1.TypeMeta {
	version := r.media.version
	if version == "" {
		version = "v1"
	}
	return metav1.TypeMeta{Kind: kind, APIVersion: schema.GroupVersion{Group: metav1.GroupName, Version: version}.String()}
}
