// Package app is the wiring: the only package that knows both wings and drivers.
//
// It lays a platform out over this machine's loopback addresses ([Layout]), turns
// the spec into what each zone's node shall run ([Assign]), gathers facts, runs the
// deciders over them and hands their actions to control, and gives the wings'
// ports to the drivers. Nothing here decides.
package app
