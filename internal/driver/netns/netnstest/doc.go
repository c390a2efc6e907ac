// Package netnstest lets tests of the network run against the real kernel without
// touching the machine they run on: each in a process of its own whose root network
// namespace, and whose mounts, end with it, however it ends.
//
// It decides nothing and is imported by tests only.
package netnstest
