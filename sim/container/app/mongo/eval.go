package mongo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// thing is what names stand for that are no values: db, rs, a database, a collection, or a method of one of them.
type thing struct {
	kind string // db, rs, collection, mongo, function
	name string // database, collection, function
	on   value  // of a function
}

func (t thing) shown(s *shell) string {
	switch t.kind {
	case "db":
		return t.name
	case "collection":
		return t.name
	case "mongo":
		return "connection to " + s.place
	}
	return "[native code]"
}

// cursor is the answer of find.
type cursor struct {
	docs   []value
	pretty bool
}

// result is printed as it is, e.g. WriteResult({ "nInserted" : 1 }).
type result string

func (r *run) printCursor(c cursor) {
	for _, d := range c.docs {
		fmt.Fprintln(r.c.Stdout, pretty(d, c.pretty))
	}
}

// pretty is a value on one line; with much also on several, when it is long.
func pretty(v value, much bool) string {
	text := show(v, false, "")
	if long := show(v, true, ""); much && len(long) >= 80 {
		return long
	}
	return text
}

// eval finds the value of an expression.
func (r *run) eval(e *expression) (value, error) {
	switch e.kind {
	case "literal":
		return e.value, nil
	case "name":
		return r.named(e.name)
	case "array":
		items := make([]value, len(e.list))
		for i, item := range e.list {
			v, err := r.eval(item)
			if err != nil {
				return nil, err
			}
			items[i] = v
		}
		return items, nil
	case "object":
		o := doc()
		for i, key := range e.keys {
			v, err := r.eval(e.list[i])
			if err != nil {
				return nil, err
			}
			o.set(key, v)
		}
		return o, nil
	case "unary":
		v, err := r.eval(e.left)
		if e.name == "!" {
			return !truth(v), err
		}
		return -number(v), err
	case "binary":
		return r.binary(e)
	case "member":
		on, err := r.eval(e.left)
		if err != nil {
			return nil, err
		}
		return r.member(on, e.name)
	case "index":
		on, err := r.eval(e.left)
		if err != nil {
			return nil, err
		}
		key, err := r.eval(e.right)
		if err != nil {
			return nil, err
		}
		if list, ok := on.([]value); ok {
			if i := int(number(key)); i >= 0 && i < len(list) {
				return list[i], nil
			}
			return undefined{}, nil
		}
		return r.member(on, text(key))
	}
	return r.call(e)
}

func (r *run) named(name string) (value, error) {
	if v, known := r.variables[name]; known {
		return v, nil
	}
	switch name {
	case "db":
		return thing{kind: "db", name: r.database}, nil
	case "rs":
		return thing{kind: "rs"}, nil
	case "print", "printjson", "tojson", "sleep", "quit", "ISODate", "Date", "ObjectId", "NumberLong", "NumberInt":
		return thing{kind: "function", name: name}, nil
	}
	return nil, failure{"ReferenceError: " + name + " is not defined"}
}

func (r *run) binary(e *expression) (value, error) {
	left, err := r.eval(e.left)
	if err != nil {
		return nil, err
	}
	if e.name == "&&" && !truth(left) || e.name == "||" && truth(left) {
		return left, nil
	}
	right, err := r.eval(e.right)
	if err != nil {
		return nil, err
	}
	switch e.name {
	case "&&", "||":
		return right, nil
	case "==", "===":
		return equal(left, right), nil
	case "!=", "!==":
		return !equal(left, right), nil
	case "+":
		if a, ok := left.(float64); ok {
			if b, ok := right.(float64); ok {
				return a + b, nil
			}
		}
		return plainText(left) + plainText(right), nil
	case "-":
		return number(left) - number(right), nil
	case "*":
		return number(left) * number(right), nil
	case "/":
		if number(right) == 0 {
			return nil, failure{"stsim: a division by zero"}
		}
		return number(left) / number(right), nil
	case "%":
		if int(number(right)) == 0 {
			return nil, failure{"stsim: a division by zero"}
		}
		return float64(int(number(left)) % int(number(right))), nil
	}
	c, comparable := compare(left, right)
	switch e.name {
	case "<":
		return comparable && c < 0, nil
	case ">":
		return comparable && c > 0, nil
	case "<=":
		return comparable && c <= 0, nil
	}
	return comparable && c >= 0, nil
}

// plainText is a value within a text.
func plainText(v value) string {
	if s, ok := v.(string); ok {
		return s
	}
	if _, ok := v.(*object); ok {
		return "[object Object]"
	}
	return show(v, false, "")
}

