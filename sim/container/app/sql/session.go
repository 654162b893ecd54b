package sql

import (
	"strings"
	"time"
)

// Server is what a session talks to: a mysqld with its data, its variables, and its own ideas about who may write.
type Server interface {
	Now() time.Time
	// Store is the data as committed.
	Store() Store
	// Commit makes changes durable and sends them to whom they concern. after is the Store with them.
	Commit(s *Session, changes []Change, after Store) *Error
	// Admit says whether a statement may run now: reading, writing, or neither (a status question).
	Admit(s *Session, writes bool) *Error
	// Variable is a global variable by its name in lower case; Variables are all of them, in order.
	Variable(name string) (Value, bool)
	Variables() []Pair
	// SetGlobal is SET GLOBAL.
	SetGlobal(s *Session, name string, value Value) *Error
	// Status is SHOW GLOBAL STATUS, in order.
	Status() []Pair
	// Admin answers a statement that belongs to this kind of server; known is false for one that it has not.
	Admin(s *Session, statement Admin) (result Result, known bool, err *Error)
	// Sessions are those connected now, in order of their numbers, for the process list.
	Sessions() []*Session
}

// Session is one client's connection. It is not shared; a server that keeps sessions in an immutable value clones them first.
type Session struct {
	ID     int64
	User   string
	Host   string // of the client
	Schema string // in use; "" for none
	Since  time.Time

	account     string // user@host as the server knows it
	super       bool
	schemas     string // those a plain user may use, each between commas
	user        map[string]Value
	own         map[string]Value // session variables that were set
	transaction *transaction
	lastInsert  int64
	firstInsert int64
	rowCount    int64
}

// transaction is one that has begun: what it saw, what it has changed, and what that makes.
type transaction struct {
	base    Store
	now     Store
	changes []Change
}

// Clone is a copy that can be changed without the original.
func (s *Session) Clone() *Session {
	clone := *s
	clone.user, clone.own = copyOf(s.user), copyOf(s.own)
	if s.transaction != nil {
		t := *s.transaction
		clone.transaction = &t
	}
	return &clone
}

func copyOf(values map[string]Value) map[string]Value {
	if values == nil {
		return nil
	}
	clone := make(map[string]Value, len(values))
	for name, value := range values {
		clone[name] = value
	}
	return clone
}

// InTransaction says whether the session has begun a transaction.
func (s *Session) InTransaction() bool { return s.transaction != nil }

// Super says whether the user has all privileges.
func (s *Session) Super() bool { return s.super }

// Heading is a column of an answer.
type Heading struct {
	Name  string
	Right bool `json:",omitempty"` // numbers stand right
}

// Result is what a statement gives.
type Result struct {
	Query    bool      `json:",omitempty"` // it has rows, maybe none
	Columns  []Heading `json:",omitempty"`
	Rows     [][]Value `json:",omitempty"`
	Affected int       `json:",omitempty"`
	Info     string    `json:",omitempty"` // e.g. Rows matched: 1  Changed: 1  Warnings: 0
	Warnings int       `json:",omitempty"`
	Schema   string    `json:",omitempty"` // changed to, by USE
}

// Answer makes an answer of texts.
func Answer(columns []string, rows ...[]string) Result {
	result := Result{Query: true}
	for _, name := range columns {
		result.Columns = append(result.Columns, Heading{Name: name})
	}
	for _, row := range rows {
		values := make([]Value, len(row))
		for i, text := range row {
			values[i] = TextOf(text)
		}
		result.Rows = append(result.Rows, values)
	}
	return result
}

// align sets columns of numbers right.
func (r *Result) align() {
	for c := range r.Columns {
		right := len(r.Rows) > 0
		for _, row := range r.Rows {
			right = right && (row[c].Kind == Int || row[c].Kind == Float || row[c].Kind == Null)
		}
		r.Columns[c].Right = right
	}
}

// store is the data as the session sees it.
func (s *Session) store(server Server) Store {
	if s.transaction != nil {
		return s.transaction.now
	}
	return server.Store()
}

