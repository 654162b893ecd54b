package sim

import (
	"fmt"
	"strconv"
)

func uidKept(e *evidence) string {
	for _, change := range e.record.Changes {
		if change.Old == nil || change.New == nil {
			continue
		}
		born, bornNow := change.Old.GetCreationTimestamp(), change.New.GetCreationTimestamp()
		switch {
		case change.Old.GetUID() != change.New.GetUID():
			return fmt.Sprintf("%s is now %s and was %s", named(change.New), change.New.GetUID(), change.Old.GetUID())
		case !born.Equal(&bornNow):
			return fmt.Sprintf("%s is created at another time", named(change.New))
		}
	}
	return ""
}

func versionsGrow(e *evidence) string {
	newest := uint64(0)
	for _, change := range e.record.Changes {
		if change.Revision <= newest {
			return fmt.Sprintf("%s: version %d comes after %d", named(change.Object()), change.Revision, newest)
		}
		newest = change.Revision
		if change.New != nil && change.New.GetResourceVersion() != strconv.FormatUint(change.Revision, 10) {
			return fmt.Sprintf("%s has version %s and was written as %d", named(change.New), change.New.GetResourceVersion(), change.Revision)
		}
		if change.Old == nil {
			continue
		}
		if old, err := strconv.ParseUint(change.Old.GetResourceVersion(), 10, 64); err != nil || old >= change.Revision {
			return fmt.Sprintf("%s had version %q before %d", named(change.Old), change.Old.GetResourceVersion(), change.Revision)
		}
	}
	return ""
}

func deletionFinal(e *evidence) string {
	for _, change := range e.record.Changes {
		if change.Old == nil || change.New == nil || change.Old.GetDeletionTimestamp() == nil {
			continue
		}
		was, is := change.Old.GetDeletionGracePeriodSeconds(), change.New.GetDeletionGracePeriodSeconds()
		switch {
		case change.New.GetDeletionTimestamp() == nil:
			return fmt.Sprintf("%s was being deleted and is not any more", named(change.New))
		case was != nil && is != nil && *is > *was:
			return fmt.Sprintf("the grace period of %s grew from %d s to %d s", named(change.New), *was, *is)
		}
	}
	return ""
}
