// Package front is the client's side of the edge's HTTP listeners: TLS, and the frames of
// HTTP/2 before net/http reads them.
//
// It keeps invalid HTTP/2 (RFC 9113) away from net/http's server: it ends connections that
// do not begin with the preface, break the frame size or flood it with frames that cost
// more than they carry, and turns requests that net/http would let pass or answer
// (connection-specific fields, TE other than trailers, contradicting lengths, pseudo-fields
// that would not survive as HTTP/1.1) into ones that it resets. Valid frames pass
// unchanged, many for one system call, and the server's output leaves in the same way.
// Everything else of HTTP/2 (streams, flow control, answers) is net/http's.
//
// Invariants: HTTP/1 passes byte for byte; no frame is shown to the server before it is
// complete and checked, except the payload of DATA; memory is bounded by one frame, one
// header table and 128 KiB of output for each connection; a GOAWAY never cuts another frame in two.
//
// It never answers a request, and knows nothing of services.
package front
