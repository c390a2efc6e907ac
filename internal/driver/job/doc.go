// Package job runs a program on this host once for a key, and keeps its outcome on disk, so that
// it survives the death of whoever asked for it.
//
// A job is a directory: job.json says what to run, begun.json that it began and who runs it,
// result.json how it ended, each whole or not there. A runner, a process in a session of its
// own, holds the lock on the directory while it works. Its invariants:
//
//   - At most once: the runner notes that it begins before it starts the program, and never
//     starts one that has begun.
//   - The program does not outlive its runner: the kernel kills it when that dies. So a job that
//     has begun, and has neither a result nor a runner, is over, and its outcome is unknown.
//   - Everybody may ask for it again at any time: nothing happens twice.
package job
