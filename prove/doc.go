// Package prove holds the longer proofs: what the issue promises about failures is done
// to a real region, many times, and every single run is kept.
//
// The proofs are tests behind the build tag `prove`, so that `go test ./...` never
// runs them:
//
//	go test -tags prove -timeout 0 -v ./prove -run TestWriteGap
//
// What they decide: whether the client-visible write gap stays below the bound of rows
// 7.1.4, 7.1.8 and 7.1.10, whether a write that was acknowledged is ever lost or
// doubled, whether two members ever take writes at once (7.1.8), whether noise causes a
// failover that nobody needs (7.1.11), what Redis does (7.1.5), whether the server
// may be killed at every boundary of every action (7.1.8, 7.8.5), and whether the control
// loop keeps up while 10,000 agents work for 50,000 customers.
//
// Environment:
//
//	PROVE_RUNS       runs of each kind of fault (30)
//	PROVE_PEER_RUNS  runs of each kind with Patroni alone, and of both in TestCompare (5)
//	PROVE_THAWS      freeze, revoke, thaw (100)
//	PROVE_MINUTES    of noise (30); of 10,000 agents that live (3)
//	PROVE_PERIOD     seconds between two runs of one agent (60)
//	PROVE_KINDS      regular expression: only these kinds of fault or noise
//	PROVE_POINTS     regular expression: only these drills with these crash points
//	PROVE_NETNS      any text: zones in network namespaces, with partitions, +500 ms and loss
//	PROVE_OUT        directory of the measurements, one NDJSON file an invocation (out)
//
// Invariants: a figure comes from a run or it is absent; a run that was ended by its
// limit says so (open) and never counts as a recovery; a run that broke off keeps its
// error and its file. The untagged files judge and print and know no platform; their
// own tests show that they find what is bad.
//
// It never measures with more than one platform up, and never repeats a run to get a
// better figure.
package prove
