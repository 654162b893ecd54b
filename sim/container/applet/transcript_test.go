package applet

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stsim/stsim/storage"
)

var update = flag.Bool("update", false, "write the outputs of the transcripts anew")

// TestTranscripts plays testdata/*.txt: lines that begin with "$ " are commands, what follows is what they print, stdout and stderr together.
// Lines that begin with "## " are titles.
// A line "[exit 1]" stands for an exit code, "[waits for input]" for a command that does not end. Each file has its own world.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("expected transcripts in testdata, found %v, %v", files, err)
	}
	used := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld()
			var got strings.Builder
			lines := strings.Split(string(want), "\n")
			for i := 0; i < len(lines); i++ {
				line := lines[i]
				if strings.HasPrefix(line, "## ") {
					fmt.Fprintln(&got, line)
					continue
				}
				if command, ok := strings.CutPrefix(line, "$ "); ok {
					fmt.Fprintln(&got, line)
					for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "> ") {
						i++
						fmt.Fprintln(&got, lines[i])
						command += "\n" + lines[i][2:]
					}
					got.WriteString(w.shell(command, used))
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compareTranscript(t, file, string(want), got.String())
		})
	}
	for _, name := range Names() {
		if !used[name] && !*update {
			t.Errorf("no transcript uses %s", name)
		}
	}
}

func compareTranscript(t *testing.T, file, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	wantLines, gotLines := strings.Split(want, "\n"), strings.Split(got, "\n")
	command := ""
	for i := range gotLines {
		if strings.HasPrefix(gotLines[i], "$ ") {
			command = gotLines[i]
		}
		if i >= len(wantLines) || wantLines[i] != gotLines[i] {
			expected := "(end)"
			if i < len(wantLines) {
				expected = wantLines[i]
			}
			t.Fatalf("%s:%d: after %q\nexpected %q\nfound    %q", file, i+1, command, expected, gotLines[i])
		}
	}
	t.Fatalf("%s: expected more lines after line %d", file, len(gotLines))
}

// shell runs a line of the tests' own small shell: words with quotes, pipes, ";", ">" and ">>".
func (w *world) shell(line string, used map[string]bool) string {
	var out strings.Builder
	stdin := &Stdin{Closed: true}
	words := shellWords(line)
	for len(words) > 0 {
		end := 0
		for end < len(words) && words[end] != "\x00|" && words[end] != "\x00;" {
			end++
		}
		argv, operator := words[:end], ""
		if end < len(words) {
			operator = words[end]
			end++
		}
		words = words[end:]
		target, flags := "", storage.Truncate
		for i := 0; i < len(argv); i++ {
			if argv[i] == "\x00>" || argv[i] == "\x00>>" {
				if argv[i] == "\x00>>" {
					flags = storage.Append
				}
				target = argv[i+1]
				argv = append(append([]string(nil), argv[:i]...), argv[i+2:]...)
				break
			}
		}
		for _, word := range argv {
			used[word] = true
		}
		var stdout bytes.Buffer
		code, waits := w.execute(argv, stdin, &stdout, &out)
		stdin = &Stdin{Closed: true}
		switch {
		case target != "":
			call := w.call(argv, nil, &out, &out)
			if err := call.write(target, stdout.Bytes(), flags); err != nil {
				fmt.Fprintf(&out, "sh: %s: %v\n", target, reason(err))
			}
		case operator == "\x00|":
			stdin.Data = append([]byte(nil), stdout.Bytes()...)
			continue
		default:
			out.Write(stdout.Bytes())
		}
		if waits != "" {
			out.WriteString(endLine(out.String()) + "[waits for " + waits + "]\n")
		} else if code != 0 {
			fmt.Fprintf(&out, "%s[exit %d]\n", endLine(out.String()), code)
		}
		for _, signal := range w.signals {
			fmt.Fprintf(&out, "[%s]\n", signal)
		}
		w.signals = nil
	}
	return out.String() + endLine(out.String())
}

// endLine marks output that does not end with a newline.
func endLine(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return ""
	}
	return "[no newline]\n"
}

// shellWords cuts a line into words; operators get a zero byte in front.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	inWord := false
	flush := func() {
		if inWord {
			words = append(words, word.String())
		}
		word.Reset()
		inWord = false
	}
	for i := 0; i < len(line); i++ {
		switch char := line[i]; {
		case char == ' ':
			flush()
		case char == '\'' || char == '"':
			end := strings.IndexByte(line[i+1:], char)
			word.WriteString(line[i+1 : i+1+end])
			inWord = true
			i += end + 1
		case char == '\\' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			inWord = true
		case char == '|' || char == ';' || char == '>':
			flush()
			operator := "\x00" + string(char)
			if strings.HasPrefix(line[i:], ">>") {
				operator += ">"
				i++
			}
			words = append(words, operator)
		default:
			word.WriteByte(char)
			inWord = true
		}
	}
	flush()
	return words
}
