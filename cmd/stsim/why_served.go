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

	"github.com/stsim/stsim/sim"
	"github.com/stsim/stsim/sim/door"
	"github.com/stsim/stsim/sim/why"
)

// What a served cluster answers beside the API. Both take kind and namespace, the first also name, and answer with JSON: a [why.Report], or a list of names.
const (
	whyPath   = "/stsim/why"
	namesPath = "/stsim/names"
)

// withWhy puts the questions of stsim why before the API.
func withWhy(d *door.Door, api http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.HandleFunc("GET "+whyPath, func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		var report why.Report
		var err error
		d.Do(func(cluster *sim.Cluster) {
			report, err = why.Explain(cluster.View(), cluster.Settings(), query.Get("kind"), query.Get("namespace"), query.Get("name"))
		})
		if err != nil {
			http.Error(writer, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(writer, report)
	})
	mux.HandleFunc("GET "+namesPath, func(writer http.ResponseWriter, request *http.Request) {
		query := request.URL.Query()
		names := []string{}
		d.Do(func(cluster *sim.Cluster) {
			names = append(names, why.Names(cluster.View(), query.Get("kind"), query.Get("namespace"))...)
		})
		writeJSON(writer, names)
	})
	return mux
}

func writeJSON(writer http.ResponseWriter, value any) {
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(value) // whoever is gone needs no answer
}

// servedCluster is a cluster that another process serves.
type servedCluster struct {
	ctx    context.Context
	client *http.Client
	server string
	token  string
}

// askTimeout is how long a served cluster may take to answer.
const askTimeout = 30 * time.Second

// served finds the served cluster as stsim kubectl does.
func (f *whyFlags) served(ctx context.Context) (whySource, error) {
	path, err := servedKubeconfig(f.kubeconfig)
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, failure{fmt.Sprintf("%v\nhint: start a cluster with stsim serve, or ask about a manifest with -f", err)}
	}
	server, token, authority, err := readKubeconfig(content)
	if err != nil {
		return nil, failure{fmt.Sprintf("%s: %v\nhint: stsim serve writes such a file; -f asks about a manifest", path, err)}
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
	path, err := defaultKubeconfig()
	if err != nil {
		return "", failure{err.Error()}
	}
	if _, err := os.Stat(path); err != nil {
		return "", failure{fmt.Sprintf("no cluster is being served (there is no %s)\nhint: start one with stsim serve, or ask about a manifest with -f", path)}
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

func (c servedCluster) explain(kind, namespace, name string) (report why.Report, err error) {
	err = c.get(whyPath, url.Values{"kind": {kind}, "namespace": {namespace}, "name": {name}}, &report)
	return report, err
}

func (c servedCluster) names(kind, namespace string) (names []string, err error) {
	err = c.get(namesPath, url.Values{"kind": {kind}, "namespace": {namespace}}, &names)
	return names, err
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

func (c servedCluster) get(path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.server+path+"?"+query.Encode(), nil)
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
		return failure{fmt.Sprintf("%s answers %s to %s\nhint: only a cluster of stsim serve can be asked; -f asks about a manifest", c.server, response.Status, path)}
	}
	if err := json.Unmarshal(content, into); err != nil {
		return failure{fmt.Sprintf("%s: %v", c.server, err)}
	}
	return nil
}
