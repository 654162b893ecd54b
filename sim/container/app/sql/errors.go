package sql

import "fmt"

// Error is an error of a server or of its client, with MySQL's number and SQLSTATE.
type Error struct {
	Code    int
	State   string // five letters; "" for errors of the client, which have none
	Message string
}

func (e *Error) Error() string { return e.Text(0) }

// Text is how the mysql command prints it; line is that of the script, 0 at a prompt.
func (e *Error) Text(line int) string {
	text := fmt.Sprintf("ERROR %d", e.Code)
	if e.State != "" {
		text += " (" + e.State + ")"
	}
	if line > 0 {
		text += fmt.Sprintf(" at line %d", line)
	}
	return text + ": " + e.Message
}

func noSuchTable(schema, table string) *Error {
	return &Error{1146, "42S02", fmt.Sprintf("Table '%s.%s' doesn't exist", schema, table)}
}

func unknownTable(schema, table string) *Error {
	return &Error{1051, "42S02", fmt.Sprintf("Unknown table '%s.%s'", schema, table)}
}

func unknownSchema(name string) *Error {
	return &Error{1049, "42000", fmt.Sprintf("Unknown database '%s'", name)}
}

func noSchema() *Error { return &Error{1046, "3D000", "No database selected"} }

func unknownColumn(name, where string) *Error {
	return &Error{1054, "42S22", fmt.Sprintf("Unknown column '%s' in '%s'", name, where)}
}

func duplicateEntry(value, key string) *Error {
	return &Error{1062, "23000", fmt.Sprintf("Duplicate entry '%s' for key '%s'", value, key)}
}

// NotSimulated is the error of something that a real server does and this one does not.
func NotSimulated(what, instead string) *Error {
	return &Error{1235, "42000", fmt.Sprintf("stsim does not simulate %s; hint: %s", what, instead)}
}

// AccessDenied is the error of a wrong user or password.
func AccessDenied(user, host string, password bool) *Error {
	using := "NO"
	if password {
		using = "YES"
	}
	return &Error{1045, "28000", fmt.Sprintf("Access denied for user '%s'@'%s' (using password: %s)", user, host, using)}
}
