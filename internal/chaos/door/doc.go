// Package door is how people and programs reach the chaos wing (row 7.5.1): faults are listed,
// injected and cleared.
//
//	routes.go   the API
package door
