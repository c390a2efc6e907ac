// Package door serves people and programs that use the availability wing.
//
//	row            what                                                      API           console
//	7.1.8          readiness, switchovers, restarts of brokers               clusters.go   page_switchover.go
//	7.1.1, 7.1.9   where customers are served, and how that is changed       homes.go      page_evacuation.go, page_cells.go
//	7.1.2          where resolvers are sent                                  routing.go    page_routing.go
//	7.1.6          mirrors of topics                                         kafka.go
//	7.1.7          copies of objects                                         objects.go
//	7.1.9, 7.5.1   what lies between regions                                 distance.go
//
// routes.go mounts the API, pages.go lists the pages, verbs*.go are the verbs of the command line.
package door
