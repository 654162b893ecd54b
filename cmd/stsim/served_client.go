package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// servedCluster is a cluster that another process serves.
type servedCluster struct {
	ctx    context.Context
	client *http.Client
	server string
	token  string
}

// askTimeout is how long a served cluster may take to answer.
const askTimeout = 30 * time.Second

// findServed finds the served cluster as stsim kubectl does. The kubeconfig is the one that was named, if any.
func findServed(ctx context.Context, kubeconfig string) (found servedCluster, err error) {
	path, err := servedKubeconfig(kubeconfig)
	if err != nil {
		return found, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return found, failure{fmt.Sprintf("%v\nhint: start a cluster with stsim serve", err)}
	}
	server, token, authority, err := readKubeconfig(content)
	if err != nil {
		return found, failure{fmt.Sprintf("%s: %v\nhint: stsim serve writes such a file", path, err)}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	return servedCluster{ctx: ctx, client: &http.Client{Transport: transport, Timeout: askTimeout}, server: server, token: token}, nil
}

// servedKubeconfig is the kubeconfig that was named, or that of KUBECONFIG, or the one that serve writes.
func servedKubeconfig(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	if list := filepath.SplitList(os.Getenv("KUBECONFIG")); len(list) > 0 && list[0] != "" {
		return list[0], nil
	}
	path, err := lastKubeconfig()
	if err != nil {
		return "", failure{err.Error()}
	}
	return path, nil
}

// readKubeconfig reads what writeKubeconfig writes: the current context's server, token and certificate authority.
func readKubeconfig(content []byte) (server, token string, authority []byte, err error) {
	var config struct {
		Current  string `json:"current-context"`
		Contexts []struct {
			Name    string
			Context struct{ Cluster, User string }
		}
		Clusters []struct {
			Name    string
			Cluster struct {
				Server    string
				Authority []byte `json:"certificate-authority-data"`
			}
		}
		Users []struct {
			Name string
			User struct{ Token string }
		}
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return "", "", nil, fmt.Errorf("expected a kubeconfig: %w", err)
	}
	for _, one := range config.Contexts {
		if one.Name != config.Current {
			continue
		}
		for _, cluster := range config.Clusters {
			if cluster.Name == one.Context.Cluster {
				server, authority = cluster.Cluster.Server, cluster.Cluster.Authority
			}
		}
		for _, user := range config.Users {
			if user.Name == one.Context.User {
				token = user.User.Token
			}
		}
	}
	if server == "" || token == "" || len(authority) == 0 {
		return "", "", nil, errors.New("expected a kubeconfig with a current context that has a server, a token and certificate-authority-data, found none")
	}
	return server, token, authority, nil
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// ask asks a question beside those of the API. What the cluster says is wrong with the question is about the command line.
func (c servedCluster) ask(method, path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(c.ctx, method, c.server+path+"?"+query.Encode(), nil)
	if err != nil {
		return failure{err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.client.Do(request)
	if err != nil {
		return failure{fmt.Sprintf("%v\nhint: is stsim serve still running?", err)}
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	switch {
	case err != nil:
		return failure{err.Error()}
	case response.StatusCode == http.StatusBadRequest:
		return errors.New(strings.TrimSpace(string(content)))
	case response.StatusCode != http.StatusOK:
		return failure{fmt.Sprintf("%s answers %s to %s\nhint: only a cluster of stsim serve can be asked", c.server, response.Status, path)}
	}
	if err := json.Unmarshal(content, into); err != nil {
		return failure{fmt.Sprintf("%s: %v", c.server, err)}
	}
	return nil
}
