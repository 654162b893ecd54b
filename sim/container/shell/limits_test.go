package shell

import (
	"strings"
	"testing"
	"time"
)

// TestBudgets runs what would never end or would take all memory. Each must end soon, and say why.
func TestBudgets(t *testing.T) {
	deep := strings.Repeat("(", 100_000)
	for _, c := range []struct {
		name, script, says string
		code               int
	}{
		{"endless loop", "while :; do :; done", "an endless loop?", 124},
		{"endless arithmetic loop", "for ((;;)); do :; done", "an endless loop?", 124},
		{"endless background", "while :; do :; done & wait", "an endless loop?", 124},
		{"endless recursion", "f() { f; }; f", "an endless recursion?", 124},
		{"recursion by eval", `x='eval "$x"'; eval "$x"`, "an endless recursion?", 124},
		{"recursion by source", "echo '. ./s' > s; . ./s", "an endless recursion?", 124},
		{"recursion by substitution", "f() { echo $(f); }; f", "", -1},
		{"recursion by script", "printf '#!/bin/sh\n./s\n' > s; chmod +x s; ./s", "can't fork", -1},
		{"recursion by env", `x='env sh -c "$x"'; export x; sh -c "$x"`, "that run each other", 124},
		{"fork bomb", "b() { b | b & }; b; wait", "can't fork", -1},
		{"endless output", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done", "stopped", 124},
		{"yes", "yes", "", -1},
		{"braces", "echo {1..1000000000}", "brace expansion", 2},
		{"braces of braces", "echo {1..1000}{1..1000}{1..1000}", "brace expansion", 2},
		{"wide printf", "printf %1000000000d 1", "", -1},
		{"doubling", "x=aaaaaaaa; while :; do x=$x$x; done", "too large", 2},
		{"replacing", "x=$(printf %100000d 1); y=${x// /$x}; echo ${#y}", "too large", 2},
		{"many variables", "x=$(printf %100000d 1); i=0; while :; do i=$((i+1)); eval v$i=\\$x; done", "too large", 2},
		{"huge index", "a[1000000000]=1", "bad array subscript", 2},
		{"big number", "echo $((9223372036854775807 * 9223372036854775807 ** 99))", "", 0},
		{"shift by a negative", "echo $((1 << -1))", "", 0},
		{"deep brackets", deep, "nested too deeply", 2},
		{"deep keywords", strings.Repeat("if ", 80_000), "nested too deeply", 2},
		{"deep negation", strings.Repeat("! ", 100_000) + "true", "", 2},
		{"deep arithmetic", "echo $((" + strings.Repeat("-", 100_000) + "1))", "", -1},
		{"deep eval", "eval '" + deep + "'", "nested too deeply", 2},
		{"long script", strings.Repeat(":\n", 200_000), "too large", 2},
		{"long pipeline", strings.Repeat("true|", 1000) + "true", "can't fork", 2},
		{"here-document bomb", "x=$(cat /dev/zero | head -c 3000000 | tr '\\0' a)", "", -1},
		{"capture", "x=$(seq 1 1000000)", "stopped", 124},
		{"file", "while :; do head -c 1000000 /dev/zero >> f; done", "", -1},
		{"null device", "cat < /dev/zero > /dev/null", "", 124},
		{"zero sleep", "while :; do sleep 0; done", "an endless loop?", 124},
		{"trap loop", "trap 'kill -USR1 $$' USR1; kill -USR1 $$; while :; do :; done", "an endless loop?", 124},
		{"alias loop", "alias a='b' b='a'; a", "not found", 127},
		{"glob bomb with links", "mkdir a; cd a; ln -s . b; ln -s . c; ln -s . d; echo */*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/* | wc -c", "an endless loop?", 124},
		{"recursive glob with links", "shopt -s globstar; mkdir a; cd a; ln -s . b; ln -s . c; ln -s . d; echo ** | wc -c", "an endless loop?", 124},
		{"regular expressions", "x=$(printf %50000s a); [[ $x =~ (a*)*(.*)*b ]]; echo ${x##*(*(*a))}; case $x in *a*a*a*a*b) ;; esac", "", -1},
		{"glob bomb", "mkdir -p a/a/a/a/a; cd a; ln -s . b; echo */*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/* | wc -c", "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, r := newWorld(), &record{}
			begin := time.Now()
			s := spec("sh", "-c", c.script)
			s.Limits.Steps = 100_000
			p := complete(t, Start(s), w, r)
			if d := time.Since(begin); d > 10*time.Second {
				t.Errorf("it took %v", d)
			}
			said := r.err.String()
			if !strings.Contains(said, c.says) {
				t.Errorf("stderr lacks %q: %.300s", c.says, said)
			}
			if code := p.State().Exited.Code; c.code >= 0 && code != c.code {
				t.Errorf("status is %d, want %d; stderr: %.300s", code, c.code, said)
			}
			if r.out.Len() > defaultOutput {
				t.Errorf("%d bytes of output", r.out.Len())
			}
			t.Logf("%v status %d out %d %.200s", time.Since(begin), p.State().Exited.Code, r.out.Len(), said)
		})
	}
}
