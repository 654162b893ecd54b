package applet

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/benhoyt/goawk/interp"
	"github.com/benhoyt/goawk/parser"
)

// maxAwkPolls is how often awk may look whether it should stop; it does so every thousand instructions.
const maxAwkPolls = 20000

// awkBudget ends an awk program that does not end by itself. The interpreter asks Err each time Done can be received
// from, which is always, because the context inside is cancelled from the start.
type awkBudget struct {
	context.Context
	polls int
}

const errAwkBudget = plainError("stopped: a program that runs this long is not simulated")

// Err counts the times it is asked.
func (b *awkBudget) Err() error {
	if b.polls++; b.polls > maxAwkPolls {
		return errAwkBudget
	}
	return nil
}

// boundedBuffer takes maxOutput bytes.
type boundedBuffer struct{ data []byte }

// Write refuses what would be too much.
func (b *boundedBuffer) Write(data []byte) (int, error) {
	if len(b.data)+len(data) > maxOutput {
		return 0, errOutput
	}
	b.data = append(b.data, data...)
	return len(data), nil
}

const errOutput = plainError("stopped: this much output is not simulated")

// awk runs an awk program in the goawk interpreter, shut off from files, programs, clock and chance.
func awk(c *Call) Outcome {
	o, outcome, ok := c.options("+F:v:f:", "field-separator=F", "assign=v", "file=f", "version", "posix", "re-interval")
	if !ok {
		return outcome
	}
	if o.has("version") {
		c.print("GoAWK of the simulator\n")
		return Exit(0)
	}
	operands := o.operands
	var sources []string
	for _, name := range o.values("f") {
		data, err := c.read(name)
		if err != nil {
			return c.fail(2, "can't open file %s: %s", name, reason(err))
		}
		sources = append(sources, string(data))
	}
	if len(sources) == 0 {
		if len(operands) == 0 {
			c.errorf("no program given: expected awk [-F SEPARATOR] [-v NAME=VALUE] PROGRAM [FILE]...")
			return Exit(2)
		}
		sources, operands = operands[:1], operands[1:]
	}
	var variables []string
	if o.has("F") {
		separator, _ := unescape(o.value("F", ""), false)
		if separator == "t" {
			separator = "\t"
		}
		variables = append(variables, "FS", separator)
	}
	for _, assignment := range o.values("v") {
		name, value, ok := strings.Cut(assignment, "=")
		if !ok {
			return c.fail(2, "expected NAME=VALUE after -v, found %s", quote(assignment))
		}
		value, _ = unescape(value, false)
		variables = append(variables, name, value)
	}
	return c.awkRun(strings.Join(sources, "\n"), operands, variables)
}

