// Package querytest holds what every engine of package query must do: one log, questions
// with their answers in testdata/answers.txt, which any reader of SQL can check, and the
// bounds and refusals that all share.
package querytest
