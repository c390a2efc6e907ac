// Package cert is the edge's certificates: files, read again when they change, and
// exchanged in one step while handshakes go on.
//
// It decides which certificate a client gets (RFC 6066, section 3: the one for the name it
// asks for) and with what TLS may be spoken. Invariants: a file that is broken, expired or
// does not fit its key never takes the place of a good one, and is reported once until it
// changes; a handshake never waits for a disk.
//
// It never makes or orders certificates, and keeps no key in anything that is reported.
package cert
