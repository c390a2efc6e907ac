// Package patroni drives Patroni ≥ 4.1: it renders a member's configuration, reads
// members over their REST API, reads and compare-and-deletes the leader key in the
// region's etcd, and asks for planned switchovers (rows 7.1.4, 7.1.8).
//
// Patroni 3.0.2, Debian's, is refused: it PUTs its leader key unconditionally, so a
// thawed old leader can steal the lock back, and acknowledged writes are rewound.
// Fixed by compare-and-set in 3.0.3; 4.1 adds what we read of each member.
//
// POST /failover is never used: in a leaderless cluster it skips every safety check.
package patroni
