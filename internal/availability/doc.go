// Package availability is the wing of the seed's section 7.1: it keeps a region
// writing through the loss of any one zone, and its customers served through the loss of it.
//
//	7.1.4, 7.1.8  postgres.go decides, failover.go acts: the accelerated failover
//	7.1.4         restart.go: a primary that only starts, or that its Patroni restarts in order, is
//	              not dead; closed.go: one that lives and serves nobody; drift.go: what differs from
//	              the declaration
//	7.1.5         redis.go: Sentinel fails over; we check that it can and did
//	7.1.1, 7.1.2  home.go: which region serves whose customers, and the routing switches
//	7.1.6         kafka.go refuses what would stop a producer, kafka_restart.go restarts;
//	              mirror.go: what canaries prove of the copies in the partner region, and which
//	              topics are behind; mirror_topics.go what was lost of them; mirror_decide.go
//	              restarts what stands still and sets aside what stops it, mirror_steer.go acts
//	7.1.7         replica plans copies of objects; objects.go: what of them was lost or is behind
//	7.1.8         disk.go: which disk is full, and who has room to take over; forecast.go: which will be
//	7.1.8         bound.go limits the sessions of roles; connections.go says who has many
//	7.1.8         readiness.go: could I fail over right now, to whom, if not why not
//	7.1.9         moveplan.go plans, move.go acts: evacuation and restore; verdict.go judges
//	              the plans each minute; reserve.go gives a partner its replication slot
//	7.1.9         move_home.go: the steps that bring a region back; partner.go: whether its copy can
//	              follow; recopy.go copies it anew
//	7.1.12        finding.go: what needs a person; outage.go puts one cause in the place of what it
//	              explains; starting.go keeps a platform that starts quiet
//	7.1.10        package probe, and the edge's probes
//	7.1.11        package edge
//
// The accelerated failover never waits for a lease to run out, and never takes one from a
// primary that could still write. Suspect: misses in a row through new connections, seen by
// two or more observers whose controls answered. Fence: every process of the suspect is
// killed and proved gone, its sessions at the edge are cut. Check: the lock is still the
// suspect's, and a member that has every acknowledged write is there to take over. Release:
// one transaction compares the lock's holder and lease and deletes it. Verify: a new
// primary on a higher timeline commits a write through the edge. If any proof is missing
// nothing is done, and Patroni's own failover, after its lease of 20 s, remains.
//
// Deciders are pure; effects are ports that package app hands over. This package
// never routes traffic, never starts an engine, and never picks the new leader:
// Patroni's leader race does.
package availability
