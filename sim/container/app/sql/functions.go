package sql

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"math"
	"strings"
)

// TimeFormat is how a DATETIME is written.
const TimeFormat = "2006-01-02 15:04:05"

// aggregates are functions of all rows of a group.
var aggregates = map[string]bool{"count": true, "min": true, "max": true, "sum": true, "avg": true, "group_concat": true}

// isAggregate says whether an expression asks for all rows.
func isAggregate(e expression) bool {
	switch e := e.(type) {
	case call:
		if aggregates[e.name] {
			return true
		}
		for _, arg := range e.args {
			if isAggregate(arg) {
				return true
			}
		}
	case unary:
		return isAggregate(e.operand)
	case binary:
		return isAggregate(e.left) || isAggregate(e.right)
	}
	return false
}

func (c call) eval(s *scope) Value {
	if aggregates[c.name] {
		return c.aggregate(s)
	}
	if c.name == "values" && len(c.args) == 1 {
		inserted := *s
		inserted.row = s.values
		return c.args[0].eval(&inserted)
	}
	args := make([]Value, len(c.args))
	for i, arg := range c.args {
		args[i] = arg.eval(s)
	}
	switch c.name {
	case "now", "current_timestamp", "sysdate", "localtime", "utc_timestamp":
		return TextOf(s.server.Now().UTC().Format(TimeFormat))
	case "curdate", "current_date":
		return TextOf(s.server.Now().UTC().Format("2006-01-02"))
	case "curtime":
		return TextOf(s.server.Now().UTC().Format("15:04:05"))
	case "unix_timestamp":
		return IntOf(s.server.Now().Unix())
	case "version":
		value, _ := s.session.variable(s.server, "", "version")
		return value
	case "database", "schema":
		if s.session.Schema == "" {
			return Value{}
		}
		return TextOf(s.session.Schema)
	case "user", "current_user", "session_user":
		if c.name == "current_user" && s.session.account != "" {
			return TextOf(s.session.account)
		}
		return TextOf(s.session.User + "@" + s.session.Host)
	case "connection_id":
		return IntOf(s.session.ID)
	case "last_insert_id":
		return IntOf(s.session.lastInsert)
	case "row_count":
		return IntOf(s.session.rowCount)
	case "coalesce", "ifnull":
		for _, arg := range args {
			if arg.Kind != Null {
				return arg
			}
		}
		return Value{}
	}
	if c.name == "if" && len(args) == 3 {
		if args[0].isTrue() {
			return args[1]
		}
		return args[2]
	}
	for _, arg := range args {
		if arg.Kind == Null {
			return Value{}
		}
	}
	return c.plain(args)
}

// plain are the functions that see their arguments only, none of which is NULL.
func (c call) plain(args []Value) Value {
	first := ""
	if len(args) > 0 {
		first = args[0].Show()
	}
	switch {
	case c.name == "concat" && len(args) > 0:
		text := ""
		for _, arg := range args {
			text += arg.Show()
		}
		return TextOf(text)
	case c.name == "concat_ws" && len(args) > 0:
		var parts []string
		for _, arg := range args[1:] {
			parts = append(parts, arg.Show())
		}
		return TextOf(strings.Join(parts, first))
	case len(args) == 1:
		switch c.name {
		case "upper", "ucase":
			return TextOf(strings.ToUpper(first))
		case "lower", "lcase":
			return TextOf(strings.ToLower(first))
		case "length", "char_length":
			return IntOf(int64(len(first)))
		case "trim":
			return TextOf(strings.TrimSpace(first))
		case "abs":
			if args[0].Kind == Int {
				return IntOf(max(args[0].Int, -args[0].Int))
			}
			return FloatOf(math.Abs(args[0].number()))
		case "round":
			return IntOf(int64(math.Round(args[0].number())))
		case "md5":
			sum := md5.Sum([]byte(first))
			return TextOf(hex.EncodeToString(sum[:]))
		case "sha1", "sha":
			sum := sha1.Sum([]byte(first))
			return TextOf(hex.EncodeToString(sum[:]))
		case "password":
			return TextOf(PasswordHash(first))
		}
	case c.name == "left" && len(args) == 2:
		return TextOf(first[:min(max(int(args[1].number()), 0), len(first))])
	}
	panic(&Error{1305, "42000", "FUNCTION " + c.name + " does not exist; hint: stsim knows the common functions of numbers, texts and times only"})
}

// aggregate evaluates a function of all rows of the group.
func (c call) aggregate(s *scope) Value {
	if c.star {
		return IntOf(int64(len(s.group)))
	}
	if len(c.args) != 1 {
		panic(&Error{1582, "42000", "Incorrect parameter count in the call to native function '" + c.name + "'"})
	}
	var values []Value
	seen := map[Value]bool{}
	for _, row := range s.group {
		inner := *s
		inner.row, inner.group = row, nil
		value := c.args[0].eval(&inner)
		if value.Kind == Null || c.distinct && seen[value] {
			continue
		}
		seen[value] = true
		values = append(values, value)
	}
	if c.name == "count" {
		return IntOf(int64(len(values)))
	}
	if len(values) == 0 {
		return Value{}
	}
	best, sum, whole, texts := values[0], 0.0, true, []string{}
	for _, value := range values {
		if order := compare(value, best); c.name == "min" && order < 0 || c.name == "max" && order > 0 {
			best = value
		}
		sum += value.number()
		whole = whole && value.Kind == Int
		texts = append(texts, value.Show())
	}
	switch c.name {
	case "sum":
		if whole {
			return IntOf(int64(sum))
		}
		return FloatOf(sum)
	case "avg":
		return FloatOf(math.Round(sum/float64(len(values))*10000) / 10000)
	case "group_concat":
		return TextOf(strings.Join(texts, ","))
	}
	return best
}
