package sql

import (
	"fmt"
	"strings"
)

// parser reads one statement. It gives up by panicking with an *Error, which parse catches: so grammar stays readable.
type parser struct {
	source string
	tokens []token
	at     int
	depth  int
}

// maxNesting bounds brackets within each other.
const maxNesting = 200

// statement is one parsed statement: query, change of rows, definition and so on.
type statement any

// parse reads one statement; nil for an empty one.
func parse(source string) (s statement, failure *Error) {
	p := &parser{source: source, tokens: lex(source)}
	defer func() {
		if problem := recover(); problem != nil {
			known, expected := problem.(*Error)
			if !expected {
				panic(problem)
			}
			s, failure = nil, known
		}
	}()
	if p.peek().kind == endOfText {
		return nil, &Error{1065, "42000", "Query was empty"}
	}
	s = p.statement()
	p.sign(";")
	if p.peek().kind != endOfText {
		p.wrong()
	}
	return s, nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endOfText {
		p.at++
	}
	return t
}

// wrong gives up: the statement is no SQL from here on.
func (p *parser) wrong() {
	at := p.peek().at
	rest := p.source[at:]
	if len(rest) > 80 {
		rest = rest[:80]
	}
	panic(&Error{1064, "42000", fmt.Sprintf("You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '%s' at line %d",
		rest, 1+strings.Count(p.source[:at], "\n"))})
}

// isWord says whether the next tokens are these words.
func (p *parser) isWord(words ...string) bool {
	for i, want := range words {
		if p.at+i >= len(p.tokens) {
			return false
		}
		if t := p.tokens[p.at+i]; t.kind != word || !strings.EqualFold(t.text, want) {
			return false
		}
	}
	return true
}

// word takes these words if they are next.
func (p *parser) word(words ...string) bool {
	if !p.isWord(words...) {
		return false
	}
	p.at += len(words)
	return true
}

// anyWord takes one of these words.
func (p *parser) anyWord(words ...string) bool {
	for _, one := range words {
		if p.word(one) {
			return true
		}
	}
	return false
}

func (p *parser) mustWord(words ...string) {
	if !p.word(words...) {
		p.wrong()
	}
}

// sign takes a sign if it is next.
func (p *parser) sign(text string) bool {
	if t := p.peek(); t.kind == sign && t.text == text {
		p.at++
		return true
	}
	return false
}

func (p *parser) mustSign(text string) {
	if !p.sign(text) {
		p.wrong()
	}
}

// reserved are words that are no names.
var reserved = map[string]bool{"select": true, "from": true, "where": true, "order": true, "limit": true, "table": true, "insert": true, "update": true, "delete": true,
	"into": true, "values": true, "set": true, "and": true, "or": true, "not": true, "create": true, "drop": true, "group": true, "by": true, "null": true, "as": true,
	"on": true, "join": true, "inner": true, "left": true, "right": true, "union": true, "having": true, "database": false, "like": true, "in": true, "is": true, "asc": true, "desc": true}

// isName says whether the next token can be a name.
func (p *parser) isName() bool {
	t := p.peek()
	return t.kind == quoted || t.kind == word && !reserved[strings.ToLower(t.text)] && !strings.HasPrefix(t.text, "@")
}

func (p *parser) name() string {
	if !p.isName() {
		p.wrong()
	}
	return p.next().text
}

// textOrName is a text in quotes, or a name without them.
func (p *parser) textOrName() string {
	if p.peek().kind == text {
		return p.next().text
	}
	return p.name()
}

func (p *parser) mustText() string {
	if p.peek().kind != text {
		p.wrong()
	}
	return p.next().text
}

// tableName reads [schema.]table.
type tableName struct{ schema, table string }

func (p *parser) tableName() tableName {
	first := p.name()
	if p.sign(".") {
		return tableName{first, p.name()}
	}
	return tableName{"", first}
}

// nameList reads (a, b, ...).
func (p *parser) nameList() []string {
	p.mustSign("(")
	names := []string{p.name()}
	for p.sign(",") {
		names = append(names, p.name())
	}
	p.mustSign(")")
	return names
}

