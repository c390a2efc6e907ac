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
// permission, could not use a file of its own, or was told to stop. Of errors that are joined
// one suffices: what it concerns was not tried.
//
// A deadline that has passed is not local: it is how silence is noticed. Nor is an answer. A
// host's name that cannot be looked up is never local, because package net drops the cause.
func Local(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		switch e := err.(type) { //nolint:errorlint // each level of the chain is looked at
		case interface{ Unwrap() []error }:
			return slices.ContainsFunc(e.Unwrap(), Local)
		case *fs.PathError:
			return !e.Timeout() // a password, a certificate or /proc: files are ours; a pipe has deadlines
		case *exec.Error:
			return true
		case *net.OpError:
			if e.Net == "unix" && errors.Is(e.Err, syscall.EAGAIN) {
				return false // the queue of whoever listens is full
			}
		case syscall.Errno:
			return slices.Contains(ours, e)
		}
		if errors.Is(err, context.Canceled) {
			return true
		}
	}
	return false
}

// ours are of this process or its machine.
var ours = []syscall.Errno{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN,
	syscall.EADDRNOTAVAIL, syscall.EACCES, syscall.EPERM,
}
