// Package worker lets a process of its own answer questions: fournines-query, which has
// DuckDB inside. The process is started when it is needed and ends when it idles; what
// happens to it, a crash or being killed, is an error of one question and no more.
//
// They speak JSON, one line each way, over the worker's standard input and output: an
// [Ask] and a [Reply]. The worker ends when its input does.
package worker
