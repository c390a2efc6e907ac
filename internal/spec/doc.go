// Package spec is what we want: one platform file with its regions, engines,
// policies and targets, as plain data.
//
// A spec is loaded from YAML ([Load]), where an unknown field is an error with
// its line, column, a caret and a "did you mean"; it is validated ([Platform.Validate])
// and its targets are held against each other ([CheckTargets]), because a
// specification can be well-formed and still promise what arithmetic denies.
// [BuiltIn] is GreenLang's own platform, with every number of the seed's
// section 7.1 (rows 7.1.1–7.1.13).
//
// A spec never changes while it is used, and nothing here reads a clock, a
// network or a running engine: that is what facts are for.
package spec
