package table

// Column is one column of a table; its value is the column's place in the file.
type Column int

// The columns, in the file's order.
const (
	Index Column = iota
	Time
	Nanos
	Kind
	Subject
	Operation
	Actor
	Reason
	Trace
	Approval
	Data
	Hash
	raw
	columns
)

var names = [...]string{"index", "time", "nanos", "kind", "subject", "operation", "actor", "reason", "trace", "approval", "data", "hash", "raw"}

// String returns the column's name in the file and in SQL.
func (c Column) String() string { return names[c] }

// Named returns the column of that name.
func Named(name string) (Column, bool) {
	for c := range raw {
		if names[c] == name {
			return c, true
		}
	}
	return 0, false
}

// Columns returns the columns that can be asked for, in the file's order.
func Columns() []Column {
	out := make([]Column, raw)
	for c := range raw {
		out[c] = c
	}
	return out
}

// Number tells whether the column holds integers rather than text.
func (c Column) Number() bool { return c <= Nanos }

// Filtered tells whether the column has a Bloom filter.
func (c Column) Filtered() bool {
	return c == Subject || c == Operation || c == Actor || c == Trace
}
