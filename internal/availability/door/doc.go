// Package door is how people and programs reach the availability wing.
//
//	7.1.8          clusters.go            readiness, switchovers, restarts of brokers
//	7.1.1, 7.1.9   homes.go, routing.go   where customers are served, and how that is changed
//	7.1.2          routing.go             where resolvers are sent
//	7.1.6          kafka.go               mirrors of topics
//	7.1.7          objects.go             copies of objects
//	7.1.9, 7.5.1   distance.go            what lies between regions
//
// The API is mounted in routes.go.
package door
