package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// defaultKubeconfig is where serve writes its kubeconfig and kubectl looks for it: the user's state folder.
func defaultKubeconfig() (string, error) {
	if state := os.Getenv("XDG_STATE_HOME"); state != "" {
		return filepath.Join(state, "stsim", "kubeconfig"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding a place for the kubeconfig: %w (hint: name one with --kubeconfig)", err)
	}
	return filepath.Join(home, ".local", "state", "stsim", "kubeconfig"), nil
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
	// A new file rather than a truncated one: the mode of an old one would stay.
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