// Execute reads and executes one statement.
func (s *Session) Execute(server Server, source string) (result Result, failure *Error) {
	parsed, failure := parse(source)
	if failure != nil {
		return Result{}, failure
	}
	defer func() {
		if problem := recover(); problem != nil {
			known, expected := problem.(*Error)
			if !expected {
				panic(problem)
			}
			result, failure = Result{}, known
		}
	}()
	result, failure = s.run(server, parsed, source)
	s.rowCount = int64(result.Affected)
	return result, failure
}

func (s *Session) run(server Server, parsed statement, source string) (Result, *Error) {
	switch statement := parsed.(type) {
	case query:
		if schema := strings.ToLower(statement.from.schema); statement.from.table != "" && schema != "information_schema" && schema != "performance_schema" ||
			statement.from.schema == "" && s.Schema != "" && statement.from.table != "" {
			if err := server.Admit(s, false); err != nil {
				return Result{}, err
			}
		} else if statement.from.table == "" && !statement.onlyVariables() {
			if err := server.Admit(s, false); err != nil {
				return Result{}, err
			}
		}
		return statement.run(s, server), nil
	case useStatement:
		return s.use(server, statement.schema)
	case insertion:
		return s.change(server, statement.run)
	case updating:
		return s.change(server, statement.run)
	case deleting:
		return s.change(server, statement.run)
	case definition:
		return s.define(server, statement, source)
	case beginStatement:
		if err := s.commit(server); err != nil {
			return Result{}, err
		}
		s.transaction = &transaction{base: server.Store(), now: server.Store()}
		return Result{}, nil
	case commitStatement:
		return Result{}, s.commit(server)
	case rollbackStatement:
		s.transaction = nil
		return Result{}, nil
	case setStatement:
		return statement.run(s, server)
	case showStatement:
		return statement.run(s, server)
	case showColumns:
		return statement.run(s, server), nil
	case nothing:
		return Result{}, nil
	case Admin:
		return s.admin(server, statement)
	}
	return Result{}, &Error{1105, "HY000", "Unknown error"}
}

// onlyVariables says whether a query asks for variables only, which a server answers in every state.
func (q query) onlyVariables() bool {
	for _, i := range q.items {
		if _, is := i.value.(variable); !is {
			return false
		}
	}
	return true
}

func (s *Session) admin(server Server, statement Admin) (Result, *Error) {
	if !s.super {
		return Result{}, &Error{1227, "42000", "Access denied; you need (at least one of) the SUPER privilege(s) for this operation"}
	}
	result, known, err := server.Admin(s, statement)
	switch {
	case known || err != nil:
		return result, err
	case strings.HasPrefix(statement.Verb, "flush"), statement.Verb == "unlock tables", statement.Verb == "purge":
		return Result{}, nil
	}
	return Result{}, NotSimulated(strings.ToUpper(statement.Verb), "this server has no such thing")
}

func (s *Session) use(server Server, name string) (Result, *Error) {
	if !s.sees(name) {
		return Result{}, &Error{1044, "42000", "Access denied for user '" + s.User + "'@'" + s.Host + "' to database '" + name + "'"}
	}
	if !isVirtual(name) && s.store(server).Schema(name) == nil {
		return Result{}, unknownSchema(name)
	}
	s.Schema = name
	return Result{Schema: name}, nil
}

// sees says whether the user has privileges in a schema.
func (s *Session) sees(schema string) bool {
	return s.super || isVirtual(schema) || strings.Contains(s.schemas, ","+schema+",")
}

// resolve finds a table by the name that a statement gives, virtual ones included, or gives up.
func (s *Session) resolve(server Server, name tableName) *Table {
	if name.schema == "" {
		name.schema = s.Schema
	}
	if name.schema == "" {
		panic(noSchema())
	}
	if isVirtual(name.schema) {
		if table := s.virtual(server, strings.ToLower(name.schema), strings.ToLower(name.table)); table != nil {
			return table
		}
		panic(&Error{1109, "42S02", "Unknown table '" + name.table + "' in " + strings.ToLower(name.schema)})
	}
	if !s.sees(name.schema) {
		panic(&Error{1142, "42000", "SELECT command denied to user '" + s.User + "'@'" + s.Host + "' for table '" + name.table + "'"})
	}
	table := s.store(server).Schema(name.schema).Table(name.table)
	if table == nil {
		panic(noSuchTable(name.schema, name.table))
	}
	return table
}

