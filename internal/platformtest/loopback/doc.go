// Package loopback hands out loopback networks and addresses to tests, so that no two tests of
// this machine meet: not in one process, not in two packages, and not in two checkouts.
//
// Network N is 127.N.0.0/16, and with network namespaces 10.N.0.0/16; N is also a valid number
// of a region in a platform file. A test process holds a network by a lock on a file below the
// system's temporary directory. The kernel frees the lock when the process dies. A network in
// which something still listens, because a killed test left it behind, is passed over.
//
// A port that the kernel chooses (":0") needs no network, as long as the listener stays open.
// A port that is closed again to be used later does: anybody may be given it meanwhile.
package loopback
