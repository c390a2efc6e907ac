// Package wiring is the recovery wing in a house: it reads the repositories of the regions, tells
// nodes which backups to make, and answers the doors.
package wiring
