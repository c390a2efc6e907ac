// Package app is the wiring: the only package that knows both wings and drivers.
//
// It lays a platform out over this machine's loopback addresses ([Layout]), turns
// the spec into what each zone's node shall run ([Assign]), gathers facts, runs the
// deciders over them and hands their actions to control, and gives the wings'
// ports to the drivers. Nothing here decides.
//
// What stands where: layout.go addresses, lean.go the shape of six regions on one machine,
// assign.go what runs in a zone (with Kafka's in *_kafka.go), directive.go and names.go what
// an edge serves and answers, hostedzone.go the same in Route 53, homes.go and moves.go who
// serves whom, routes.go the switches, verdicts.go whether they could be moved,
// certificates.go with package pki the edges' HTTPS, mirrors.go Kafka's copies,
// replication.go with package replicator the objects' copies, links.go and wan.go what lies
// between regions, outside.go, vantage.go and proberproc.go what is seen from outside them.
//
// Several servers hold one journal by package quorum: seats.go says where they sit, servers.go
// how one takes part and passes requests on, seatfacts.go what the leader knows of the others,
// keys.go how they share the keys of persons, witness_seats.go that they cosign for each other.
package app
