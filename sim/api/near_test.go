package api

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	words := []string{"statefulset", "scheduler", "kubelet", "job", "endpoints"}
	for _, test := range []struct{ found, want string }{
		{"statefulsets", "statefulset"},
		{"StatefulSet", "statefulset"},
		{"sheduler", "scheduler"},
		{"kubeelt", "kubelet"},
		{"nonsense", ""},
		{"", ""},
		{strings.Repeat("statefulset", 100), ""},
	} {
		if word, near := Nearest(test.found, words); word != test.want || near != (test.want != "") {
			t.Errorf("%q: found %q, %v, want %q", test.found, word, near, test.want)
		}
	}
}
