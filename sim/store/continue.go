package store

// Continue has the counters go on from those of another present, whose future this one takes the place of: the revision and the number of identities handed
// out. The changes before are no longer known.
func (db *DB) Continue(other Meta) {
	tx := db.Begin()
	tx.state.meta.Revision = max(tx.state.meta.Revision, other.Revision) + 1
	tx.state.meta.Identities = max(tx.state.meta.Identities, other.Identities)
	for kind := range tx.state.written {
		tx.state.written[kind] = tx.state.meta.Revision
	}
	tx.Commit()
	db.log = changeLog{compacted: tx.state.meta.Revision}
}
