package main

import (
	"strings"
	"testing"
)

func TestKubectlIsToldWhichClusterToUse(t *testing.T) {
	for _, test := range []struct {
		args       string
		says, none bool
	}{
		{args: "get pods"},
		{args: "--kubeconfig=/c get pods", says: true},
		{args: "--server=https://127.0.0.1:1 --kubeconfig /c get pods", says: true},
		{args: "-s https://127.0.0.1:1 get pods", says: true},
		{args: "exec web-0 -- prog --kubeconfig=/c"},
		{args: "version --client", none: true},
		{args: "version"},
		{args: "apply --help", none: true},
		{args: "kustomize .", none: true},
		{args: "config view", none: true},
		{args: "", none: true},
	} {
		args := strings.Fields(test.args)
		if says, none := saysWhere(args), needsNoCluster(args); says != test.says || none != test.none {
			t.Errorf("%q: says where %v, needs no cluster %v", test.args, says, none)
		}
	}
}
