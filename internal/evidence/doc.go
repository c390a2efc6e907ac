// Package evidence computes what the journal proves: availability and error budget from
// what edges and vantage points counted, incidents, and the figures of recovery (rows
// 7.1.11, 7.1.12, 7.5.4, 7.8.5).
//
// The measure is customer-weighted: a second in which a share of a cell's requests
// failed costs that share of the cell's customers that second. The unweighted share
// of good requests stands beside it. Every figure names the entries behind it.
package evidence
