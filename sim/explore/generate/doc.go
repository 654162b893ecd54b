// Package generate makes clusters, StatefulSets and whole histories for pgregory.net/rapid, so that a property of one's own is checked in a few lines:
//
//	func TestQuorum(t *testing.T) {
//		w, err := explore.NewWorld(explore.Setting{Manifests: manifest})
//		...
//		rapid.Check(t, func(t *rapid.T) {
//			outcome := generate.Life(w).Draw(t, "life")
//			if outcome.Breach != nil {
//				t.Fatal(outcome.Breach.Sentence)
//			}
//		})
//	}
//
// Everything that could go more than one way is drawn by rapid, which therefore shrinks what it finds: fewer operations, shorter times, no trouble that
// is not needed. [Sets] makes StatefulSets that the API accepts, for properties of all of them.
//
// It is a package of its own so that those who do not use rapid do not depend on it.
package generate
