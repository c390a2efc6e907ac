// Package hop sends plain HTTP/1.1 requests to one upstream over a pool of its own
// connections. It exists because it costs about half of what net/http's client costs a
// proxy: it has no goroutine per connection, one write per request, headers parsed with two
// allocations.
//
// It decides how an answer is framed, and refuses what it cannot frame without
// doubt: several lengths, unknown transfer codings, folded or malformed
// headers, bytes nobody asked for. Invariants: a connection returns to the pool
// only after its answer was read to the last byte and nothing follows; an
// [Error] whose Unsent is true proves that the target saw nothing of the request.
//
// It never retries on another target, follows redirects, decompresses, speaks
// TLS, or sends a body it does not hold whole; such requests go through net/http.
package hop
