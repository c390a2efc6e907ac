// Package pki is the certificate authority of an installation on one machine: it lets
// `curl --cacert` and a browser that is told so trust the platform's edges, where nobody
// brought certificates of their own.
//
// It decides when a certificate is issued anew: well before it ends, when the names it is
// for change, and when its issuer does. Invariants: keys are readable by their owner only,
// and leave the data directory in no other way; a file is exchanged in one step, so that
// an edge reads the old or the new one; the authority can vouch for the platform's own
// zone and addresses of this machine alone (RFC 5280, section 4.2.1.10), so that trusting
// it risks nothing else.
package pki
