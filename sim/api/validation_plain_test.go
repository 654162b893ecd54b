package api

import (
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

// A plain name passes the published rules. The other direction need not hold.
func FuzzPlainNamesPassTheRules(f *testing.F) {
	for _, seed := range []string{"", "web", "web-0", "a.b", "a..b", "-a", "a-", "a.-b", "a-.b", "A_b.c", "k8s.io/name", "k8s.io/", "/a", "a/b/c", "9a", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range []struct {
			name  string
			plain bool
			rules [][]string
		}{
			{"label", plainLabel(text), [][]string{validation.IsDNS1123Label(text), validation.IsDNS1035Label(text), validation.IsDNS1123Subdomain(text), nameIsSegment(text, false)}},
			{"subdomain", plainSubdomain(text), [][]string{validation.IsDNS1123Subdomain(text)}},
			{"word", plainWord(text), [][]string{validation.IsValidLabelValue(text)}},
			{"key", plainKey(text), [][]string{validation.IsQualifiedName(text)}},
		} {
			for _, messages := range c.rules {
				if c.plain && len(messages) > 0 {
					t.Errorf("%q is taken for a plain %s, but %v", text, c.name, messages)
				}
			}
		}
	})
}

func TestOrdinaryNamesArePlain(t *testing.T) {
	for _, key := range []string{"app", "controller-revision-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"} {
		if !plainKey(key) {
			t.Errorf("%s is not plain", key)
		}
	}
	if !plainLabel("web-0") || !plainWord("web-776999688b") || plainLabel("0web") || plainSubdomain("a.-b") || plainKey("A.b/c") {
		t.Error("plain names are misjudged")
	}
}
