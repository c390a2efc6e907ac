// Package config is the configuration of an edge: plain data, versioned, that
// arrives as JSON from the server and lies on the edge's disk.
//
// It decides what a valid configuration is. Invariants: a [Config] that
// [Config.Validate] accepts can be served as it stands; unknown fields are
// errors; zero values of a policy mean the documented defaults.
//
// It never changes a configuration, opens a listener or asks the network.
package config
