package applet

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"
)

// findParser reads the expression of find.
type findParser struct {
	run   *findRun
	args  []string
	depth int
}

// parse splits the command line into places and expression.
func (r *findRun) parse(args []string) error {
	for len(args) > 0 && (args[0] == "-L" || args[0] == "-H" || args[0] == "-P") {
		if args[0] != "-P" {
			return fmt.Errorf("the flag %s (follow links) is not simulated", args[0])
		}
		args = args[1:]
	}
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "(" && args[0] != "!" {
		r.roots = append(r.roots, args[0])
		args = args[1:]
	}
	if len(r.roots) == 0 {
		r.roots = []string{"."}
	}
	r.test = func(*findRun, findFile) bool { return true }
	if len(args) == 0 {
		return nil
	}
	p := &findParser{run: r, args: args}
	test, err := p.or()
	if err != nil {
		return err
	}
	if len(p.args) > 0 {
		return fmt.Errorf("invalid expression; you have used '%s' where it does not belong", p.args[0])
	}
	r.test = test
	return nil
}

func (p *findParser) next() string {
	if len(p.args) == 0 {
		return ""
	}
	word := p.args[0]
	p.args = p.args[1:]
	return word
}

func (p *findParser) peek(words ...string) bool {
	for _, word := range words {
		if len(p.args) > 0 && p.args[0] == word {
			return true
		}
	}
	return false
}

func (p *findParser) or() (findTest, error) {
	left, err := p.and()
	for err == nil && p.peek("-o", "-or") {
		p.next()
		first := left
		var right findTest
		right, err = p.and()
		left = func(r *findRun, file findFile) bool { return first(r, file) || r.blocked == nil && right(r, file) }
	}
	return left, err
}

func (p *findParser) and() (findTest, error) {
	left, err := p.term()
	for err == nil && len(p.args) > 0 && !p.peek("-o", "-or", ")") {
		if p.peek("-a", "-and") {
			p.next()
		}
		first := left
		var right findTest
		right, err = p.term()
		left = func(r *findRun, file findFile) bool { return first(r, file) && r.blocked == nil && right(r, file) }
	}
	return left, err
}

func (p *findParser) term() (findTest, error) {
	if p.depth++; p.depth > 1000 {
		return nil, plainError("the expression is too long")
	}
	word := p.next()
	switch word {
	case "":
		return nil, plainError("expected an expression after the last operator")
	case "!", "-not":
		inner, err := p.term()
		return func(r *findRun, file findFile) bool { return !inner(r, file) && r.blocked == nil }, err
	case "(":
		inner, err := p.or()
		if err == nil && p.next() != ")" {
			err = plainError("invalid expression; expected to find a ')' but didn't see one")
		}
		return inner, err
	}
	return p.primary(word)
}

// always is a test that holds.
func (p *findParser) always() findTest { return func(*findRun, findFile) bool { return true } }

func (p *findParser) primary(word string) (findTest, error) {
	switch word {
	case "-print":
		p.run.acts = true
		return findPrint("\n"), nil
	case "-print0":
		p.run.acts = true
		return findPrint("\x00"), nil
	case "-delete":
		p.run.acts, p.run.depth = true, true
		return findDelete, nil
	case "-prune":
		return findPrune, nil
	case "-depth", "-d":
		p.run.depth = true
		return p.always(), nil
	case "-xdev", "-mount", "-noleaf":
		return p.always(), nil
	case "-true":
		return p.always(), nil
	case "-false":
		return func(*findRun, findFile) bool { return false }, nil
	case "-empty":
		return func(r *findRun, file findFile) bool {
			if !file.info.IsDir() {
				return file.info.Mode.IsRegular() && file.info.Size == 0
			}
			list, err := r.files().ReadDir(file.path)
			return err == nil && len(list) == 0
		}, nil
	case "-exec":
		return p.exec()
	}
	if len(p.args) == 0 {
		if !strings.HasPrefix(word, "-") {
			return nil, fmt.Errorf("paths must precede expression: `%s'", word)
		}
		if _, err := p.withValue(word, "0"); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("missing argument to `%s'", word)
	}
	return p.withValue(word, p.next())
}

