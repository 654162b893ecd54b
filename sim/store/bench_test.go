package store_test

import (
	"fmt"
	"testing"

	"github.com/stsim/stsim/sim/store"
)

// thousand is a database of a realistic size.
func thousand() *store.DB {
	db := newDB()
	for i := range 1000 {
		commit(db, func(tx *store.Tx) { tx.Put(pod("default", fmt.Sprintf("web-%d", i), "node-1", "owner")) })
	}
	return db
}

func BenchmarkOneRow(b *testing.B) {
	db := thousand()
	b.ReportAllocs()
	for b.Loop() {
		commit(db, func(tx *store.Tx) { tx.Put(pod("default", "web-7", "node-1", "owner")) })
	}
}

// BenchmarkTenRows is ten rows in one transaction.
func BenchmarkTenRows(b *testing.B) {
	db := thousand()
	keys := make([]string, 10)
	for i := range keys {
		keys[i] = fmt.Sprintf("web-%d", i*97)
	}
	b.ReportAllocs()
	for b.Loop() {
		commit(db, func(tx *store.Tx) {
			for _, key := range keys {
				tx.Put(pod("default", key, "node-1", "owner"))
			}
		})
	}
}

func BenchmarkForkAndFirstWrite(b *testing.B) {
	db := thousand()
	b.ReportAllocs()
	for b.Loop() {
		commit(db.Fork(), func(tx *store.Tx) { tx.Put(pod("default", "web-7", "node-1", "owner")) })
	}
}

func BenchmarkSchedule(b *testing.B) {
	db := thousand()
	b.ReportAllocs()
	for b.Loop() {
		commit(db, func(tx *store.Tx) { tx.Schedule(start, "loop", "default/web") })
	}
}
