// Package door serves people and programs that use the schedules of all wings (row 7.2.1).
//
//	what                                 API        console              command line
//	schedules, their next five times     routes.go  page_schedules.go    verbs.go
//	pauses                               routes.go                       verbs.go
package door