// rest takes all tokens that are left, for a statement that the server reads itself.
func (p *parser) rest() []token {
	rest := p.tokens[p.at : len(p.tokens)-1]
	p.at = len(p.tokens) - 1
	if len(rest) > 0 && rest[len(rest)-1].kind == sign && rest[len(rest)-1].text == ";" {
		rest = rest[:len(rest)-1]
	}
	return rest
}

// statement reads any statement.
func (p *parser) statement() statement {
	switch {
	case p.word("select"):
		return p.query()
	case p.word("insert"):
		return p.insert(false)
	case p.word("replace"):
		return p.insert(true)
	case p.word("update"):
		return p.update()
	case p.word("delete"):
		return p.deletion()
	case p.word("use"):
		return useStatement{p.textOrName()}
	case p.isWord("create"), p.isWord("drop"), p.isWord("alter"), p.isWord("truncate"), p.isWord("rename"), p.isWord("grant"), p.isWord("revoke"):
		return p.definition()
	case p.isWord("set", "password"):
		return p.setPassword()
	case p.word("set"):
		return p.set()
	case p.word("show"):
		return p.show()
	case p.word("describe"), p.word("desc"), p.word("explain"):
		if p.isWord("select") {
			panic(NotSimulated("EXPLAIN", "ask the query itself"))
		}
		return showColumns{table: p.tableName()}
	case p.word("begin"), p.word("start", "transaction"):
		p.rest()
		return beginStatement{}
	case p.word("commit"):
		p.rest()
		return commitStatement{}
	case p.word("rollback"):
		p.rest()
		return rollbackStatement{}
	case p.word("do"):
		p.expression()
		return nothing{}
	case p.anyWord("analyze", "optimize", "check", "repair", "call", "load", "prepare", "execute", "handler", "with", "savepoint", "xa", "lock"):
		p.at--
		panic(NotSimulated(strings.ToUpper(p.peek().text), "select, insert, update, delete and the statements about structure are"))
	}
	if t := p.peek(); t.kind == word {
		if admin, known := p.admin(); known {
			return admin
		}
	}
	p.wrong()
	return nil
}

type (
	useStatement      struct{ schema string }
	beginStatement    struct{}
	commitStatement   struct{}
	rollbackStatement struct{}
	nothing           struct{}
)

// adminWords begin statements that the server answers itself.
var adminWords = [][]string{{"change", "master", "to"}, {"change", "replication"}, {"start", "slave"}, {"stop", "slave"}, {"reset", "slave"}, {"start", "replica"}, {"stop", "replica"},
	{"reset", "replica"}, {"reset", "master"}, {"flush"}, {"unlock", "tables"}, {"purge"}, {"kill"}, {"install"}, {"uninstall"}, {"shutdown"}}

func (p *parser) admin() (Admin, bool) {
	for _, words := range adminWords {
		if p.word(words...) {
			return Admin{Verb: strings.Join(words, " "), words: p.rest()}, true
		}
	}
	return Admin{}, false
}

// Admin is a statement that the server answers itself, such as START SLAVE.
type Admin struct {
	Verb  string // in lower case, e.g. change master to, or show slave status
	words []token
}

// Rest is what follows the verb, in lower case, without quotes and signs.
func (a Admin) Rest() string {
	var parts []string
	for _, t := range a.words {
		parts = append(parts, strings.ToLower(t.text))
	}
	return strings.Join(parts, " ")
}

// Settings reads NAME = VALUE, NAME = VALUE. Names come in upper case.
func (a Admin) Settings() ([]Pair, *Error) {
	var pairs []Pair
	for i := 0; i < len(a.words); i += 4 {
		if i+2 >= len(a.words) || a.words[i].kind != word || a.words[i+1].text != "=" || (i+3 < len(a.words) && a.words[i+3].text != ",") {
			return nil, &Error{1064, "42000", "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '" + a.words[i].text + "' at line 1"}
		}
		pairs = append(pairs, Pair{strings.ToUpper(a.words[i].text), a.words[i+2].text})
	}
	return pairs, nil
}

// Pair is a name and its value, of a variable or a status.
type Pair struct{ Name, Value string }
