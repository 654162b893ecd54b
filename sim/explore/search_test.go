package explore

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSearchOnSeveralProcessors comes to the same result as on one. With -race it is a test that no life writes to what others see.
func TestSearchOnSeveralProcessors(t *testing.T) {
	w, err := NewWorld(Setting{Manifests: []byte(web)})
	if err != nil {
		t.Fatal(err)
	}
	one := w.Search(t.Context(), Search{Runs: 60, Workers: 1})
	four := w.Search(t.Context(), Search{Runs: 60, Workers: 4})
	if diff := cmp.Diff(one, four); diff != "" || one.Histories != 60 {
		t.Errorf("one worker lived %d histories; four otherwise: %s", one.Histories, diff)
	}
}
