// Package spec is what we want: one platform file with its regions, engines,
// policies and targets, as plain data. [BuiltIn] is GreenLang's own platform, with
// every number of the seed's section 7.1 (rows 7.1.1–7.1.13, and the cells of 7.5.4).
//
// What it decides:
//   - whether a file is usable ([Load], [Parse]): every error has its line, column, a
//     caret and, where a name is unknown, a "did you mean"; all errors come together
//     ([Errors]). The fields' bounds are read from the tags that the published JSON
//     schema is made of ([Schema]); rules that span fields are [Validate].
//   - whether its targets contradict each other ([CheckTargets]), because a platform
//     can be well-formed and still promise what arithmetic denies.
//   - what would change: components ([Plan]) and settings ([Diff]).
//
// Row to file: 7.1.1 validate_regions.go; 7.1.3–7.1.6 validate_engines.go,
// target_zones.go; 7.1.4 and 7.1.8 target_postgres.go, target_data.go; 7.1.9
// target_data.go; 7.1.10 and 7.1.11 target_health.go; 7.1.12 target_availability.go;
// 7.5.4 target_cells.go.
//
// Invariants: a platform that Parse returned passes Validate. A spec never changes while
// it is used. A file never expands: it has no anchors, aliases, merges or tags, and is
// at most [MaxBytes] long, so that reading it takes time in proportion to its length.
//
// It never reads a clock, a network or a running engine: that is what facts are for.
package spec
