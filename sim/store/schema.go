package store

// Table names a table of rows that are no API objects.
type Table string

// Row is a row of such a table. Its key is unique in the table; rows are listed in the order of their keys.
type Row interface{ RowKey() string }

func nameKey(namespace, name string) string { return namespace + "\x00" + name }