// withValue does the tests that have an argument.
func (p *findParser) withValue(word, value string) (findTest, error) {
	number := func() (byte, int64, error) {
		sign := value[:min(1, len(value))]
		text := strings.TrimLeft(value, "+-")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("invalid argument `%s' to `%s'", value, word)
		}
		if sign == "+" || sign == "-" {
			return sign[0], n, nil
		}
		return 0, n, nil
	}
	switch word {
	case "-name", "-iname", "-path", "-wholename", "-ipath":
		pattern, err := globPattern(value, strings.HasPrefix(word, "-i"))
		if err != nil {
			return nil, err
		}
		return func(_ *findRun, file findFile) bool {
			if strings.HasSuffix(word, "name") && word != "-wholename" {
				return pattern.MatchString(path.Base(file.path))
			}
			return pattern.MatchString(file.path)
		}, nil
	case "-regex", "-iregex":
		flags := map[bool]string{true: "i"}[word == "-iregex"]
		pattern, err := compilePattern("^("+value+")$", extended, flags)
		return func(_ *findRun, file findFile) bool { return pattern.MatchString(file.path) }, err
	case "-type":
		return func(_ *findRun, file findFile) bool {
			return strings.IndexByte(value, findKind(file.info)) >= 0
		}, nil
	case "-user", "-group":
		return func(r *findRun, file findFile) bool {
			if word == "-user" {
				id, ok := r.accountID("/etc/passwd", value)
				return ok && file.info.UID == id
			}
			id, ok := r.accountID("/etc/group", value)
			return ok && file.info.GID == id
		}, nil
	case "-newer":
		info, err := p.run.files().Stat(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %s", quote(value), reason(err))
		}
		return func(_ *findRun, file findFile) bool { return file.info.ModTime.After(info.ModTime) }, nil
	case "-perm":
		mode, ok := parseMode(strings.TrimLeft(value, "-/"), 0, 0)
		if !ok {
			return nil, fmt.Errorf("invalid mode %s", quote(value))
		}
		return func(_ *findRun, file findFile) bool {
			have := file.info.Mode.Perm()
			switch value[0] {
			case '-':
				return have&mode.Perm() == mode.Perm()
			case '/':
				return have&mode.Perm() != 0 || mode.Perm() == 0
			}
			return have == mode.Perm()
		}, nil
	case "-size":
		return findSize(value)
	case "-maxdepth", "-mindepth":
		_, n, err := number()
		if err != nil || n > math.MaxInt32 {
			return nil, fmt.Errorf("expected a positive decimal integer argument to %s, but got %s", word, quote(value))
		}
		if word == "-maxdepth" {
			p.run.maxDepth = int(n)
		} else {
			p.run.minDepth = int(n)
		}
		return p.always(), nil
	case "-mtime", "-mmin", "-ctime", "-cmin", "-inum", "-links":
		sign, n, err := number()
		return func(r *findRun, file findFile) bool {
			switch word {
			case "-inum":
				return compareSigned(sign, int64(file.info.Inode), n)
			case "-links":
				return compareSigned(sign, int64(file.info.Links), n)
			case "-mtime", "-ctime":
				return compareSigned(sign, r.age(file.info, 24*time.Hour), n)
			}
			return compareSigned(sign, r.age(file.info, time.Minute), n)
		}, err
	case "-printf":
		p.run.acts = true
		return func(r *findRun, file findFile) bool {
			return r.do(func() (bool, *Outcome) {
				text, _ := unescape(r.findFormat(value, file), false)
				r.print(text)
				return true, nil
			})
		}, nil
	}
	if !strings.HasPrefix(word, "-") {
		return nil, fmt.Errorf("paths must precede expression: `%s'", word)
	}
	return nil, fmt.Errorf("unknown predicate `%s'", word)
}
