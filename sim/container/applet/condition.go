package applet

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/stsim/stsim/storage"
)

// test evaluates a condition; under the name "[" the last argument is "]".
func test(c *Call) Outcome {
	args := c.Args[1:]
	if c.name() == "[" {
		if len(args) == 0 || args[len(args)-1] != "]" {
			return c.fail(2, "missing ]")
		}
		args = args[:len(args)-1]
	}
	if len(args) == 0 {
		return Exit(1)
	}
	e := &testExpression{call: c, args: args}
	result, err := e.whole()
	if err == nil && len(e.args) > 0 {
		err = fmt.Errorf("%s: unexpected operator", e.args[0])
	}
	if err != nil {
		return c.fail(2, "%v", err)
	}
	if result {
		return Exit(0)
	}
	return Exit(1)
}

// testExpression reads a condition from the left. By POSIX, few arguments decide by their number alone.
type testExpression struct {
	call  *Call
	args  []string
	depth int
}

// maxTestDepth bounds parentheses and negations.
const maxTestDepth = 1000

func (e *testExpression) whole() (bool, error) {
	args := e.args
	switch {
	case len(args) == 1:
		e.args = nil
		return args[0] != "", nil
	case len(args) == 2 && args[0] == "!":
		e.args = nil
		return args[1] == "", nil
	case len(args) == 3 && testBinary(args[1]):
		e.args = nil
		return e.binary(args[0], args[1], args[2])
	case len(args) == 4 && args[0] == "!" && testBinary(args[2]):
		e.args = nil
		result, err := e.binary(args[1], args[2], args[3])
		return !result, err
	}
	return e.or()
}

func (e *testExpression) or() (bool, error) {
	result, err := e.and()
	for err == nil && len(e.args) > 0 && e.args[0] == "-o" {
		e.args = e.args[1:]
		var right bool
		right, err = e.and()
		result = result || right
	}
	return result, err
}

func (e *testExpression) and() (bool, error) {
	result, err := e.term()
	for err == nil && len(e.args) > 0 && e.args[0] == "-a" {
		e.args = e.args[1:]
		var right bool
		right, err = e.term()
		result = result && right
	}
	return result, err
}

func (e *testExpression) term() (bool, error) {
	if e.depth++; e.depth > maxTestDepth {
		return false, plainError("the condition is nested too deeply")
	}
	if len(e.args) == 0 {
		return false, plainError("argument expected")
	}
	first := e.args[0]
	switch {
	case len(e.args) >= 3 && testBinary(e.args[1]):
		left, operator, right := e.args[0], e.args[1], e.args[2]
		e.args = e.args[3:]
		return e.binary(left, operator, right)
	case first == "!":
		e.args = e.args[1:]
		result, err := e.term()
		return !result, err
	case first == "(":
		e.args = e.args[1:]
		result, err := e.or()
		if err == nil && (len(e.args) == 0 || e.args[0] != ")") {
			err = plainError("closing paren expected")
		}
		if err != nil {
			return false, err
		}
		e.args = e.args[1:]
		return result, nil
	case len(first) == 2 && first[0] == '-' && strings.IndexByte("bcdefghknprstuwxzLOGSN", first[1]) >= 0 && len(e.args) > 1:
		operand := e.args[1]
		e.args = e.args[2:]
		return e.unary(first[1], operand), nil
	}
	e.args = e.args[1:]
	return first != "", nil
}

func testBinary(operator string) bool {
	switch operator {
	case "=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef":
		return true
	}
	return false
}

func (e *testExpression) unary(letter byte, operand string) bool {
	switch letter {
	case 'n':
		return operand != ""
	case 'z':
		return operand == ""
	case 't':
		return e.call.TTY && (operand == "0" || operand == "1" || operand == "2")
	}
	files := e.call.files()
	if letter == 'h' || letter == 'L' {
		info, err := files.Lstat(operand)
		return err == nil && info.Mode&fs.ModeSymlink != 0
	}
	info, err := files.Stat(operand)
	if err != nil {
		return false
	}
	identity := files.Identity()
	switch letter {
	case 'e':
		return true
	case 'f':
		return info.Mode.IsRegular()
	case 'd':
		return info.IsDir()
	case 's':
		return info.Size > 0 || info.IsDir()
	case 'c':
		return info.Mode&fs.ModeCharDevice != 0
	case 'b':
		return info.Mode&fs.ModeDevice != 0 && info.Mode&fs.ModeCharDevice == 0
	case 'p':
		return info.Mode&fs.ModeNamedPipe != 0
	case 'S':
		return info.Mode&fs.ModeSocket != 0
	case 'u':
		return info.Mode&fs.ModeSetuid != 0
	case 'g':
		return info.Mode&fs.ModeSetgid != 0
	case 'k':
		return info.Mode&fs.ModeSticky != 0
	case 'O':
		return info.UID == identity.UID
	case 'G':
		return info.GID == identity.GID
	case 'r':
		return files.Access(operand, storage.CanRead) == nil
	case 'w':
		return files.Access(operand, storage.CanWrite) == nil
	case 'x':
		return files.Access(operand, storage.CanExecute) == nil
	}
	return false
}

func (e *testExpression) binary(left, operator, right string) (bool, error) {
	switch operator {
	case "=", "==":
		return left == right, nil
	case "!=":
		return left != right, nil
	case "<":
		return left < right, nil
	case ">":
		return left > right, nil
	case "-nt", "-ot", "-ef":
		a, errA := e.call.files().Stat(left)
		b, errB := e.call.files().Stat(right)
		switch operator {
		case "-ef":
			return errA == nil && errB == nil && a.Mount == b.Mount && a.Inode == b.Inode, nil
		case "-nt":
			return errA == nil && (errB != nil || a.ModTime.After(b.ModTime)), nil
		}
		return errB == nil && (errA != nil || a.ModTime.Before(b.ModTime)), nil
	}
	var numbers [2]int64
	for i, text := range []string{left, right} {
		value, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return false, fmt.Errorf("%s: integer expected", quote(text))
		}
		numbers[i] = value
	}
	a, b := numbers[0], numbers[1]
	switch operator {
	case "-eq":
		return a == b, nil
	case "-ne":
		return a != b, nil
	case "-lt":
		return a < b, nil
	case "-le":
		return a <= b, nil
	case "-gt":
		return a > b, nil
	}
	return a >= b, nil
}
