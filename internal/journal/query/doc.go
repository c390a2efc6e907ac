// Package query answers questions in SQL about the journal (row 7.8.5, the role of
// Athena): over tables and live tail as one relation, entries.
//
// Two engines pass one conformance suite (querytest): plain is pure Go and part of the
// server; it knows the common filters and aggregates, and says what it does not know.
// worker is a process of its own with DuckDB inside, where it was built. An answer names
// the engine that gave it and the number of entries that it covers, and each row that
// shows its index can be proved.
package query
