// Package door is how people and programs reach the compliance wing (rows 7.8.5, 7.2.3).
//
//	proof.go     entries with their proofs; the journal checked from its first byte
//	witness.go   who watches our journal
//	archive.go   where it is kept so that nobody can change it
//	persons.go   personal data that are sealed in it
//	query.go     questions about it in SQL
//
// The API is mounted in routes.go.
package door
