package main

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// stateFolder is where serve writes kubeconfigs and others look for them: in the user's state folder.
func stateFolder() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "stsim"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a place for the kubeconfig: %w (hint: name one with --kubeconfig)", err)
	}
	return filepath.Join(home, ".local", "state", "stsim"), nil
}

// ownKubeconfig is the kubeconfig of the cluster that is served at a port: two that are served at a time have one each.
func ownKubeconfig(port int) (string, error) {
	folder, err := stateFolder()
	return filepath.Join(folder, fmt.Sprintf("kubeconfig-%d", port)), err
}

// answers is how long a served cluster of this machine may take to accept a connection.
const answers = time.Second

// lastKubeconfig is the kubeconfig of the last cluster that is still being served. One that a killed process has left behind is removed.
func lastKubeconfig() (string, error) {
	folder, err := stateFolder()
	if err != nil {
		return "", err
	}
	found, _ := filepath.Glob(filepath.Join(folder, "kubeconfig-*[0-9]")) // the pattern is ours
	written := map[string]time.Time{}
	for _, path := range found {
		if info, err := os.Stat(path); err == nil {
			written[path] = info.ModTime()
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(written[b].Compare(written[a]), strings.Compare(a, b)) })
	for _, path := range found {
		if content, err := os.ReadFile(path); err == nil && stillServed(content) {
			return path, nil
		}
		_ = os.Remove(path) // whoever served it could not
	}
	return "", fmt.Errorf("no cluster is being served (there is no kubeconfig of one in %s)\nhint: start one with stsim serve", folder)
}

// stillServed says whether somebody listens where a kubeconfig leads.
func stillServed(kubeconfig []byte) bool {
	server, _, _, err := readKubeconfig(kubeconfig)
	if err != nil {
		return false
	}
	at, err := url.Parse(server)
	if err != nil {
		return false
	}
	connection, err := net.DialTimeout("tcp", at.Host, answers)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// writeKubeconfig writes how to reach the API server, for the user's eyes only.
func writeKubeconfig(path, server, token string, authority []byte) error {
	named := func(name, key string, value map[string]any) []any {
		return []any{map[string]any{"name": name, key: value}}
	}
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "stsim",
		"clusters": named("stsim", "cluster", map[string]any{"server": server, "certificate-authority-data": base64.StdEncoding.EncodeToString(authority)}),
		"users":    named("stsim", "user", map[string]any{"token": token}),
		"contexts": named("stsim", "context", map[string]any{"cluster": "stsim", "user": "stsim"}),
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return writePrivate(path, content)
}

// writePrivate writes a file for the user's eyes only, whole or not at all.
func writePrivate(path string, content []byte) error {
	// A new file rather than a truncated one: the mode of an old one would stay.
	temporary := path + ".new"
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
