package app

import (
	"testing"
)

func FuzzReference(f *testing.F) {
	f.Add("gcr.io/a/b:c@sha256:00000000000000000000000000000000")
	f.Fuzz(func(t *testing.T, name string) {
		if r, err := ParseReference(name); err == nil {
			again, err := ParseReference(r.String())
			if err != nil || again != r {
				t.Errorf("%q: %v, then %v %v", name, r, again, err)
			}
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET / HTTP/1.0\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for len(data) > 0 {
			_, rest, ok := ParseRequest(data)
			if !ok {
				return
			}
			if len(rest) >= len(data) {
				t.Fatal("no progress")
			}
			data = rest
		}
	})
}
