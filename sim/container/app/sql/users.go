package sql

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
)

// Users are rows of the table mysql.user, and what they may do in single schemas rows of mysql.db: so they are data like any other, on the volume and in the replicas.

// New is the Store of a server that has just been initialised: root@localhost has no password.
func New() Store {
	store := Store{}.WithSchema("mysql").WithTable("mysql", &Table{Name: "user", Columns: []Column{
		{Name: "Host", Type: "char(60)", Primary: true, NotNull: true}, {Name: "User", Type: "char(32)", Primary: true, NotNull: true},
		{Name: "authentication_string", Type: "text"}, {Name: "Super_priv", Type: "enum('N','Y')"}}})
	store = store.WithTable("mysql", &Table{Name: "db", Columns: []Column{
		{Name: "Host", Type: "char(60)", Primary: true, NotNull: true}, {Name: "Db", Type: "char(64)", Primary: true, NotNull: true}, {Name: "User", Type: "char(32)", Primary: true, NotNull: true}}})
	return store.withUser(account{"root", "localhost"}, "", true)
}

// PasswordHash is what MySQL keeps of a password.
func PasswordHash(password string) string {
	if password == "" {
		return ""
	}
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
}

type account struct{ user, host string }

func (a account) String() string { return "'" + a.user + "'@'" + a.host + "'" }

func (s Store) userRow(a account) []Value {
	table := s.Schema("mysql").Table("user")
	if table == nil {
		return nil
	}
	if at := table.find([]Value{TextOf(a.host), TextOf(a.user), {}, {}}); at >= 0 {
		return table.Rows[at]
	}
	return nil
}

// withUser adds a user or changes one.
func (s Store) withUser(a account, hash string, super bool) Store {
	table := s.Schema("mysql").Table("user")
	if table == nil {
		return s
	}
	flag := "N"
	if super {
		flag = "Y"
	}
	row := []Value{TextOf(a.host), TextOf(a.user), TextOf(hash), TextOf(flag)}
	rows := slices.DeleteFunc(slices.Clone(table.Rows), func(other []Value) bool { return sameRow(table.key(other), table.key(row)) })
	return s.WithTable("mysql", table.with(append(rows, row)))
}

// Login opens a session, or says why not. host is the client's address, or localhost.
func Login(store Store, id int64, user, password, host string) (*Session, *Error) {
	table := store.Schema("mysql").Table("user")
	if table == nil {
		return nil, &Error{1130, "HY000", "Host '" + host + "' is not allowed to connect to this MySQL server"}
	}
	best, score := []Value(nil), -1
	for _, row := range table.Rows {
		pattern, name := row[0].String, row[1].String
		if name != "" && name != user || !like(host, pattern) {
			continue
		}
		if s := len(strings.ReplaceAll(pattern, "%", ""))*2 + min(len(name), 1); s > score {
			best, score = row, s
		}
	}
	if best == nil || best[2].String != PasswordHash(password) {
		return nil, AccessDenied(user, host, password != "")
	}
	session := &Session{ID: id, User: user, Host: host, account: best[1].String + "@" + best[0].String, super: best[3].String == "Y", schemas: ","}
	if grants := store.Schema("mysql").Table("db"); grants != nil {
		for _, row := range grants.Rows {
			if row[2].String == user && like(host, row[0].String) {
				session.schemas += row[1].String + ","
			}
		}
	}
	return session, nil
}

// Trusted is a session of the server itself, which may everything.
func Trusted() *Session {
	return &Session{User: "root", Host: "localhost", account: "root@localhost", super: true, schemas: ","}
}

func (p *parser) account() account {
	a := account{user: "", host: "%"}
	if p.peek().kind == text || p.peek().kind == quoted {
		a.user = p.next().text
	} else {
		a.user = p.name()
	}
	switch t := p.peek(); {
	case t.kind == word && t.text == "@":
		p.next()
		if next := p.peek(); next.kind != text && next.kind != quoted && next.kind != word {
			p.wrong()
		}
		a.host = p.next().text
	case t.kind == word && strings.HasPrefix(t.text, "@"):
		a.host = p.next().text[1:]
	}
	return a
}

// identified reads IDENTIFIED BY 'password'.
func (p *parser) identified() (hash string, given bool) {
	if !p.word("identified") {
		return "", false
	}
	if p.word("with") {
		p.textOrName()
		if !p.isWord("by") {
			return "", true
		}
	}
	p.mustWord("by")
	if p.word("password") {
		return p.mustText(), true
	}
	return PasswordHash(p.mustText()), true
}

func users(do func(store Store) (Store, *Error)) definition {
	return definition{any: true, do: func(store Store, _ string) (Store, Result, *Error) {
		after, err := do(store)
		return after, Result{}, err
	}}
}

