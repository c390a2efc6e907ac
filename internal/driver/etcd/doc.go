// Package etcd runs the etcd server that is embedded in our binary, as a child
// process of its own: the store for Patroni's locks in each region, and, inside
// the server process, the store for our state. One version everywhere.
package etcd
