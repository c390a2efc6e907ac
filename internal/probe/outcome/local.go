// Package outcome tells what a look at another process has shown. Whoever answers, with
// whatever it is, lives; one that refuses connections is gone; one that is silent for long
// enough hangs. And a look that fails in this very process has shown nothing about anybody
// else: [Local] tells that apart, and whoever looks then changes nobody's health.
//
// It knows the errors of the standard library, and nothing of a protocol.
package outcome

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os/exec"
	"slices"
	"syscall"
)

// Local tells whether an error arose in this process or its machine, so that it says nothing
// about whom it wanted to reach: it lacked a descriptor, memory, a local address or a
// permission, could not use a file of its own, or was told to stop.
//
// A deadline that has passed is not local: it is how silence is noticed. Nor is an answer. A
// host's name that cannot be looked up is never local, because package net drops the cause.
func Local(err error) bool {
	if errors.Is(err, context.Canceled) {
		return true
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok && !passed(file) {
		return true // a password, a certificate or /proc: files are ours
	}
	if _, ok := errors.AsType[*exec.Error](err); ok {
		return true
	}
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return false
	}
	if errno == syscall.EAGAIN {
		// Of a socket in the file system it says that the queue of whoever listens is full.
		op, dials := errors.AsType[*net.OpError](err)
		return !dials || op.Net != "unix"
	}
	return slices.Contains(ours, errno)
}

// ours are of this process or its machine.
var ours = []syscall.Errno{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	syscall.EADDRNOTAVAIL, syscall.EACCES, syscall.EPERM,
}

// passed tells whether a file's deadline has: pipes and terminals have one.
func passed(err *fs.PathError) bool { return err.Timeout() }
