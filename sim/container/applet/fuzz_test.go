package applet

import (
	"bytes"
	"testing"
)

func FuzzPrintf(f *testing.F) {
	for _, seed := range []string{"%s\n", "%*.*f", "%5d%%", `\x41\0101\u20ac`, "%-08.3x", "%", "%q %b", "%'d", "%.99999999999d"} {
		f.Add(seed, "1", "'a")
	}
	f.Fuzz(func(t *testing.T, format, first, second string) {
		text, _ := formatPrintf(format, []string{first, second})
		if again, _ := formatPrintf(format, []string{first, second}); again != text {
			t.Fatalf("printf %q gave %q, then %q", format, text, again)
		}
	})
}

func FuzzSed(f *testing.F) {
	for _, seed := range []string{"s/a/b/g", "1,3{p;d}", ":a;N;$!ba;s/\\n/,/g", "y/abc/xyz/", "/x/,+2!d", "s/\\(.\\)\\(.\\)/\\2\\U\\1/2p", "a\\\ntext", "$!{h;d};x;G", "0~3p", "s,[/,],x,", "{{}}"} {
		f.Add(seed, "a b\nabc\nx\n", false)
		f.Add(seed, "a b\nabc\nx", true)
	}
	f.Fuzz(func(t *testing.T, script, input string, extended bool) {
		if len(input) > 1000 {
			return
		}
		argv := []string{"sed", "-e", script}
		if extended {
			argv = append(argv, "-E")
		}
		var out [2]bytes.Buffer
		for i := range out {
			newWorld().execute(argv, &Stdin{Data: []byte(input), Closed: true}, &out[i], &out[i])
		}
		if out[0].String() != out[1].String() {
			t.Fatalf("sed %q gave different outputs", script)
		}
	})
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"a*", "\\(a\\|b\\)*", "[[:alpha:]]\\{2,3\\}", "^*ab$", "x{2,}", "(a|", "[]a]", "[^]-]", "a**", "\\<w\\>"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, pattern string) {
		for _, kind := range []dialect{basic, extended, fixed} {
			if compiled, err := compilePattern(pattern, kind, ""); err == nil {
				compiled.MatchString("abc")
			}
		}
	})
}

func FuzzAwk(f *testing.F) {
	for _, seed := range []string{"{print $1}", "BEGIN{for(k in a)if(k)print;else next}", "function f(x){for(i in x)f(x)}END{f(a)}", "/a/,/b/{n++}", "{for(k in a)for(j in b){break}}", "rand()<srand"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, program string) {
		if rewritten, err := awkRewrite(program); err == nil {
			awkReads(rewritten)
		}
	})
}
