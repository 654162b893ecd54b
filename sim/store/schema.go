package store

// Table names a table of rows that are no API objects.
type Table string

// Row is a row of such a table. Its key is unique in the table; rows are listed in the order of their keys.
type Row interface{ RowKey() string }

// keyRoom is how many bytes nearly all keys fit into. They are put together on the stack, and become texts only when they are kept.
const keyRoom = 128

// appendNameKey writes the key of an object.
func appendNameKey(room []byte, namespace, name string) []byte {
	return append(append(append(room, namespace...), 0), name...)
}
