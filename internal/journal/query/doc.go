// Package query asks the journal questions in SQL (row 7.8.5, the role of Athena): its
// tables and its live tail are one relation, entries.
//
// The engine is DuckDB, in a process of its own (package worker). An answer says how many
// entries it covers, and each row that shows its index can be proved.
package query
