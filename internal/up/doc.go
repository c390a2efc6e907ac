// Package up is one machine: it starts and stops everything of an installation there, and
// runs the processes that a machine has besides the server: node, edge, prober, the network
// between regions, the gate, and a server that joined from another machine.
package up
