package sim

import (
	"fmt"
	"time"
)

// GoBack makes the cluster what it was at a past instant, after all events of that instant; what came afterwards has not happened. Only the counters go
// on: no resource version, uid or generated name is given out twice, so that nobody who has seen the other future takes something new for something
// known. Whoever asks for changes since then is told that they are no longer known ([store.ErrCompacted]), and must look again.
//
// Errors: the instant has not come yet, or is before the history that is kept.
func (c *Cluster) GoBack(instant time.Time) error {
	_, err := c.take(Input{Do: DoGoBack, Instant: instant}, false)
	return err
}

// goBack does it. It is no transaction: it takes the place of what there was.
func (c *Cluster) goBack(instant time.Time) error {
	if instant.IsZero() {
		return fmt.Errorf("%s: expected an instant, found none", DoGoBack)
	}
	past, err := c.At(instant)
	if err != nil {
		return err
	}
	present := c.Present().Meta()
	past.db.Continue(present)
	c.db, c.chooser, c.choose, c.history, c.caches, c.running = past.db, past.chooser, past.choose, past.history, past.caches, past.running
	c.events = past.events + 1
	c.remember()
	return nil
}
