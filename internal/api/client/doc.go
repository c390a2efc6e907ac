// Package client calls the API of whichever server answers: it follows a server that is
// away by the next one, and repeats only what does no harm twice.
package client
