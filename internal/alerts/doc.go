// Package alerts decides which findings become alerts, keeps them in the journal, and tells
// people through the notifiers of the platform file (row 7.1.12). What needs a person is found
// by the wings; evidence decides; here it is looked at, recorded and sent.
package alerts
