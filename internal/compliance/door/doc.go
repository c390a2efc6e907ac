// Package door serves people and programs that use the compliance wing (rows 7.8.5, 7.2.3).
//
//	what                                                      API          console
//	entries and their proofs; the journal verified            proof.go     page_journal.go, page_entry.go
//	who watches our journal                                   witness.go   page_journal.go
//	where it is kept so that nobody can change it             archive.go   page_archive.go
//	personal data that are sealed in it                       persons.go   page_entry.go
//	questions about it in SQL                                 query.go     page_query.go
//
// routes.go mounts the API, pages.go lists the pages, verbs*.go are the verbs of the command line.
package door