func (p *parser) createUser() definition {
	soft := p.ifNotExists()
	who := p.account()
	hash, _ := p.identified()
	return definition{any: true, do: func(store Store, _ string) (Store, Result, *Error) {
		if store.userRow(who) != nil {
			if soft {
				return store, Result{Warnings: 1}, nil
			}
			return store, Result{}, &Error{1396, "HY000", "Operation CREATE USER failed for " + who.String()}
		}
		return store.withUser(who, hash, false), Result{}, nil
	}}
}

func (p *parser) dropUser() definition {
	soft := p.ifExists()
	who := p.account()
	return definition{any: true, do: func(store Store, _ string) (Store, Result, *Error) {
		if store.userRow(who) == nil {
			if soft {
				return store, Result{Warnings: 1}, nil
			}
			return store, Result{}, &Error{1396, "HY000", "Operation DROP USER failed for " + who.String()}
		}
		table := store.Schema("mysql").Table("user")
		rows := slices.DeleteFunc(slices.Clone(table.Rows), func(row []Value) bool { return row[0].String == who.host && row[1].String == who.user })
		return store.WithTable("mysql", table.with(rows)).withoutGrants(who, ""), Result{}, nil
	}}
}

func (p *parser) alterUser() definition {
	who := p.account()
	hash, given := p.identified()
	return users(func(store Store) (Store, *Error) {
		row := store.userRow(who)
		if row == nil {
			return store, &Error{1396, "HY000", "Operation ALTER USER failed for " + who.String()}
		}
		if !given {
			hash = row[2].String
		}
		return store.withUser(who, hash, row[3].String == "Y"), nil
	})
}

// setPassword reads SET PASSWORD [FOR user] = 'text' | PASSWORD('text').
func (p *parser) setPassword() statement {
	p.mustWord("set", "password")
	who := account{"root", "localhost"}
	if p.word("for") {
		who = p.account()
	}
	p.mustSign("=")
	bracket := p.word("password")
	if bracket {
		p.mustSign("(")
	}
	hash := PasswordHash(p.mustText())
	if bracket {
		p.mustSign(")")
	}
	return users(func(store Store) (Store, *Error) {
		row := store.userRow(who)
		if row == nil {
			return store, &Error{1133, "42000", "Can't find any matching row in the user table"}
		}
		return store.withUser(who, hash, row[3].String == "Y"), nil
	})
}

// privileges reads what is granted and where; schema is "*" for everywhere.
func (p *parser) privileges(end string) (schema string, who account) {
	for !p.isWord("on") {
		if t := p.next(); t.kind == endOfText {
			p.wrong()
		}
	}
	p.mustWord("on")
	schema = "*"
	if !p.sign("*") {
		schema = p.name()
	}
	if p.sign(".") && !p.sign("*") {
		panic(NotSimulated("privileges of single tables", "grant them for the database"))
	}
	p.mustWord(end)
	return schema, p.account()
}

func (p *parser) grant() definition {
	schema, who := p.privileges("to")
	hash, given := p.identified()
	p.rest() // WITH GRANT OPTION
	return users(func(store Store) (Store, *Error) {
		row := store.userRow(who)
		if row == nil && !given {
			return store, &Error{1133, "42000", "Can't find any matching row in the user table"}
		}
		super := row != nil && row[3].String == "Y"
		if row != nil && !given {
			hash = row[2].String
		}
		store = store.withUser(who, hash, super || schema == "*")
		grants := store.Schema("mysql").Table("db")
		if schema == "*" || grants == nil {
			return store, nil
		}
		store = store.withoutGrants(who, schema)
		grants = store.Schema("mysql").Table("db")
		return store.WithTable("mysql", grants.with(append(slices.Clip(grants.Rows), []Value{TextOf(who.host), TextOf(schema), TextOf(who.user)}))), nil
	})
}

func (p *parser) revoke() definition {
	schema, who := p.privileges("from")
	return users(func(store Store) (Store, *Error) {
		row := store.userRow(who)
		if row == nil {
			return store, &Error{1141, "42000", "There is no such grant defined for user '" + who.user + "' on host '" + who.host + "'"}
		}
		if schema == "*" {
			return store.withUser(who, row[2].String, false), nil
		}
		return store.withoutGrants(who, schema), nil
	})
}

// withoutGrants takes a user what it may do in a schema, or in all when there is no name.
func (s Store) withoutGrants(who account, schema string) Store {
	grants := s.Schema("mysql").Table("db")
	if grants == nil {
		return s
	}
	rows := slices.DeleteFunc(slices.Clone(grants.Rows), func(row []Value) bool {
		return row[0].String == who.host && row[2].String == who.user && (schema == "" || row[1].String == schema)
	})
	return s.WithTable("mysql", grants.with(rows))
}
