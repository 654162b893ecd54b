package main

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAServedClusterShowsItsPast(t *testing.T) {
	folder := t.TempDir()
	manifest, config := filepath.Join(folder, "web.yaml"), filepath.Join(folder, "config")
	if err := os.WriteFile(manifest, []byte(killedSet), 0o600); err != nil {
		t.Fatal(err)
	}
	client, server, token, stop := startServe(t, config, "-f", manifest, "--pace", "1x", "--state", filepath.Join(folder, "state"))
	served, err := findServed(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	clock := func(what, value string) (state clockState) {
		t.Helper()
		if err := served.ask(http.MethodPost, clockPath, url.Values{"do": {what}, "value": {value}}, &state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	clock("pause", "")
	clock("advance", "1m")
	pods := "/api/v1/namespaces/default/pods"
	if _, now := get(t, client, server+pods, token); strings.Count(now, `"phase":"Running"`) != 2 {
		t.Errorf("now: %s", now)
	}
	then, err := pastServer(served, "6s")
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, client, then+pods, token); status != http.StatusOK || strings.Count(body, `"phase":"Running"`) != 1 || !strings.Contains(body, `"web-1"`) {
		t.Errorf("6s: %d %s", status, body)
	}
	if ago, err := pastServer(served, "-59s"); err != nil {
		t.Error(err)
	} else if status, body := get(t, client, ago+pods, token); status != http.StatusOK || strings.Contains(body, `"phase":"Running"`) {
		t.Errorf("59s ago: %d %s", status, body)
	}
	for path, want := range map[string]string{
		then + pods + "?watch=1":                       "nothing happens there",
		then + pods + "/web-0/log?follow=true":         "nothing happens there",
		then + pods + "/web-0/exec?command=ls":         "nothing can be done in the past",
		server + pastPath + "200h" + pods:              "has not come yet",
		server + pastPath + "soon" + pods:              "expected how long after the beginning",
		server + pastPath + "2020-01-01T00:00:00Z/api": "the cluster begins at",
	} {
		if status, body := get(t, client, path, token); status/100 != 4 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, then+pods+"/web-0", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a change of the past: %d", response.StatusCode)
	}
	if status, _ := get(t, client, then+pods, ""); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
	before := clock("show", "")
	after := clock("back", "55s")
	if took := before.Now.Sub(after.Now); took != 55*time.Second {
		t.Errorf("it went back by %s", took)
	}
	if _, body := get(t, client, server+pods, token); strings.Count(body, `"phase":"Running"`) != 1 {
		t.Errorf("back: %s", body)
	}
	if err := served.ask(http.MethodPost, clockPath, url.Values{"do": {"back"}, "value": {"2h"}}, &after); err == nil || !strings.Contains(err.Error(), "there is nothing 2h0m0s ago") {
		t.Errorf("before the beginning: %v", err)
	}
	stop()
	client, server, token, stop = startServe(t, config, "--pace", "1x", "--state", filepath.Join(folder, "state"))
	if _, body := get(t, client, server+pods, token); strings.Count(body, `"phase":"Running"`) == 0 || !strings.Contains(body, `"web-1"`) {
		t.Errorf("served again: %s", body)
	}
	stop()
}

func TestAtIsTakenOutOfKubectlsArguments(t *testing.T) {
	for _, c := range []struct{ args, rest, instant, problem string }{
		{"get pods", "get pods", "", ""},
		{"--at 3m get pods", "get pods", "3m", ""},
		{"get pods --at=-30s -A", "get pods -A", "-30s", ""},
		{"exec web-0 -- date --at 3m", "exec web-0 -- date --at 3m", "", ""},
		{"get pods --at", "", "", "--at: expected an instant"},
	} {
		rest, instant, err := takeAt(strings.Fields(c.args))
		if strings.Join(rest, " ") != c.rest || instant != c.instant || (err == nil) != (c.problem == "") {
			t.Errorf("%q: %q %q %v", c.args, rest, instant, err)
		}
	}
}
