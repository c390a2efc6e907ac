// Package worker lets a process of its own answer questions: fournines-query, which has
// DuckDB inside. The process starts when it is needed and ends when it idles. If it crashes
// or is killed, one question fails and nothing else.
//
// They speak JSON, one line each way, over the worker's standard input and output: an
// [Ask] and a [Reply]. The worker ends when its input does.
package worker