// awkRun parses and runs a program.
func (c *Call) awkRun(source string, operands, variables []string) Outcome {
	rewritten, err := awkRewrite(source)
	if err != nil {
		return c.fail(2, "%v", err)
	}
	functions := c.awkFunctions()
	program, err := parser.ParseProgram([]byte(rewritten), &parser.ParserConfig{Funcs: functions})
	if err != nil && rewritten != source {
		// Report positions of the program as it was typed, when it is wrong by itself.
		if _, original := parser.ParseProgram([]byte(source), nil); original != nil {
			err = original
		}
	}
	if err != nil {
		return c.fail(2, "%v", err)
	}
	data, arguments, failed, outcome, ok := c.awkInputs(operands, strings.Contains(source, "getline") || awkReads(source))
	if !ok {
		return outcome
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	interpreter, err := interp.New(program)
	if err != nil {
		return c.fail(2, "%v", err)
	}
	environment := []string{}
	for _, entry := range c.Env {
		name, value, _ := strings.Cut(entry, "=")
		environment = append(environment, name, value)
	}
	var out boundedBuffer
	code, err := interpreter.ExecuteContext(&awkBudget{Context: cancelled}, &interp.Config{
		Stdin: bytes.NewReader(data), Output: &out, Error: c.Stderr, Argv0: "awk", Args: arguments, Vars: variables,
		Funcs: functions, NoExec: true, NoFileWrites: true, NoFileReads: true, Environ: environment,
	})
	_, _ = c.Stdout.Write(out.data)
	if err != nil {
		switch text := err.Error(); {
		case strings.Contains(text, "NoFileWrites"):
			return c.fail(2, "writing to a file within the program is not simulated; hint: redirect the output of awk")
		case strings.Contains(text, "NoFileReads"):
			return c.fail(2, "getline from a file is not simulated; hint: name the file as an operand")
		case strings.Contains(text, "NoExec"):
			return c.fail(2, "system() and pipes within the program are not simulated; hint: pipe the output of awk")
		default:
			return c.fail(2, "%s", text)
		}
	}
	if code == 0 && failed {
		code = 2
	}
	return Exit(code)
}

// awkReads says whether a program has rules besides BEGIN, so that it reads its input.
func awkReads(source string) bool {
	tokens, err := awkTokens(source)
	if err != nil {
		return true
	}
	depth := 0
	for i, t := range tokens {
		switch t.text {
		case "{", "(", "[":
			if t.text == "{" && depth == 0 && (i == 0 || !awkSpecialRule(tokens[:i])) {
				return true
			}
			depth++
		case "}", ")", "]":
			depth--
		case "END":
			return true
		default:
			if depth == 0 && t.text != "BEGIN" && t.text != "\n" && t.text != ";" && !awkInFunctionHead(tokens[:i+1]) {
				return true
			}
		}
	}
	return false
}

// awkSpecialRule says whether the "{" after these tokens belongs to BEGIN or to a function.
func awkSpecialRule(before []awkToken) bool {
	i := len(before) - 1
	for i >= 0 && before[i].text == "\n" {
		i--
	}
	return i >= 0 && (before[i].text == "BEGIN" || before[i].text == ")" && awkInFunctionHead(before[:i+1]))
}

// awkInFunctionHead says whether the last token belongs to "function name(parameters)".
func awkInFunctionHead(tokens []awkToken) bool {
	for i := len(tokens) - 1; i >= 0; i-- {
		switch tokens[i].text {
		case "function", "func":
			return true
		case "{", "}", ";":
			return false
		}
	}
	return false
}

// awkInputs gives the text of the files a program reads. The name of the one file goes into
// the variable that stands for FILENAME.
func (c *Call) awkInputs(operands []string, reads bool) (data []byte, arguments []string, failed bool, outcome Outcome, ok bool) {
	if !reads {
		return nil, nil, false, Outcome{}, true
	}
	var files []string
	for _, operand := range operands {
		if name, _, assigns := strings.Cut(operand, "="); assigns && awkName(name) {
			arguments = append(arguments, operand)
			continue
		}
		files = append(files, operand)
	}
	if len(files) > 1 {
		c.errorf("several input files are not simulated, because FNR and FILENAME would be wrong")
		c.hint("cat %s | awk ...", strings.Join(files, " "))
		return nil, nil, true, Exit(2), false
	}
	list, failed, outcome, ok := c.inputs(files)
	if !ok {
		return nil, nil, false, outcome, false
	}
	if failed {
		return nil, nil, true, Exit(2), false
	}
	if len(files) == 1 && files[0] != "-" {
		arguments = append(arguments, awkPrefix+"filename="+files[0])
	}
	return list[0].data, arguments, false, Outcome{}, true
}

func awkName(text string) bool {
	for i := range len(text) {
		char := text[i]
		if !(char == '_' || char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || i > 0 && char >= '0' && char <= '9') {
			return false
		}
	}
	return text != ""
}

// awkFunctions are the functions that the rewritten program calls instead of built-in ones.
func (c *Call) awkFunctions() map[string]any {
	seed, previous := 0.0, 0.0
	var loops [][]string
	return map[string]any{
		awkPrefix + "rand": func() float64 { return float64(c.System.Choose("awk rand", 1<<30)) / (1 << 30) },
		awkPrefix + "srand": func(values ...float64) float64 {
			previous, seed = seed, float64(c.System.Now().Unix())
			if len(values) > 0 {
				seed = values[0]
			}
			return previous
		},
		"systime":  func() float64 { return float64(c.System.Now().Unix()) },
		"strftime": func(arguments ...string) string { return c.awkTime(arguments) },
		awkPrefix + "open": func() int {
			loops = append(loops, nil)
			return len(loops) - 1
		},
		awkPrefix + "add": func(loop int, key string) int {
			loops[loop] = append(loops[loop], key)
			return 0
		},
		awkPrefix + "sort": func(loop int) int {
			sortKeys(loops[loop])
			return 0
		},
		awkPrefix + "more": func(loop int) bool { return loop < len(loops) && len(loops[loop]) > 0 },
		awkPrefix + "next": func(loop int) string {
			key := loops[loop][0]
			loops[loop] = loops[loop][1:]
			return key
		},
	}
}

// awkTime is strftime(format, seconds, utc).
func (c *Call) awkTime(arguments []string) string {
	format, moment := "%a %b %e %H:%M:%S %Z %Y", c.System.Now()
	if len(arguments) > 0 {
		format = arguments[0]
	}
	if len(arguments) > 1 {
		var seconds float64
		if _, err := fmt.Sscan(arguments[1], &seconds); err == nil {
			moment = unixTime(int64(seconds))
		}
	}
	return strftime(format, moment)
}
