// Package duck answers questions with DuckDB. Only the worker has it, behind the build tag
// duckdb: it needs cgo and a C++ compiler, and the other programs are built without.
package duck
