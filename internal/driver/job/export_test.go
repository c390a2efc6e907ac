package job

// RunUntil is [Run] that says which step it has done.
var RunUntil = run
