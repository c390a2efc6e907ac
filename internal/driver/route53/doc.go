// Package route53 keeps a hosted zone of Amazon Route 53 answering as the edges' own name
// servers do (row 7.1.2): the service's name by latency among the regions whose switch is
// on, each cell's with the region that serves it, and each region's own.
//
//	want.go    what the zone shall say
//	plan.go    what has to change: pure
//	zone.go    reading the zone and its health checks
//	apply.go   changing it, batch by batch, until it reads as wanted
//
// It owns the records whose set identifier begins with its mark, and the health checks
// whose caller reference does; it touches nothing else, and refuses where somebody else's
// record stands in its way. It never believes an answer: it is done when the zone, read
// back, says what is wanted. Every batch leaves the service's name with a region.
//
// Route 53 itself pulls a region whose health check fails, and fails open where all do.
// A latency record has no weight there: a region of weight 0 is left out while another is
// left, and other weights count as one.
package route53
