package apiserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/stsim/stsim/sim/api"
)

// marshalIndented writes what is no API object, such as /version, as upstream does.
func marshalIndented(value any) ([]byte, error) { return json.MarshalIndent(value, "", "  ") }

// versionHash says in discovery which version a kind is stored in, as upstream's hash of group, version and kind does.
func versionHash(kind *api.Kind) string {
	sum := sha256.Sum256([]byte(kind.Group + "/" + kind.Version + "/" + kind.Kind))
	return base64.StdEncoding.EncodeToString(sum[:8])
}