// changeable finds a table whose rows a statement changes.
func (s *Session) changeable(server Server, name tableName) (string, *Table) {
	if name.schema == "" {
		name.schema = s.Schema
	}
	if isVirtual(name.schema) {
		panic(&Error{1044, "42000", "Access denied for user '" + s.User + "'@'" + s.Host + "' to database '" + name.schema + "'"})
	}
	return name.schema, s.resolve(server, name)
}

// change runs a statement about rows, within the transaction or as one of its own.
func (s *Session) change(server Server, run func(*Session, Server) (Result, []Change)) (Result, *Error) {
	if err := server.Admit(s, true); err != nil {
		return Result{}, err
	}
	result, changes := run(s, server)
	if len(changes) == 0 {
		return result, nil
	}
	after, err := s.store(server).Apply(changes)
	if err != nil {
		return Result{}, err
	}
	if t := s.transaction; t != nil {
		s.transaction = &transaction{base: t.base, now: after, changes: append(t.changes[:len(t.changes):len(t.changes)], changes...)}
		return result, nil
	}
	if err := server.Commit(s, changes, after); err != nil {
		return Result{}, err
	}
	return result, nil
}

// commit ends the transaction, if there is one.
func (s *Session) commit(server Server) *Error {
	t := s.transaction
	s.transaction = nil
	if t == nil || len(t.changes) == 0 {
		return nil
	}
	if err := server.Admit(s, true); err != nil {
		return err
	}
	if err := Conflict(t.base, server.Store(), t.changes); err != nil {
		return err
	}
	after, err := server.Store().Apply(t.changes)
	if err != nil {
		return err
	}
	return server.Commit(s, t.changes, after)
}

// define runs a statement about structure, which commits what came before.
func (s *Session) define(server Server, d definition, source string) (Result, *Error) {
	if err := s.commit(server); err != nil {
		return Result{}, err
	}
	if err := server.Admit(s, true); err != nil {
		return Result{}, err
	}
	if schema := d.schema(s.Schema); !s.sees(schema) || schema == "mysql" && !s.super {
		return Result{}, &Error{1044, "42000", "Access denied for user '" + s.User + "'@'" + s.Host + "' to database '" + schema + "'"}
	}
	before := server.Store()
	after, result, err := d.define(before, s.Schema)
	if err != nil {
		return Result{}, err
	}
	if s.Schema != "" && after.Schema(s.Schema) == nil && !isVirtual(s.Schema) {
		defer func() { s.Schema = "" }()
	}
	if result.Warnings > 0 {
		return result, nil
	}
	return result, server.Commit(s, []Change{{Schema: s.Schema, Statement: source}}, after)
}

// Script executes statements for a server that is being initialised, as one that may everything.
func Script(store Store, script string, now time.Time) (Store, *Error) {
	server := &bare{store, now}
	session := Trusted()
	pieces, _ := Split(script)
	for _, piece := range pieces {
		if _, failure := session.Execute(server, piece.Text); failure != nil {
			return server.store, failure
		}
	}
	return server.store, nil
}

// bare is a server that has data and nothing else.
type bare struct {
	store Store
	now   time.Time
}

func (b *bare) Now() time.Time { return b.now }
func (b *bare) Store() Store   { return b.store }
func (b *bare) Commit(_ *Session, _ []Change, after Store) *Error {
	b.store = after
	return nil
}
func (b *bare) Admit(*Session, bool) *Error                  { return nil }
func (b *bare) Variable(string) (Value, bool)                { return Value{}, false }
func (b *bare) Variables() []Pair                            { return nil }
func (b *bare) SetGlobal(*Session, string, Value) *Error     { return nil }
func (b *bare) Status() []Pair                               { return nil }
func (b *bare) Admin(*Session, Admin) (Result, bool, *Error) { return Result{}, false, nil }
func (b *bare) Sessions() []*Session                         { return nil }
