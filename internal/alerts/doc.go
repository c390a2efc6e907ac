// Package alerts decides which findings become alerts, keeps them in the journal, and tells
// people through the notifiers of the platform file (row 7.1.12). The wings find what needs a
// person, and package evidence decides; this package gathers, records and sends.
package alerts
