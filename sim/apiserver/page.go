package apiserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/api"
)

// position is where in which version of a list the next page begins.
type position struct {
	Version uint64 // 0: whatever is there now
	after   string // sort key of the last object given; empty at the beginning
}

// before says whether an object comes behind the position.
func (p position) before(object api.Object) bool {
	namespace, name, _ := strings.Cut(p.after, "/")
	if object.GetNamespace() != namespace {
		return object.GetNamespace() > namespace
	}
	return object.GetName() > name
}

// continueToken is what a client gets and sends back (upstream: apiserver/pkg/storage/continue.go).
type continueToken struct {
	APIVersion      string `json:"v"`
	ResourceVersion int64  `json:"rv"`
	StartKey        string `json:"start"`
}

const continueVersion = "meta.k8s.io/v1"

func formatContinue(from position) string {
	token := continueToken{APIVersion: continueVersion, ResourceVersion: int64(from.Version), StartKey: from.after}
	if from.Version == 0 {
		token.ResourceVersion = -1
	}
	data, err := json.Marshal(token)
	if err != nil {
		panic(err) // two strings and a number
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func parseContinue(text string) (position, error) {
	var token continueToken
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(data, &token)
	}
	switch {
	case err != nil:
		err = fmt.Errorf("continue key is not valid: %w", err)
	case token.APIVersion != continueVersion:
		err = fmt.Errorf("continue key is not valid: server does not recognize this encoded version %v", token.APIVersion)
	case token.ResourceVersion == 0:
		err = fmt.Errorf("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
	case token.StartKey == "":
		err = fmt.Errorf("continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
	}
	if err != nil {
		return position{}, apierrors.NewBadRequest(err.Error())
	}
	return position{Version: uint64(max(token.ResourceVersion, 0)), after: token.StartKey}, nil
}

// expiredPage says that the rest of a list can no longer be given as it was when the list began; the token in the answer gives
// the rest as it is now.
func expiredPage(after string) error {
	problem := apierrors.NewResourceExpired("The provided continue parameter is too old " +
		"to display a consistent list result. You can start a new list without " +
		"the continue parameter, or use the continue token in this response to " +
		"retrieve the remainder of the results. Continuing with the provided " +
		"token results in an inconsistent list - objects that were created, " +
		"modified, or deleted between the time the first chunk was returned " +
		"and now may show up in the list.")
	problem.ErrStatus.ListMeta.Continue = formatContinue(position{after: after})
	return problem
}

// sortKey orders objects as lists do: by namespace, then by name.
func sortKey(object api.Object) string { return object.GetNamespace() + "/" + object.GetName() }

// objectsAt are the objects that a selection meant at an earlier revision: the present with every change since undone.
func objectsAt(cluster *sim.Cluster, chosen selection, revision uint64) ([]api.Object, error) {
	changes, err := cluster.Since(revision)
	if err != nil {
		return nil, apierrors.NewResourceExpired("The resourceVersion for the provided list is too old.")
	}
	then := map[string]api.Object{}
	for object := range cluster.View().Objects(chosen.kind, chosen.namespace) {
		then[sortKey(object)] = object
	}
	for i := len(changes) - 1; i >= 0; i-- {
		change := changes[i]
		switch {
		case change.Kind != chosen.kind:
		case change.Old == nil:
			delete(then, sortKey(change.New))
		default:
			then[sortKey(change.Old)] = change.Old
		}
	}
	var objects []api.Object
	for _, object := range then {
		if chosen.matches(object) {
			objects = append(objects, object)
		}
	}
	sort.Slice(objects, func(i, j int) bool { return less(objects[i], objects[j]) })
	return objects, nil
}

func less(a, b api.Object) bool {
	if a.GetNamespace() != b.GetNamespace() {
		return a.GetNamespace() < b.GetNamespace()
	}
	return a.GetName() < b.GetName()
}
