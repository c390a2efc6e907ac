// Package wiring connects the availability wing to the platform: it observes the engines of
// every region that runs here, gathers the input of deciders, carries out their decisions
// through the drivers, and answers the doors.
//
// region.go observes; postgres.go, redis.go, kafka.go, homes.go and objects.go are the core's
// ports over the drivers; directive.go tells edges what to do; traffic.go and outside.go take
// what edges and probers have counted; components.go and the other nouns answer the doors;
// drill_platform.go reaches the platform from outside, as customers and people do.
package wiring