// member is what stands behind a dot.
func (r *run) member(on value, name string) (value, error) {
	switch on := on.(type) {
	case *object:
		if name == "hasOwnProperty" {
			return thing{kind: "function", name: name, on: on}, nil
		}
		return on.get(name), nil
	case []value:
		if name == "length" {
			return float64(len(on)), nil
		}
		return thing{kind: "function", name: name, on: on}, nil
	case string:
		if name == "length" {
			return float64(len(on)), nil
		}
	case cursor:
		return thing{kind: "function", name: name, on: on}, nil
	case thing:
		if on.kind == "db" && !slices.Contains(databaseMethods, name) {
			return thing{kind: "collection", name: on.name + "." + name}, nil
		}
		if on.kind == "collection" && !slices.Contains(collectionMethods, name) && name != "" {
			return thing{kind: "collection", name: on.name + "." + name}, nil
		}
		return thing{kind: "function", name: name, on: on}, nil
	case undefined, nil:
		return nil, failure{fmt.Sprintf("TypeError: %s has no properties", show(on, false, ""))}
	}
	return undefined{}, nil
}

var databaseMethods = []string{"getSiblingDB", "getMongo", "getName", "createUser", "auth", "setSlaveOk", "isMaster", "hello", "getCollection", "getCollectionNames", "version", "serverStatus", "adminCommand", "runCommand", "dropDatabase"}

var collectionMethods = []string{"insert", "insertOne", "insertMany", "save", "find", "findOne", "count", "countDocuments", "update", "updateOne", "updateMany", "remove", "deleteOne", "deleteMany", "drop"}

func (r *run) call(e *expression) (value, error) {
	callee, err := r.eval(e.left)
	if err != nil {
		return nil, err
	}
	f, ok := callee.(thing)
	if !ok || f.kind != "function" {
		if ok && f.kind == "collection" {
			return nil, failure{fmt.Sprintf("TypeError: %s is not a function; stsim knows of collections %s", f.name, strings.Join(collectionMethods, ", "))}
		}
		return nil, failure{"TypeError: it is not a function"}
	}
	args := make([]value, len(e.list))
	for i, item := range e.list {
		if args[i], err = r.eval(item); err != nil {
			return nil, err
		}
	}
	arg := func(i int) value {
		if i < len(args) {
			return args[i]
		}
		return undefined{}
	}
	switch on := f.on.(type) {
	case nil:
		return r.global(f.name, args, arg)
	case *object:
		_, has := on.fields[text(arg(0))]
		return has, nil
	case cursor:
		return r.onCursor(on, f.name, arg)
	case thing:
		switch on.kind {
		case "rs":
			return r.replicaSet(f.name, arg)
		case "db":
			return r.onDatabase(on.name, f.name, arg)
		case "mongo":
			if f.name == "setSlaveOk" || f.name == "setReadPref" || f.name == "setSecondaryOk" {
				r.slaveOk = true
				return undefined{}, nil
			}
		case "collection":
			database, collection, _ := strings.Cut(on.name, ".")
			return r.onCollection(database, collection, f.name, arg)
		}
	}
	return nil, failure{"TypeError: " + f.name + " is not simulated here"}
}

func (r *run) global(name string, args []value, arg func(int) value) (value, error) {
	switch name {
	case "print":
		words := make([]string, len(args))
		for i, v := range args {
			words[i] = plainText(v)
		}
		fmt.Fprintln(r.c.Stdout, strings.Join(words, " "))
		return undefined{}, nil
	case "printjson":
		r.print(arg(0))
		return undefined{}, nil
	case "tojson":
		return show(arg(0), true, ""), nil
	case "sleep":
		r.until = r.c.System.Now().Add(time.Duration(number(arg(0))) * time.Millisecond)
		return nil, nil
	case "ISODate", "Date":
		return isoDate(r.c.System.Now()), nil
	case "ObjectId":
		return id(text(arg(0))), nil
	case "NumberLong", "NumberInt":
		return number(arg(0)), nil
	}
	return nil, failure{"stsim: " + name + " is not simulated"}
}

func (r *run) onCursor(c cursor, name string, arg func(int) value) (value, error) {
	switch name {
	case "pretty":
		c.pretty = true
	case "count", "size", "itcount":
		return float64(len(c.docs)), nil
	case "toArray":
		return c.docs, nil
	case "limit":
		if n := int(number(arg(0))); n > 0 && n < len(c.docs) {
			c.docs = c.docs[:n]
		}
	case "sort":
		by, ok := arg(0).(*object)
		if !ok {
			break
		}
		c.docs = slices.Clone(c.docs)
		slices.SortStableFunc(c.docs, func(a, b value) int {
			x, ok1 := a.(*object)
			y, ok2 := b.(*object)
			for _, key := range by.keys {
				if !ok1 || !ok2 {
					break
				}
				if n, _ := compare(x.get(key), y.get(key)); n != 0 {
					return n * int(number(by.fields[key]))
				}
			}
			return 0
		})
	default:
		return nil, failure{"stsim: of cursors pretty, count, limit, sort and toArray are simulated, " + name + " is not"}
	}
	return c, nil
}
