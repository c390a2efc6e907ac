// Package door serves people and programs that use the chaos wing (row 7.5.1): faults are
// listed, reviewed, injected and cleared.
//
//	routes.go          the API
//	verbs.go           the command line
//	pages.go           the console: the form of faults, and a region's faults on its page
//	page_fault.go      what they show
//	plan.go, kind.go   what a fault would hit, said before it can be injected
package door
