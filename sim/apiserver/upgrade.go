package apiserver

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// upgradeFailure is why a WebSocket could not be opened, as kubectl prints it. It is not the error that makes client-go try SPDY
// instead: in this process there is nothing to connect SPDY to.
func upgradeFailure(err error, answer *http.Response) error {
	if answer == nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	body, readErr := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if readErr != nil {
		return err
	}
	var status metav1.Status
	if json.Unmarshal(body, &status) == nil && status.Kind == "Status" {
		return &apierrors.StatusError{ErrStatus: status}
	}
	return fmt.Errorf("unable to upgrade connection: %s", strings.TrimSpace(string(body)))
}
