package sql

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stsim/stsim/storage"
)

var update = flag.Bool("update", false, "write what the statements give into the transcript")

// plain is a server without anything of its own. It keeps its data in files, too.
type plain struct {
	store Store
	kept  Sessions
	files *storage.FileSystem
}

func newPlain() *plain {
	p := &plain{store: New(), files: storage.NewFileSystem([]storage.Mount{{Path: "/"}}, storage.Identity{}, time.Time{})}
	_ = Save(p.files, "/data", Store{}, p.store)
	return p
}

func (p *plain) Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
func (p *plain) Store() Store   { return p.store }
func (p *plain) Commit(_ *Session, _ []Change, after Store) *Error {
	err := Save(p.files, "/data", p.store, after)
	p.store = after
	return err
}
func (p *plain) Admit(*Session, bool) *Error { return nil }
func (p *plain) Variable(name string) (Value, bool) {
	for _, pair := range p.Variables() {
		if pair.Name == name {
			return TextOf(pair.Value), true
		}
	}
	return Value{}, false
}
func (p *plain) Variables() []Pair                            { return []Pair{{"server_id", "100"}, {"version", "5.7.44"}} }
func (p *plain) SetGlobal(*Session, string, Value) *Error     { return nil }
func (p *plain) Status() []Pair                               { return []Pair{{"Threads_connected", "1"}, {"Uptime", "5"}} }
func (p *plain) Admin(*Session, Admin) (Result, bool, *Error) { return Result{}, false, nil }
func (p *plain) Sessions() []*Session                         { return nil }
func (p *plain) Version() (string, string)                    { return "5.7.44", "MySQL" }
func (p *plain) Kept() Sessions                               { return p.kept }
func (p *plain) Keep(s Sessions)                              { p.kept = s }

// TestStatements plays testdata/statements.txt: a line with "> " is a statement, what follows is what a client at a prompt shows.
func TestStatements(t *testing.T) {
	data, err := os.ReadFile("testdata/statements.txt")
	if err != nil {
		t.Fatal(err)
	}
	server := newPlain()
	session := Trusted()
	session.ID = 7
	var got strings.Builder
	for _, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, "# ") {
			fmt.Fprintf(&got, "%s\n", line)
		}
		statement, is := strings.CutPrefix(line, "> ")
		if !is {
			continue
		}
		fmt.Fprintf(&got, "> %s\n", statement)
		for _, piece := range must(Split(statement)) {
			result, failure := session.Execute(server, piece.Text)
			if failure != nil {
				fmt.Fprintf(&got, "%s\n\n", failure)
				continue
			}
			format{table: true, names: true, talk: true, vertical: piece.Vertical}.print(&got, result)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/statements.txt", []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got.String() != string(data) {
		t.Errorf("the transcript differs; found:\n%s", got.String())
	}
	again, err := Load(server.files, "/data")
	if err != nil {
		t.Fatal(err)
	}
	if want, got := string(encode(dump(server.store))), string(encode(dump(again))); want != got {
		t.Errorf("files hold\n%s\nexpected\n%s", got, want)
	}
}

func must(pieces []Piece, _ bool) []Piece { return pieces }

func dump(store Store) map[string]any {
	all := map[string]any{}
	for _, schema := range store.schemas {
		for _, table := range schema.tables {
			all[schema.Name+"."+table.Name] = string(table.encode())
		}
		all[schema.Name] = true
	}
	return all
}

func ask(server *plain, request Request) Response {
	address := netip.MustParseAddr("10.0.0.9")
	response, _ := ParseResponse(Serve(server, address, nil, request.Bytes()))
	return response
}

func TestWhoMayEnter(t *testing.T) {
	server := newPlain()
	if r := ask(server, Request{User: "root"}); r.Refused == nil || r.Refused.Error() != "ERROR 1045 (28000): Access denied for user 'root'@'10.0.0.9' (using password: NO)" {
		t.Errorf("root from elsewhere: %+v", r.Refused)
	}
	local := Request{User: "root", Socket: true, Statements: []string{"CREATE USER app@'%' IDENTIFIED BY 'secret'", "CREATE DATABASE a", "CREATE DATABASE b", "GRANT ALL ON a.* TO app@'%'"}}
	for _, reply := range ask(server, local).Replies {
		if reply.Error != nil {
			t.Error(reply.Error)
		}
	}
	if r := ask(server, Request{User: "app", Password: "wrong"}); r.Refused == nil || r.Refused.Code != 1045 {
		t.Errorf("a wrong password: %+v", r.Refused)
	}
	r := ask(server, Request{User: "app", Password: "secret", Force: true, Statements: []string{"create table a.t (i int)", "create table b.t (i int)", "use b", "set global x = 1", "show databases"}})
	var codes []int
	for _, reply := range r.Replies {
		if reply.Error != nil {
			codes = append(codes, reply.Error.Code)
		} else {
			codes = append(codes, 0)
		}
	}
	if fmt.Sprint(codes) != "[0 1044 1044 1227 0]" {
		t.Errorf("what a plain user may: %v", codes)
	}
}

func TestFirstTransactionToCommitWins(t *testing.T) {
	server := newPlain()
	root := func(session int64, statements ...string) Response {
		r := ask(server, Request{User: "root", Session: session, Keep: true, Socket: true, Statements: statements})
		return r
	}
	root(0, "create database d", "create table d.t (id int primary key, v text)", "insert into d.t values (1, 'old'), (2, 'old')")
	one := root(0, "begin", "update d.t set v = 'one' where id = 1").Session
	two := root(0, "begin", "update d.t set v = 'two' where id = 1").Session
	three := root(0, "begin", "update d.t set v = 'three' where id = 2").Session
	if one == two {
		t.Fatal("one session for both")
	}
	for session, want := range map[int64]int{one: 0} {
		if reply := root(session, "commit").Replies[0]; reply.Error != nil {
			t.Errorf("the first commit: %v, expected %d", reply.Error, want)
		}
	}
	if reply := root(two, "commit").Replies[0]; reply.Error == nil || reply.Error.Code != 1213 {
		t.Errorf("the second commit: %v", reply.Error)
	}
	if reply := root(three, "commit").Replies[0]; reply.Error != nil {
		t.Errorf("a commit of another row: %v", reply.Error)
	}
	if got := string(encode(root(one, "select v from d.t order by id").Replies[0].Rows)); got != "[[\"one\"],[\"three\"]]\n" {
		t.Error(got)
	}
}

func TestSplit(t *testing.T) {
	pieces, open := Split("select ';' ; -- a; b\n\nselect 2\\G\n /* ; */ select 3")
	var b bytes.Buffer
	for _, piece := range pieces {
		fmt.Fprintf(&b, "%d %v %s\n", piece.Line, piece.Vertical, piece.Text)
	}
	if want := "1 false select ';'\n3 true select 2\n4 false select 3\n"; b.String() != want || !open {
		t.Errorf("%v %s", open, b.String())
	}
}

func FuzzStatement(f *testing.F) {
	for _, seed := range []string{"select 1", "insert into t values (1,'a')", "create table d.t (id int auto_increment primary key)", "show variables like 'a%'", "select count(*) from mysql.user where a like '%'", "set @a = 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		pieces, _ := Split(source)
		for _, piece := range pieces {
			session := Trusted()
			session.Schema = "mysql"
			_, _ = session.Execute(newPlain(), piece.Text)
		}
	})
}
