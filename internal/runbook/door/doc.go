// Package door is how programs and people reach the runbooks: the routes of the API, and the verbs
// of the command line. A runbook can be shown and linted without a server, since that is when it
// is needed most.
package door
