// Package querytest holds the worker of package query to what it must do: one log,
// questions with their answers in testdata/answers.txt, which any reader of SQL can check,
// and the bounds and refusals.
package querytest
