package apiserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/utils/ptr"

	"github.com/stsim/stsim/sim/api"
)

// defaultTokenSeconds is how long a token lives when the request does not say (upstream: pkg/apis/authentication/v1/defaults.go).
const defaultTokenSeconds = 3600

// createToken answers a TokenRequest (kubectl create token). The token has the form and the claims of a real one, and the same
// request at the same virtual time gives the same token; but nobody has signed it, and nobody asks for it.
func (r *request) createToken() error {
	gvk := authenticationv1.SchemeGroupVersion.WithKind("TokenRequest")
	decoded, err := r.decode(gvk, r.query.Get("fieldValidation"))
	if err != nil {
		return err
	}
	seen := r.server.look()
	account, err := seen.find(r.kind, r.object())
	if err != nil {
		return err
	}
	review := decoded.(*authenticationv1.TokenRequest)
	if review.Spec.ExpirationSeconds == nil {
		review.Spec.ExpirationSeconds = ptr.To[int64](defaultTokenSeconds)
	}
	if len(review.Spec.Audiences) == 0 {
		review.Spec.Audiences = []string{"https://kubernetes.default.svc." + r.server.settings.Zone}
	}
	expires := seen.now.Add(time.Duration(*review.Spec.ExpirationSeconds) * time.Second)
	review.TypeMeta.SetGroupVersionKind(gvk)
	review.Name, review.Namespace, review.CreationTimestamp = r.name, r.namespace, api.Timestamp(seen.now)
	review.Status = authenticationv1.TokenRequestStatus{
		ExpirationTimestamp: api.Timestamp(expires),
		Token: unsignedToken(map[string]any{
			"aud": review.Spec.Audiences, "exp": expires.Unix(), "iat": seen.now.Unix(), "nbf": seen.now.Unix(),
			"iss": "https://kubernetes.default.svc." + r.server.settings.Zone,
			"sub": "system:serviceaccount:" + r.namespace + ":" + r.name,
			"kubernetes.io": map[string]any{
				"namespace": r.namespace, "serviceaccount": map[string]any{"name": r.name, "uid": account.GetUID()},
			},
		}),
	}
	return r.respondWith(http.StatusCreated, review)
}

// unsignedToken has the three parts of a JSON Web Token; where the signature would be is a digest of the rest.
func unsignedToken(claims map[string]any) string {
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err) // strings and numbers
	}
	encode := base64.RawURLEncoding.EncodeToString
	token := encode([]byte(`{"alg":"RS256","kid":"stsim"}`)) + "." + encode(body)
	digest := sha256.Sum256([]byte(token))
	return token + "." + encode(digest[:])
}
